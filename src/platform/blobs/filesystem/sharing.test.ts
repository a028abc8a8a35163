/** Processes that share a folder: who looks after what, whoever is struck off when. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from '#platform/base/clock.ts';
import type { BlobOwners, BlobPlace, BlobSharing, Blobs, StoredBlob } from '#platform/blobs/blobs.ts';
import { scrubbed } from '#platform/blobs/conformance.ts';
import { StoreUnavailable } from '#platform/store/store.ts';
import { openFilesystemBlobs } from './blobs.ts';
import { isStored, readPlace } from './places.ts';

const clock = new SimulatedClock();
const never = new AbortController().signal;
const refuse = (error: unknown): never => {
  throw error;
};

/** Who is on the roll; what falls to whom. */
class Roll {
  readonly alive: number[] = [];
  #last = 0;

  join(): number {
    this.alive.push(++this.#last);
    return this.#last;
  }

  strikeOff(writer: number): void {
    this.alive.splice(this.alive.indexOf(writer), 1);
  }

  sharing(writer: () => number): BlobSharing {
    return {
      writer,
      inheritance: async () => (gone) =>
        !this.alive.includes(gone) && this.alive[gone % this.alive.length] === writer(),
    };
  }
}

/** One whose writer the test changes, as when it is struck off and joins again. */
class Sharer {
  writer: number;
  readonly blobs: Promise<Blobs>;

  constructor(folder: string, roll: Roll) {
    this.writer = roll.join();
    this.blobs = openFilesystemBlobs(
      folder,
      clock,
      refuse,
      roll.sharing(() => this.writer),
    );
  }
}

async function scene(t: TestContext, count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-sharing-'));
  const roll = new Roll();
  const sharers = Array.from({ length: count }, () => new Sharer(folder, roll));
  const opened = await Promise.all(sharers.map(({ blobs }) => blobs));
  t.after(async () => {
    await Promise.all(opened.map((blobs) => blobs.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  const segments = (): Promise<string[]> => readdir(join(folder, 'segments'));
  return { folder, roll, sharers, blobs: opened as [Blobs, Blobs, ...Blobs[]], segments };
}

const nobody: BlobOwners = { isWanted: async () => false, moved: async () => false };
const everybody: BlobOwners = { isWanted: async () => true, moved: async () => true };

/** What is nobody's goes with the second sweep that sees it. */
async function sweepTwice(blobs: Blobs, owners: BlobOwners = nobody): Promise<number> {
  const first = await blobs.sweep(owners, never);
  const second = await blobs.sweep(owners, never);
  return first.dropped + second.dropped;
}

async function settled(blobs: Blobs, bytes: number, owner = 'row'): Promise<StoredBlob> {
  const stored = await blobs.put(Buffer.alloc(bytes, 1), { owner });
  stored.settle();
  return stored;
}

/** Goes on in another segment: the one that is written now is never swept. */
async function rejoin(roll: Roll, sharer: Sharer): Promise<void> {
  sharer.writer = roll.join();
  await settled(await sharer.blobs, 100, 'new');
}

test('processes write beside each other, and none takes another’s for garbage', async (t) => {
  const { blobs: both } = await scene(t, 2);
  for (const size of [2000, 3_000_000]) {
    const contents = both.map((_, at) => Buffer.alloc(size, at + 1));
    const stored = await Promise.all(
      both.map((blobs, at) => blobs.put(contents[at] ?? assert.fail(), { owner: 'somebody' })),
    );
    for (const blobs of both) await sweepTwice(blobs);
    for (const [at, { place, bytes }] of stored.entries()) {
      const parts: Uint8Array[] = [];
      const read = await (both[1 - at] ?? assert.fail()).read(place, { start: 0, end: bytes });
      if (read instanceof Uint8Array) parts.push(read);
      else for await (const part of read) parts.push(part);
      assert.ok(contents[at]?.equals(Buffer.concat(parts)));
    }
  }
});

test('each sweeps what is its own, and who is gone has one heir', async (t) => {
  const { roll, sharers, blobs, segments } = await scene(t, 3);
  const [first, second, third] = blobs;
  assert.ok(third);
  await settled(first, 5000);
  await settled(first, 2_000_000);
  assert.deepEqual([await sweepTwice(second), await sweepTwice(third)], [0, 0]);
  assert.equal(await sweepTwice(first), 1, 'its file; the segment is written still');
  await settled(first, 2_000_000);
  roll.strikeOff(1);
  // 2 and 3 are left, and 1 % 2 says the second of them.
  assert.equal(await sweepTwice(second), 0);
  assert.equal(await sweepTwice(third), 2);
  assert.deepEqual(await segments(), []);
  const [sharer] = sharers;
  assert.ok(sharer);
  await rejoin(roll, sharer);
  assert.deepEqual(await segments(), ['4000000001.seg']);
});

test('what is not settled outlives the sweeps of its writer and of others', async (t) => {
  const { roll, sharers, blobs } = await scene(t, 2);
  const [first, second] = blobs;
  const stored = [
    await first.put(Buffer.alloc(5000), { owner: 'row' }),
    await first.put(Buffer.alloc(2_000_000), { owner: 'row' }),
  ];
  await rejoin(roll, sharers[0] ?? assert.fail());
  assert.equal(await sweepTwice(second), 0);
  for (const { settle } of stored) settle();
  assert.equal(await sweepTwice(second), 0, 'its writer is on the roll');
  roll.strikeOff(1);
  assert.equal((await sweepTwice(first)) + (await sweepTwice(second)), 2);
});

test('who was struck off and does not know it can’t keep what it writes', async (t) => {
  const { folder, roll, blobs } = await scene(t, 2);
  const [first, second] = blobs;
  await settled(first, 2_000_000);
  let isSwept = false;
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(2_000_000);
    roll.strikeOff(1);
    await second.sweep(nobody, never);
    isSwept = true;
    yield Buffer.alloc(2_000_000);
  }
  await assert.rejects(first.put(slow(), { owner: 'row' }), StoreUnavailable);
  assert.ok(isSwept);
  assert.deepEqual(await readdir(join(folder, 'files', 'incoming')), []);
});

test('what others have given up of a segment puts it in doubt', async (t) => {
  const { roll, sharers, blobs, segments } = await scene(t, 2);
  const [first, second] = blobs;
  const stored = [await settled(first, 6000, 'row/1'), await settled(first, 5000, 'row/2')];
  roll.strikeOff(1);
  await rejoin(roll, sharers[0] ?? assert.fail());
  // Of 2 and 3, 1 % 2 says 3: the one that wrote it.
  const asked: string[] = [];
  const owners = { ...everybody, isWanted: async (owner: string) => asked.push(owner) > 0 };
  await first.sweep(owners, never);
  await first.sweep(owners, never);
  assert.deepEqual(asked.splice(0), ['row/1', 'row/2'], 'once');
  second.discard(stored[0]?.place ?? assert.fail());
  await second.sweep(owners, never);
  await first.sweep(owners, never);
  assert.deepEqual(asked, ['row/1', 'row/2'], 'again, since half is given up');
  assert.equal((await segments()).length, 2, 'what was wanted has moved');
});

test('an heir goes on with what was counted', async (t) => {
  const { roll, sharers, blobs } = await scene(t, 2);
  const [first, second] = blobs;
  await settled(first, 5000);
  const [sharer] = sharers;
  assert.ok(sharer);
  const before = sharer.writer;
  await rejoin(roll, sharer);
  roll.strikeOff(before);
  let asked = 0;
  const owners = { ...everybody, isWanted: async () => ++asked > 0 };
  await first.sweep(owners, never);
  assert.equal(asked, 1);
  roll.strikeOff(sharer.writer);
  await second.sweep(owners, never);
  assert.equal(asked, 2, 'what has come since');
});

test('the scrub reads what is the process’s own and what it inherited', async (t) => {
  const { folder, roll, blobs } = await scene(t, 2);
  const [first, second] = blobs;
  const stored = [await settled(first, 2_000_000), await settled(first, 5000)];
  for (const { place: text } of stored) {
    const place = readPlace(text);
    assert.ok(isStored(place));
    const path =
      place.kind === 'file'
        ? join(folder, 'files', place.id.slice(0, 2), place.id)
        : join(folder, 'segments', `${place.segment}.seg`);
    const handle = await open(path, 'r+');
    await handle.write(Buffer.from('X'), 0, 1, place.offset + 10);
    await handle.close();
  }
  assert.deepEqual((await scrubbed(second)).damaged, []);
  assert.deepEqual((await scrubbed(first)).damaged, [stored[0]?.place], 'its file; the segment is written still');
  roll.strikeOff(1);
  assert.deepEqual((await scrubbed(second)).damaged, [stored[0]?.place, stored[1]?.place]);
});

/** Rows of a cloud: a commit is refused when its process was struck off. */
class Rows {
  readonly places = new Map<string, { readonly place: BlobPlace; readonly content: number }>();

  ownersFor(roll: Roll, sharer: Sharer): BlobOwners {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return {
      isWanted: async (owner, place) => {
        await turn();
        return this.places.get(owner)?.place === place;
      },
      moved: async (owner, from, to) => {
        const { writer } = sharer;
        await turn();
        if (!roll.alive.includes(writer)) throw new StoreUnavailable('struck off');
        const row = this.places.get(owner);
        if (row?.place !== from) return false;
        this.places.set(owner, { ...row, place: to });
        return true;
      },
    };
  }
}

type Step = readonly [what: 'put' | 'long' | 'commit' | 'delete' | 'strike' | 'rejoin' | 'sweep' | 'wait', at: number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...(['put', 'put', 'put', 'commit', 'commit', 'commit', 'delete', 'sweep', 'sweep'] as const),
      'long' as const,
      'strike' as const,
      'rejoin' as const,
      'wait' as const,
    ),
    fc.nat(11),
  ),
  { minLength: 40, maxLength: 120 },
);

interface Pending {
  readonly stored: StoredBlob;
  readonly content: number;
  readonly writer: number;
  readonly owner: string;
  readonly blobs: Blobs;
}

class World {
  readonly rows = new Rows();
  readonly roll: Roll;
  readonly sharers: readonly Sharer[];
  readonly pending: Pending[] = [];
  readonly sweeps = new Map<Sharer, Promise<unknown>>();
  #content = 0;

  constructor(roll: Roll, sharers: readonly Sharer[]) {
    this.roll = roll;
    this.sharers = sharers;
  }

  async run([what, at]: Step): Promise<void> {
    const sharer = this.sharers[at % this.sharers.length] ?? assert.fail();
    const owner = `row/${at}`;
    const isAlive = this.roll.alive.includes(sharer.writer);
    if (what === 'put' || what === 'long') await this.#put(sharer, owner, what === 'put' ? 3000 : 1_100_000);
    else if (what === 'commit') this.#commit();
    else if (what === 'delete') await this.#delete(sharer, owner);
    else if (what === 'strike' && isAlive && this.roll.alive.length > 1) this.roll.strikeOff(sharer.writer);
    else if (what === 'rejoin' && !isAlive) sharer.writer = this.roll.join();
    else if (what === 'sweep') {
      await this.sweeps.get(sharer);
      const blobs = await sharer.blobs;
      this.sweeps.set(sharer, blobs.sweep(this.rows.ownersFor(this.roll, sharer), never));
    } else if (what === 'wait') await this.swept();
  }

  async #put(sharer: Sharer, owner: string, bytes: number): Promise<void> {
    const { writer } = sharer;
    const content = ++this.#content % 250;
    const blobs = await sharer.blobs;
    const stored = await blobs.put(Buffer.alloc(bytes, content), { owner }).catch((error: unknown) => {
      assert.ok(error instanceof StoreUnavailable);
    });
    if (stored) this.pending.push({ stored, content, writer, owner, blobs });
  }

  /** By the life of the process that put it, or never. */
  #commit(): void {
    const next = this.pending.shift();
    if (next === undefined) return;
    const { stored, content, writer, owner, blobs } = next;
    if (this.roll.alive.includes(writer)) {
      const old = this.rows.places.get(owner);
      this.rows.places.set(owner, { place: stored.place, content });
      if (old) blobs.discard(old.place);
    }
    stored.settle();
  }

  async #delete(sharer: Sharer, owner: string): Promise<void> {
    const row = this.rows.places.get(owner);
    if (row === undefined || !this.roll.alive.includes(sharer.writer)) return;
    this.rows.places.delete(owner);
    (await sharer.blobs).discard(row.place);
  }

  async swept(): Promise<void> {
    await Promise.all(this.sweeps.values());
  }

  async check(): Promise<void> {
    for (const { place, content } of this.rows.places.values()) {
      const { bytes } = readPlace(place);
      for (const { blobs } of this.sharers) {
        const found = await (await blobs).read(place, { start: 0, end: bytes });
        const parts: Uint8Array[] = [];
        if (found instanceof Uint8Array) parts.push(found);
        else for await (const part of found) parts.push(part);
        assert.ok(Buffer.alloc(bytes, content).equals(Buffer.concat(parts)));
      }
    }
  }
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const sizes = entries
    .filter((entry) => entry.isFile() && /^[0-9a-f]{32}$|\.seg$/.test(entry.name))
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test('whoever writes, is struck off, comes back and sweeps: what a row names is there, the rest goes', async (t) => {
  let [named, struck] = [0, 0];
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const { folder, roll, sharers } = await scene(t, 3);
      const world = new World(roll, sharers);
      for (const each of given) {
        await world.run(each);
        if (each[0] === 'strike') struck++;
      }
      await world.swept();
      await world.check();
      named += world.rows.places.size;
      while (world.pending.length > 0) await world.run(['commit', 0]);
      // All begin anew, so that no segment is written any more.
      for (const sharer of sharers) {
        if (roll.alive.includes(sharer.writer)) roll.strikeOff(sharer.writer);
        await rejoin(roll, sharer);
      }
      for (let round = 0; round < 4; round++) {
        for (const at of sharers.keys()) await world.run(['sweep', at]);
        await world.swept();
        await world.check();
      }
      const wanted = [...world.rows.places.values()].reduce((sum, { place }) => sum + readPlace(place).bytes + 100, 0);
      const stored = await sizeOf(folder);
      assert.ok(stored <= wanted * 2 + 10_000, `${stored} bytes for ${wanted}`);
    }),
    { numRuns: 12 },
  );
  assert.ok(named > 20 && struck > 8, `${named} rows, ${struck} struck off`);
});
