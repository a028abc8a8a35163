import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { DEFAULT_PENDING_LIMITS } from '#platform/store/commit.ts';
import { FollowedPartition } from '#platform/store/followed.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

const name = { service: 'iam', account: '123456789012' as AccountId, region: 'aws-global' as Region };

test('what its owner does not take ends no process, though nobody waits for it', async () => {
  const partition = new FollowedPartition(name, 'iam/123456789012/aws-global', {
    driver: memoryDrivers().open(name.region),
    limits: DEFAULT_PENDING_LIMITS,
    onFault: () => {},
    propose: () => Promise.reject(new StoreUnavailable('the owner can’t be reached')),
    isVouchedFor: () => false,
    sealing: undefined,
  });
  partition.enter({ kind: 'audit', record: 'a refusal' });
  // A call that is refused for another reason asks for this gate, and then never comes to it.
  partition.durable();
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
});
