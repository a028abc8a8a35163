import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import { keepAnswer, keptAnswer, type TokenUse } from '#platform/idempotency.ts';
import type { Input } from '#platform/service.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OTHER, OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

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
  });
  return {
    use,
    keep: (of: TokenUse, output = { id: of.token }) => partition.transact((tx) => keepAnswer(tx, of, output)),
    kept: (of: TokenUse) => partition.read((tx) => keptAnswer(tx, of)),
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
