import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { days, SimulatedClock } from '#platform/base/clock.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer, SealBroken } from '#platform/secrets/sealer.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { rowSeals } from '#platform/store/row-seals.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { PartitionName } from '#platform/store/store.ts';
import { OTHER, OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

const secrets = table('secret', [text], jsonRows<{ body: string }>(1), { isSealed: true });
const plain = table('plain', [text], jsonRows<{ body: string }>(1));
/** Long enough not to stand in a sealed row by chance: three letters do, in one of 170 of this length. */
const IN_CLEAR = /a secret|xxxxxxxx/;
/** The same rows as they lie on disk. */
const raw = table('secret', [text], { encode: (row: Buffer) => row, decode: (row) => row });
const MINE: PartitionName = { service: 'test', account: OWN, region: REGION };

const masterKeys: MasterKeys = { current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) };
const seals = rowSeals(createSealer(masterKeys));

function start(drivers: StoreDrivers) {
  const clock = new SimulatedClock();
  return { clock, store: openStore({ drivers, sealing: { seals, clock } }) };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-seals-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function writeAndRead(open: () => StoreDrivers): Promise<void> {
  const { store, clock } = start(open());
  const partition = store.partition(MINE);
  const put = (id: string, body: string) => partition.transact((tx) => tx.put(secrets, secrets.key(id), { body }));
  put('a', 'a secret of today');
  clock.advance(days(1));
  put('b', 'a secret of tomorrow');
  put('c', 'x'.repeat(100_000));
  partition.transact((tx) => tx.put(plain, plain.key('p'), { body: 'known to all' }));
  const check = (of: typeof partition): void => {
    const rows = of.read((tx) => tx.range(secrets));
    assert.deepEqual(
      rows.map(({ row }) => row.body.slice(0, 20)),
      ['a secret of today', 'a secret of tomorrow', 'x'.repeat(20)],
    );
    assert.equal(of.read((tx) => tx.get(secrets, secrets.key('b')))?.body, 'a secret of tomorrow');
    assert.equal(of.read((tx) => tx.get(plain, plain.key('p')))?.body, 'known to all');
  };
  // From memory, where they wait for the disk, half and half, and from disk.
  check(partition);
  await partition.durable();
  put('b', 'a secret of tomorrow');
  check(partition);
  await partition.durable();
  for (const { row } of partition.read((tx) => tx.range(raw))) assert.doesNotMatch(row.toString('latin1'), IN_CLEAR);
  await store.close();
  const again = start(open());
  check(again.store.partition(MINE));
  await again.store.close();
}

test('rows of a sealed table are read as they were written, and lie sealed', async () => {
  const drivers = memoryDrivers({ seals });
  await writeAndRead(() => drivers);
});

test('nothing of them is in the files of a disk', async (t) => {
  const folder = folderOf(t);
  await writeAndRead(() => sqliteDrivers(folder, masterKeys));
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  assert.ok(files.some((content) => content.includes('known to all')));
  for (const content of files) assert.doesNotMatch(content, IN_CLEAR);
});

test('a row that was moved, altered, or comes from another account does not open', async () => {
  const { store } = start(memoryDrivers({ seals }));
  const [mine, other] = [store.partition(MINE), store.partition({ ...MINE, account: OTHER })];
  mine.transact((tx) => tx.put(secrets, secrets.key('a'), { body: 'a secret' }));
  await mine.durable();
  const row = mine.read((tx) => tx.get(raw, raw.key('a'))) ?? assert.fail();
  const altered = Buffer.from(row);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  for (const [partition, id, value] of [
    [mine, 'b', row],
    [mine, 'c', altered],
    [other, 'a', row],
  ] as const) {
    partition.transact((tx) => tx.put(raw, raw.key(id), value));
    await partition.durable();
    assert.throws(() => partition.read((tx) => tx.get(secrets, secrets.key(id))), SealBroken);
  }
});
