import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import { keepAnswer, keptAnswer, type TokenUse } from '#platform/idempotency.ts';
import { SealBroken } from '#platform/secrets/sealer.ts';
import type { Input, Output } from '#platform/service.ts';
import { table, text } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { keptAnswersSealer, OTHER, OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

/** The rows as they are on disk. */
const raw = table('token', [text, text, text], { encode: (row: Buffer) => row, decode: (row) => row });

const NOW = Date.UTC(2026, 0, 31);

function start() {
  const partition = openStore({ drivers: memoryDrivers() }).partition({
    service: 'test',
    account: OWN,
    region: REGION,
  });
  const use = (token: string, now = NOW, input: Input = { a: 1 }, account: string = OWN): TokenUse => ({
    account,
    operation: 'Create',
    token,
    input,
    now,
    sealer: keptAnswersSealer,
  });
  return {
    use,
    keep: (of: TokenUse, output: Output = { id: of.token }) => partition.transact((tx) => keepAnswer(tx, of, output)),
    kept: (of: TokenUse) => partition.read((tx) => keptAnswer(tx, of)),
    partition,
    rows: () => partition.read((tx) => tx.range(raw)).map(({ row }) => row.toString('latin1')),
  };
}

test('the answer is kept for a day, per account and operation', () => {
  const { use, keep, kept } = start();
  assert.equal(kept(use('x')), undefined);
  keep(use('x'));
  assert.deepEqual(kept(use('x', NOW + hours(24))), { id: 'x' });
  assert.equal(kept(use('x', NOW + hours(24) + 1)), undefined);
  assert.equal(kept(use('x', NOW, { a: 1 }, OTHER)), undefined);
  assert.equal(kept({ ...use('x'), operation: 'Delete' }), undefined);
  assert.throws(
    () => kept(use('x', NOW, { a: 2 })),
    (error) => error instanceof ServiceError && error.code === 'IdempotentParameterMismatch',
  );
});

test('old answers are dropped as new ones come; one that was kept again stays', () => {
  const { use, keep, kept } = start();
  for (let i = 0; i < 25; i++) keep(use(`old-${i}`));
  keep(use('again'));
  keep(use('again', NOW + hours(25)));
  for (let i = 0; i < 5; i++) keep(use(`new-${i}`, NOW + hours(25)));
  assert.deepEqual(kept(use('again', NOW + hours(25))), { id: 'again' });
  assert.deepEqual(kept(use('new-0', NOW + hours(25))), { id: 'new-0' });
  // A clock that is set back would find the old ones if their rows were still there.
  assert.equal(kept(use('old-3')), undefined);
});

test('bytes and times come back as they were, and nothing of an answer lies in clear', () => {
  const { use, keep, kept, rows } = start();
  const output = {
    Plaintext: new Uint8Array([0, 1, 255]),
    CreateDate: new Date(NOW),
    at: NOW + 0.5,
    none: undefined,
    big: 2n ** 70n,
    SecretAccessKey: 'wJalrXUtnFEMI',
    list: [Number.POSITIVE_INFINITY, { deep: Buffer.from('bytes') }],
  };
  keep(use('x', NOW, { password: 'hunter2' }), output);
  assert.deepEqual(kept(use('x', NOW, { password: 'hunter2' })), output);
  assert.throws(() => kept(use('x', NOW, { password: 'hunter3' })));
  assert.ok(rows().length > 0);
  for (const row of rows()) assert.doesNotMatch(row, /SecretAccessKey|wJalr|hunter/);
});

test('an answer that was moved to another token does not open', () => {
  const { use, keep, kept, partition } = start();
  keep(use('x'));
  partition.transact((tx) => {
    const row = tx.get(raw, raw.key(OWN, 'Create', 'x')) ?? assert.fail();
    tx.put(raw, raw.key(OWN, 'Create', 'y'), row);
  });
  assert.throws(() => kept(use('y')), SealBroken);
});
