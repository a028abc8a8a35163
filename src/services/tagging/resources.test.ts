import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { Call } from '#platform/service.ts';
import { faulty } from '#platform/store/faults.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { setTags } from '#platform/tags.ts';
import { fromAll, tagged } from '#services/tagging/resources.ts';

test('tags that are not on disk yet are shown only when they are', async () => {
  const { drivers, faults } = faulty(memoryDrivers());
  const store = openStore({ drivers, onFault: () => {} });
  const place = { account: '123456789012' as AccountId, region: 'us-east-1' as Region };
  const kinds = { note: { name: 'note', tagging: {} } };
  const service = {
    name: 'notes',
    entry: { scope: 'regional' },
    loaded: { kinds },
    known: { kinds },
    loadFacts: async () => {},
  };
  // What the lists ask of a registry and a call.
  const registry = { services: [service], kinds: () => Object.values(kinds) } as unknown as Registry;
  const call = place as Call;
  const deps = { store, registry: () => registry };
  faults.hold();
  store.partition({ service: 'notes', ...place }).transact((tx) => setTags(tx, 'arn:aws:notes:::a', { k: 'v' }));
  const found = [...tagged(deps, call, undefined)].map(({ arn, type }) => [arn, type]);
  assert.deepEqual(found, [['arn:aws:notes:::a', 'notes:note']]);
  let isAnswered = false;
  const answer = fromAll(deps, call, () => found).then(() => {
    isAnswered = true;
  });
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isAnswered, false);
  faults.release();
  await answer;
  faults.failNext('before');
  store.partition({ service: 'notes', ...place }).transact((tx) => setTags(tx, 'arn:aws:notes:::b', { k: 'v' }));
  await assert.rejects(
    fromAll(deps, call, () => found),
    { name: 'StoreUnavailable' },
  );
  await store.close();
});
