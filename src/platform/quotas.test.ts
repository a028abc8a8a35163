import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { applyQuota, effectiveQuota } from '#platform/quotas.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { OTHER, OWN, REGION } from '#platform/tiny-cloud.fixture.ts';

test('an account’s own value counts in its region, everywhere for a global quota, and never for a fixed one', () => {
  const store = openStore({ drivers: memoryDrivers() });
  const quota = { name: 'n', description: '', value: 10, unit: 'None', adjustable: true };
  const apply = (region: Region): void =>
    store
      .partition({ service: 'service-quotas', account: OWN, region })
      .transact((tx) => applyQuota(tx, 'sqs', 'L-1', 20));
  const ireland = 'eu-west-1' as Region;
  assert.equal(effectiveQuota(store, OWN, REGION, 'sqs', 'L-1', quota), 10);
  apply(REGION);
  assert.equal(effectiveQuota(store, OWN, REGION, 'sqs', 'L-1', quota), 20);
  assert.equal(effectiveQuota(store, OWN, ireland, 'sqs', 'L-1', quota), 10);
  assert.equal(effectiveQuota(store, OTHER, REGION, 'sqs', 'L-1', quota), 10);
  assert.equal(effectiveQuota(store, OWN, REGION, 'sqs', 'L-2', quota), 10);
  assert.equal(effectiveQuota(store, OWN, REGION, 'sqs', 'L-1', { ...quota, adjustable: false }), 10);
  assert.equal(effectiveQuota(store, OWN, REGION, 'sqs', 'L-1', { ...quota, global: true }), 10);
  apply(GLOBAL_REGION);
  assert.equal(effectiveQuota(store, OWN, ireland, 'sqs', 'L-1', { ...quota, global: true }), 20);
});
