/**
 * Both kinds of delivery against a model that is as plain as can be: a list of messages, searched from the start. Each
 * run is a list of numbers, each number a step; in all some million steps.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NOTHING_MORE, stateCodec } from './chunk-codec.ts';
import { type Delivery, StandardDelivery } from './delivery.ts';
import { FifoDelivery } from './fifo.ts';
import { firstSequenceAt, type MessageRow } from './state.ts';
import { addEntry, type Chunk, type Entry, newChunk, restoredChunk, sequenceOf, statesOf } from './window.ts';

interface ModelMessage {
  readonly sequence: number;
  readonly group: string | undefined;
  visibleAt: number;
  receives: number;
}

/** What is on disk of a chunk. */
interface ModelChunk {
  readonly rows: readonly MessageRow[];
  state: Buffer | undefined;
}

const row = (group: string | undefined): MessageRow => ({
  ...NOTHING_MORE,
  id: '',
  sentAt: 0,
  sender: '',
  md5: '',
  body: '',
  isBodyApart: false,
  encryption: undefined,
  group,
});

const PAGE = 3;
const WINDOW = 5;
const MAX_RECEIVES = 4;

class Bench {
  now = 1_000_000;
  index: Delivery;
  lastSequence = 0;
  readonly messages = new Map<number, ModelMessage>();
  readonly chunks = new Map<number, ModelChunk>();
  readonly isFifo: boolean;

  constructor(isFifo: boolean) {
    this.isFifo = isFifo;
    this.index = this.load();
  }

  load(): Delivery {
    const index = this.isFifo ? new FifoDelivery(WINDOW) : new StandardDelivery(WINDOW);
    for (const [first, { state }] of this.chunks) {
      if (state !== undefined) index.restore(restoredChunk(first, stateCodec.decode(state)));
    }
    index.isComplete = this.chunks.size === 0;
    return index;
  }

  more(): boolean {
    const beyond = [...this.chunks].filter(([first]) => first > this.index.horizon);
    const page = beyond.sort(([a], [b]) => a - b).slice(0, PAGE);
    for (const [first, { rows }] of page) this.index.addPage(first, rows);
    this.index.isComplete = page.length < PAGE;
    return page.length > 0;
  }

  send(...sent: { readonly group: string | undefined; readonly delay: number }[]): void {
    const first = Math.max(this.lastSequence + 1, firstSequenceAt(this.now));
    this.lastSequence = first + sent.length - 1;
    const chunk = newChunk(first, sent.length);
    const rows = sent.map(({ group }) => row(group));
    this.chunks.set(first, { rows, state: undefined });
    for (const [at, { group, delay }] of sent.entries()) {
      const visibleAt = this.now + delay;
      this.messages.set(first + at, { sequence: first + at, group, visibleAt, receives: 0 });
      const entry = addEntry(chunk, at, row(group));
      if (delay > 0) entry.visibleAt = visibleAt;
    }
    if (sent.some(({ delay }) => delay > 0)) this.write([chunk]);
    this.index.append(chunk);
  }

  /** What the handlers write of chunks that they touched. */
  write(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      const stored = this.chunks.get(chunk.first);
      assert.ok(stored);
      if (chunk.left === 0) this.chunks.delete(chunk.first);
      else stored.state = Buffer.from(stateCodec.encode(statesOf(chunk)));
    }
  }

  remove(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.index.remove(entry);
      this.messages.delete(sequenceOf(entry));
    }
    this.write([...new Set(entries.map(({ chunk }) => chunk))]);
  }

  find({ sequence }: ModelMessage): Entry {
    this.index.advance(this.now);
    const first = Math.max(...[...this.chunks.keys()].filter((one) => one <= sequence));
    const entry = this.index.find(first, sequence - first);
    assert.ok(entry, 'a message in flight is known');
    return entry;
  }

  pick(max: number) {
    return this.index.pick({
      now: this.now,
      max,
      maxReceives: MAX_RECEIVES,
      oldest: 0,
      delay: 0,
      more: () => this.more(),
    });
  }

  /** A receive that has to wait for KMS first. */
  receiveNothing(max: number): void {
    const { deliver, redrive } = this.pick(max);
    this.remove(redrive);
    this.index.putBack(deliver);
  }

  /** Answers what went out (or was moved) and what was spent, by sequence. */
  receive(max: number, visibility: number, isMove = false): { out: number[]; spent: number[] } {
    const { deliver, redrive } = this.pick(max);
    for (const entry of redrive) assert.equal(this.messages.get(sequenceOf(entry))?.receives, MAX_RECEIVES);
    this.remove(redrive);
    for (const entry of deliver) {
      const message = this.messages.get(sequenceOf(entry));
      assert.ok(message, 'a deleted message went out');
      if (isMove) continue;
      assert.ok(message.visibleAt <= this.now, 'a message went out while it was hidden');
      this.index.handOut(entry, this.now, this.now + visibility);
      message.receives++;
      message.visibleAt = this.now + visibility;
      assert.equal(entry.receives, message.receives);
    }
    if (isMove) this.remove(deliver);
    else this.write(deliver.map(({ chunk }) => chunk));
    return { out: deliver.map(sequenceOf), spent: redrive.map(sequenceOf) };
  }

  heldBySomeone(): ModelMessage[] {
    return [...this.messages.values()].filter((one) => one.receives > 0 && one.visibleAt > this.now);
  }

  visible(): ModelMessage[] {
    return [...this.messages.values()].filter((one) => one.visibleAt <= this.now);
  }

  delete(message: ModelMessage): void {
    this.remove([this.find(message)]);
  }

  change(message: ModelMessage, visibility: number): void {
    const entry = this.find(message);
    this.index.changeVisibility(entry, this.now + visibility);
    message.visibleAt = this.now + visibility;
    this.write([entry.chunk]);
  }
}

/** What a FIFO queue must hand out: the group with the oldest message first, as much of it as goes, then the next. */
function eligible(bench: Bench): Map<string | undefined, ModelMessage[]> {
  const locked = new Set(bench.heldBySomeone().map(({ group }) => group));
  const ready = bench.visible().filter(({ group }) => !locked.has(group));
  return Map.groupBy(
    ready.sort((a, b) => a.sequence - b.sequence),
    ({ group }) => group,
  );
}

function expectedFifo(groups: Map<string | undefined, ModelMessage[]>, max: number) {
  const out: number[] = [];
  const spent: number[] = [];
  for (const messages of groups.values()) {
    for (const message of messages) {
      if (out.length >= max) return { out, spent };
      (message.receives >= MAX_RECEIVES ? spent : out).push(message.sequence);
    }
  }
  return { out, spent };
}

function checkFifo(bench: Bench, max: number, visibility: number): void {
  const groups = eligible(bench);
  const expected = expectedFifo(groups, max);
  const seesAll = bench.index.isComplete;
  const { out, spent } = bench.receive(max, visibility);
  if (seesAll) {
    assert.deepEqual({ out, spent }, expected);
    return;
  }
  // Beyond the horizon a group may have more; what is taken of each is its beginning all the same.
  const taken = new Set([...out, ...spent]);
  let groupsLeft = 0;
  for (const messages of groups.values()) {
    const flags = messages.map(({ sequence }) => taken.has(sequence));
    assert.ok(!flags.includes(true, flags.indexOf(false) + 1) || !flags.includes(false), 'a group keeps its order');
    if (!flags.includes(true)) groupsLeft++;
  }
  assert.ok(out.length === max || groupsLeft === 0, 'a group that may go was left out');
}

function step(bench: Bench, code: number): void {
  const argument = code >>> 4;
  const held = bench.heldBySomeone();
  const one = held[argument % Math.max(1, held.length)];
  switch (code & 15) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      bench.send(
        ...Array.from({ length: argument % 4 }, (_, at) => ({
          group: bench.isFifo || argument & 1 ? `g${(argument + at) % 5}` : undefined,
          delay: bench.isFifo ? 0 : ((argument + at) % 3) * 5,
        })),
        { group: 'g0', delay: 0 },
      );
      break;
    case 5:
    case 6:
    case 7:
    case 8: {
      const max = (argument % 10) + 1;
      const visibility = (argument % 4) * 7;
      if (bench.isFifo) {
        checkFifo(bench, max, visibility);
        break;
      }
      const waiting = bench.visible();
      const { out, spent } = bench.receive(max, visibility);
      assert.equal(out.length, Math.min(max, waiting.length - spent.length), 'as many as there were');
      break;
    }
    case 9:
    case 10:
    case 11:
      if (one) bench.delete(one);
      break;
    case 12:
      if (one) bench.change(one, argument % 20);
      break;
    case 13:
      bench.index = bench.load();
      break;
    case 14:
      // A move task takes messages without handing them out.
      if (argument % 8 === 0) bench.receive((argument % 5) + 1, 0, true);
      else bench.receiveNothing((argument % 5) + 1);
      break;
    default:
      bench.now += argument % 12;
  }
  const inFlight = bench.heldBySomeone().length;
  bench.index.advance(bench.now);
  assert.equal(bench.index.inFlight, inFlight);
}

function drainAll(bench: Bench): void {
  const left = new Set(bench.messages.keys());
  for (let round = 0; bench.messages.size > 0; round++) {
    assert.ok(round < 10 * left.size + 100, `messages are lost: ${bench.messages.size} never come`);
    bench.now += 100;
    bench.receive(10, 0);
    for (const message of [...bench.messages.values()].filter(({ receives }) => receives > 0)) {
      bench.delete(message);
      left.delete(message.sequence);
    }
  }
}

for (const kind of ['standard', 'FIFO'] as const) {
  test(`${kind} delivery does what the model does, whatever the steps`, () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 1500, size: 'max' }), (steps) => {
        const bench = new Bench(kind === 'FIFO');
        for (const code of steps) step(bench, code);
        drainAll(bench);
      }),
      { numRuns: 500 },
    );
  });
}

test('a noisy group does not keep a quiet one waiting', () => {
  const bench = new Bench(false);
  const send = (group: string) => bench.send({ group, delay: 0 });
  for (let i = 0; i < 100; i++) send('noisy');
  for (let i = 0; i < 4; i++) bench.receive(10, 1000);
  send('quiet');
  const quiet = bench.lastSequence;
  send('noisy');
  assert.deepEqual(bench.receive(1, 1000).out, [quiet]);
  assert.equal(bench.receive(10, 1000).out.length, 10, 'with nothing quiet, the noisy group is served');
});
