import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, SimulatedClock } from '#platform/base/clock.ts';
import { createSealer, SealBroken } from '#platform/secrets/sealer.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { rowSeals } from '#platform/store/row-seals.ts';
import type { PartitionName } from '#platform/store/store.ts';
import { OTHER, OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

const secrets = table('secret', [text], jsonRows<{ body: string }>(1), { isSealed: true });
const plain = table('plain', [text], jsonRows<{ body: string }>(1));
/** The same rows as they lie on disk. */
const raw = table('secret', [text], { encode: (row: Buffer) => row, decode: (row) => row });
const MINE: PartitionName = { service: 'test', account: OWN, region: REGION };

function start(drivers = memoryDrivers()) {
  const clock = new SimulatedClock();
  const sealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) });
  return { clock, drivers, store: openStore({ drivers, seals: rowSeals(sealer, clock) }) };
}

test('rows of a sealed table are read as they were written, and lie sealed', async () => {
  const { store, clock, drivers } = start();
  const partition = store.partition(MINE);
  const put = (id: string, body: string) => partition.transact((tx) => tx.put(secrets, secrets.key(id), { body }));
  put('a', 'a secret of today');
  clock.advance(days(1));
  put('b', 'a secret of tomorrow');
  put('c', 'x'.repeat(100_000));
  partition.transact((tx) => tx.put(plain, plain.key('p'), { body: 'no secret' }));
  const check = (of: typeof partition): void => {
    const rows = of.read((tx) => tx.range(secrets));
    assert.deepEqual(
      rows.map(({ row }) => row.body.slice(0, 20)),
      ['a secret of today', 'a secret of tomorrow', 'x'.repeat(20)],
    );
    assert.equal(of.read((tx) => tx.get(secrets, secrets.key('b')))?.body, 'a secret of tomorrow');
    for (const { row } of of.read((tx) => tx.range(raw))) assert.doesNotMatch(row.toString('latin1'), /secret|xxx/);
    assert.equal(of.read((tx) => tx.get(plain, plain.key('p')))?.body, 'no secret');
  };
  // From memory, where they wait for the disk, and from disk.
  check(partition);
  await partition.durable();
  check(start(drivers).store.partition(MINE));
});

test('a row that was moved, altered, or comes from another account does not open', async () => {
  const { store } = start();
  const [mine, other] = [store.partition(MINE), store.partition({ ...MINE, account: OTHER })];
  mine.transact((tx) => tx.put(secrets, secrets.key('a'), { body: 'a secret' }));
  const row = mine.read((tx) => tx.get(raw, raw.key('a'))) ?? assert.fail();
  const altered = Buffer.from(row);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  for (const [partition, id, value] of [
    [mine, 'b', row],
    [mine, 'c', altered],
    [other, 'a', row],
  ] as const) {
    partition.transact((tx) => tx.put(raw, raw.key(id), value));
    assert.throws(() => partition.read((tx) => tx.get(secrets, secrets.key(id))), SealBroken);
  }
});
