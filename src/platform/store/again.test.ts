import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type AccountId, hexId, iamId, type Region, uuid } from '#platform/base/ids.ts';
import { again, done, waitFor } from '#platform/store/again.ts';
import { type Faults, faulty } from '#platform/store/faults.ts';
import { type RowCodec, table, u64 } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { type Partition, StoreUnavailable, type Transaction } from '#platform/store/store.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const driver = {};
/** How often it was asked, and by which way. */
function counted() {
  const asked = { later: 0, now: 0 };
  const read = (question: string): string =>
    waitFor(
      driver,
      question,
      undefined,
      async () => {
        asked.later++;
        await turn();
        return `${question}!`;
      },
      () => {
        asked.now++;
        return `${question}!`;
      },
    );
  return { asked, read };
}

test('work begins anew when what it reads has come, and reads nothing twice', async () => {
  const { asked, read } = counted();
  let runs = 0;
  const result = again(() => {
    runs++;
    return [read('a'), read('b'), read('a')];
  });
  assert.ok(result instanceof Promise);
  assert.deepEqual(await result, ['a!', 'b!', 'a!']);
  assert.deepEqual([runs, asked], [3, { later: 2, now: 0 }]);
  assert.equal(
    again(() => 'nothing to wait for'),
    'nothing to wait for',
  );
  assert.equal(read('outside'), 'outside!');
  assert.equal(asked.now, 1);
});

test('what a piece makes up it makes up once, on whichever way it comes to that', async () => {
  const { asked, read } = counted();
  const made: string[][] = [];
  const ids = (): string[] => [uuid(), iamId('AIDA', 17), uuid(), hexId(8)];
  const result = await again(() => {
    const some = ids();
    made.push(some);
    return [read(some[1] ?? ''), read(some[3] ?? '')];
  });
  assert.deepEqual([made.length, asked], [3, { later: 2, now: 0 }]);
  assert.deepEqual(made[0], made[1]);
  assert.deepEqual(result, [`${made[2]?.[1]}!`, `${made[2]?.[3]}!`]);
  assert.equal(new Set([...(made[0] ?? []), ...ids(), ...ids()]).size, 12);
  // Another way: what is made up there is of its own kind.
  let isFirst = true;
  const other = await again(() => {
    const id = isFirst ? hexId(8) : iamId('', 7);
    isFirst = false;
    read('once more');
    return id;
  });
  assert.match(other, /^[A-Z2-7]{7}$/);
});

test('what was done is not done again: later reads hold the thread', async () => {
  const { asked, read } = counted();
  let effects = 0;
  const result = await again(() => {
    read('before');
    effects++;
    done();
    return read('after');
  });
  assert.deepEqual([result, effects, asked], ['after!', 1, { later: 1, now: 1 }]);
});

test('work that goes on by itself begins anew until it first waits', async () => {
  const { asked, read } = counted();
  let runs = 0;
  const result = await again(async () => {
    runs++;
    const before = read('before');
    await turn();
    return [before, read('after')];
  });
  assert.deepEqual([result, runs, asked], [['before!', 'after!'], 2, { later: 1, now: 1 }]);
  await assert.rejects(
    again(async () => {
      read('x');
      throw new Error('its own');
    }) as Promise<never>,
    { message: 'its own' },
  );
});

test('work that reads one thing after another without an end is not repeated for ever', async () => {
  const { asked, read } = counted();
  await again(() => Array.from({ length: 1000 }, (_, i) => read(String(i))));
  assert.ok(asked.later > 0 && asked.later < 300 && asked.later + asked.now < 2000, JSON.stringify(asked));
});

test('what a read fails with is the error of the work', async () => {
  const failing = (): Promise<string> => Promise.reject(new StoreUnavailable('gone'));
  await assert.rejects(again(() => waitFor(driver, 'q', undefined, failing, () => '')) as Promise<string>, {
    name: 'StoreUnavailable',
  });
});

/** Too long to be kept in memory: each is read from the disk, until it is written. */
const longAmount: RowCodec<number> = {
  encode: (amount) => String(amount).padEnd(20_000),
  decode: (bytes) => Number(bytes.toString()),
};
const purses = table('purse', [u64], longAmount);
const PURSES = 6;
const EACH = 100;

type Step =
  | { readonly kind: 'move'; readonly from: number; readonly to: number; readonly amount: number }
  | { readonly kind: 'sum' }
  | { readonly kind: 'turn' }
  | { readonly kind: 'fail' };

const purse = fc.nat(PURSES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('move' as const), from: purse, to: purse, amount: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'sum' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'turn' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'fail' }) },
);

const sumOf = (partition: Partition): number =>
  partition.read((tx) => tx.range(purses, { from: purses.key(0) })).reduce((sum, { row }) => sum + row, 0);

function move(tx: Transaction, from: number, to: number, amount: number): void {
  const [left, right] = [tx.get(purses, purses.key(from)), tx.get(purses, purses.key(to))];
  assert.ok(left !== undefined && right !== undefined);
  if (from === to) return;
  tx.put(purses, purses.key(from), left - amount);
  tx.put(purses, purses.key(to), right + amount);
}

async function run(partition: Partition, faults: Faults, each: Step): Promise<void> {
  try {
    if (each.kind === 'turn') await turn();
    else if (each.kind === 'fail') faults.failNext('before');
    else if (each.kind === 'sum') assert.equal(await again(() => sumOf(partition)), PURSES * EACH);
    else {
      await again(() => partition.transact((tx) => move(tx, each.from, each.to, each.amount)));
      await partition.durable();
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

test('whatever is committed or lost while a transaction waits for what it reads, none is decided on what is old', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { minLength: 2, maxLength: 6 }), async (workers) => {
      const { drivers, faults } = faulty(memoryDrivers({ isRemote: true }));
      const store = openStore({ drivers });
      const partition = store.partition({
        service: 'bank',
        account: '123456789012' as AccountId,
        region: 'us-east-1' as Region,
      });
      partition.transact((tx) => {
        for (let at = 0; at < PURSES; at++) tx.put(purses, purses.key(at), EACH);
      });
      await partition.durable();
      await Promise.all(
        workers.map(async (steps) => {
          for (const each of steps) await run(partition, faults, each);
        }),
      );
      assert.equal(sumOf(partition), PURSES * EACH);
      await store.close().catch(() => {});
      assert.equal(
        openStore({ drivers })
          .partition(partition.name)
          .read((tx) => tx.range(purses)).length,
        PURSES,
      );
    }),
    { numRuns: 300 },
  );
});
