/** Random histories of a partition, compared step by step with a plain map: what every driver must agree with. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as fc from 'fast-check';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { type Faults, faulty } from '#platform/store/faults.ts';
import { type Key, type RowCodec, table, text, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Partition, RangeOptions, Store, Transaction } from '#platform/store/store.ts';

const plainText: RowCodec<string> = { encode: (row) => row, decode: (bytes) => bytes.toString('utf8') };
const tables = [table('a', [u64, text], plainText), table('ab', [u64, text], plainText)] as const;
type RowsTable = (typeof tables)[number];
type Model = Map<Key, string>;

type Write =
  | { readonly kind: 'put'; readonly table: RowsTable; readonly at: readonly [number, string]; readonly value: string }
  | { readonly kind: 'delete'; readonly table: RowsTable; readonly at: readonly [number, string] }
  | { readonly kind: 'deleteRange'; readonly table: RowsTable; readonly prefix: [] | [number] }
  | { readonly kind: 'nested'; readonly writes: readonly Write[]; readonly throws: boolean };

type Step =
  | { readonly kind: 'transact'; readonly writes: readonly Write[]; readonly throws: boolean }
  | { readonly kind: 'overtake'; readonly writes: readonly Write[]; readonly later: readonly Write[] }
  | { readonly kind: 'check'; readonly table: RowsTable; readonly options: RangeOptions<[number, string]> }
  | { readonly kind: 'turn' | 'settle' | 'hold' | 'letThrough' | 'failBefore' | 'failAfter' | 'reopen' };

const someTable = fc.constantFrom(...tables);
// Few keys, so that writes meet; keys.test.ts tries the rest.
const NUMBERS = [1, 256];
const WORDS = ['', '\0', 'é'];
const KEYS = NUMBERS.flatMap((each) => WORDS.map((part): [number, string] => [each, part]));
const number = fc.constantFrom(...NUMBERS);
const at = fc.constantFrom(...KEYS);
const value = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('x'.repeat(1024), 'x'.repeat(1025), 'y'.repeat(9000)),
);
const prefix = fc.oneof(fc.constant<[]>([]), fc.tuple(number));

const { write } = fc.letrec<{ write: Write }>((tie) => ({
  write: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('put' as const), table: someTable, at, value }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), table: someTable, at }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteRange' as const), table: someTable, prefix }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('nested' as const),
        writes: fc.array(tie('write'), { maxLength: 4 }),
        throws: fc.boolean(),
      }),
    },
  ),
}));

const check = fc.tuple(
  someTable,
  fc.option(prefix),
  fc.array(at, { maxLength: 3 }),
  fc.boolean(),
  fc.option(fc.nat(6)),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('transact' as const),
      writes: fc.array(write, { maxLength: 6 }),
      throws: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('overtake' as const),
      writes: fc.array(write, { maxLength: 6 }),
      later: fc.array(write, { maxLength: 6 }),
    }),
  },
  {
    weight: 6,
    arbitrary: check.map(([of, leading, bounds, reverse, limit]): Step => {
      const names = ['from', 'before', 'after'];
      const limits = Object.fromEntries(bounds.map((bound, i) => [names[i], of.key(...bound)]));
      const options = { ...limits, ...(leading && { prefix: leading }), ...(limit !== null && { limit }), reverse };
      return { kind: 'check', table: of, options };
    }),
  },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        ...([
          'turn',
          'turn',
          'settle',
          'hold',
          'letThrough',
          'letThrough',
          'failBefore',
          'failAfter',
          'reopen',
        ] as const),
      )
      .map((kind): Step => ({ kind })),
  },
);

function applyToModel(model: Model, writes: readonly Write[]): void {
  for (const each of writes) {
    if (each.kind === 'put') model.set(each.table.key(...each.at), each.value);
    else if (each.kind === 'delete') model.delete(each.table.key(...each.at));
    else if (each.kind === 'nested') {
      if (!each.throws) applyToModel(model, each.writes);
    } else {
      const start = each.table.keyPrefix(...each.prefix);
      for (const known of [...model.keys()]) if (known.startsWith(start)) model.delete(known);
    }
  }
}

class Undone extends Error {}

function run(partition: Partition, writes: readonly Write[], throws: boolean): void {
  const action = (tx: Transaction): void => {
    for (const each of writes) {
      if (each.kind === 'put') tx.put(each.table, each.table.key(...each.at), each.value);
      else if (each.kind === 'delete') tx.delete(each.table, each.table.key(...each.at));
      else if (each.kind === 'deleteRange') tx.deleteRange(each.table, each.prefix);
      else run(partition, each.writes, each.throws);
    }
    if (throws) throw new Undone();
  };
  try {
    partition.transact(action);
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
}

function rangeOfModel(model: Model, of: RowsTable, options: RangeOptions<[number, string]>): [Key, string][] {
  const start = options.prefix ? of.keyPrefix(...options.prefix) : of.prefix;
  const { from, before, after, reverse, limit } = options;
  const rows = [...model]
    .filter(([key]) => key.startsWith(start) && (from === undefined || key >= from))
    .filter(([key]) => before === undefined || key < before)
    .filter(([key]) => after === undefined || (reverse ? key < after : key > after))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (reverse) rows.reverse();
  return rows.slice(0, limit);
}

/** The history's own view: what is written, and after each failure what the disk holds. */
class History {
  readonly #again: () => StoreDrivers;
  #store!: Store;
  #faults!: Faults;
  #partition!: Partition;
  #now: Model = new Map();
  #atFlight: Model = new Map();
  #onDisk: Model = new Map();

  constructor(again: () => StoreDrivers) {
    this.#again = again;
    this.#open();
  }

  #open(): void {
    const { drivers, faults } = faulty(this.#again());
    this.#faults = faults;
    this.#store = openStore({ drivers });
    this.#partition = this.#store.partition({
      service: 'sqs',
      account: '123456789012' as AccountId,
      region: 'us-east-1' as Region,
    });
  }

  async step(each: Step): Promise<void> {
    if (each.kind === 'transact') this.#write(each.writes, each.throws);
    else if (each.kind === 'overtake') {
      // Written again while the first batch is under way, and looked at when that one is on disk.
      this.#faults.hold();
      this.#write(each.writes);
      await this.#turn();
      this.#write(each.later);
      await this.#letThrough();
    } else if (each.kind === 'check') this.#check(each.table, each.options);
    else if (each.kind === 'turn') await this.#turn();
    else if (each.kind === 'hold') this.#faults.hold();
    else if (each.kind === 'letThrough') await this.#letThrough();
    else if (each.kind === 'settle') await this.#settle();
    else if (each.kind === 'reopen') {
      await this.close();
      this.#open();
    } else await this.#fail(each.kind === 'failBefore' ? 'before' : 'after');
    for (const of of tables) this.#check(of, {});
  }

  #write(writes: readonly Write[], throws = false): void {
    run(this.#partition, writes, throws);
    if (!throws) applyToModel(this.#now, writes);
  }

  async close(): Promise<void> {
    await this.#settle();
    await this.#store.close();
  }

  async #turn(): Promise<void> {
    const wasIdle = this.#faults.underWay === 0;
    await new Promise((resolve) => setImmediate(resolve));
    if (wasIdle && this.#faults.underWay > 0) this.#atFlight = new Map(this.#now);
  }

  /** One batch gets to the disk while the next one waits. */
  async #letThrough(): Promise<void> {
    this.#faults.hold();
    await this.#turn();
    const { underWay, done } = this.#faults;
    this.#faults.letThrough();
    while (this.#faults.done < done + underWay) await this.#turn();
  }

  async #settle(): Promise<void> {
    this.#faults.release();
    await this.#partition.durable();
    assert.equal(this.#partition.durable(), undefined);
    this.#onDisk = new Map(this.#now);
  }

  async #fail(when: 'before' | 'after'): Promise<void> {
    // From rest, so that it is known what the failing batch holds.
    await this.#settle();
    this.#faults.hold();
    this.#write([{ kind: 'put', table: tables[0], at: [7, 'lost?'], value: when }]);
    const failed = this.#partition.durable();
    await this.#turn();
    run(this.#partition, [{ kind: 'deleteRange', table: tables[0], prefix: [] }], false);
    const lost = this.#partition.durable();
    this.#faults.failNext(when);
    this.#faults.release();
    assert.deepEqual(
      (await Promise.allSettled([failed, lost])).map((end) => end.status),
      ['rejected', 'rejected'],
    );
    this.#now = new Map(when === 'before' ? this.#onDisk : this.#atFlight);
  }

  #check(of: RowsTable, options: RangeOptions<[number, string]>): void {
    const expected = rangeOfModel(this.#now, of, options);
    const found = this.#partition.read((tx) => tx.range(of, options));
    assert.deepEqual(
      found.map(({ key, row }) => [key, row]),
      expected,
    );
    // Those that are not there too: that is remembered as well.
    for (const key of KEYS.map((parts) => of.key(...parts))) {
      assert.equal(
        this.#partition.read((tx) => tx.get(of, key)),
        this.#now.get(key),
      );
    }
  }
}

export function modelTest(place: (t: TestContext) => () => StoreDrivers, histories: number): void {
  test('random histories agree with a plain map', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const history = new History(place(t));
        for (const each of steps) await history.step(each);
        await history.close();
      }),
      { numRuns: histories },
    );
  });
}
