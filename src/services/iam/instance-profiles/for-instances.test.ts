import assert from 'node:assert/strict';
import { test } from 'node:test';
import { present } from '#platform/base/assert.ts';
import { hours } from '#platform/base/clock.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import { bootstrap } from '#services/iam/accounts/bootstrap.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { createSessions } from '#services/iam/identity/sessions.ts';
import { createInstanceProfiles } from '#services/iam/instance-profiles/for-instances.ts';
import { instanceProfiles } from '#services/iam/instance-profiles/state.ts';
import { entities, partitionOf, roles } from '#services/iam/state.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const MASTER_KEYS = { current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) };

async function start() {
  const store = openStore({ drivers: memoryDrivers() });
  const sealer = createSealer(MASTER_KEYS);
  const { first } = await bootstrap(store, sealer, NOW);
  const { account } = present(first, 'the first account is there');
  const identity = new IamIdentity(store, sealer);
  const profiles = createInstanceProfiles(store, createSessions(store, sealer, identity));
  const write = (roleId: string | undefined, service: string): void =>
    partitionOf(store, account).transact((tx) => {
      const Statement = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
      const trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement });
      const role = { name: 'Web', path: '/', id: 'AROA1', createdAt: NOW, trustPolicy, maxSessionSeconds: 3600 };
      tx.put(roles, roles.key('web'), role);
      tx.put(entities, entities.key('AROA1'), { kind: 'role', name: 'web' });
      const profile = { name: 'Web', path: '/p/', id: 'AIPA1', createdAt: NOW, ...(roleId && { roleId }) };
      tx.put(instanceProfiles, instanceProfiles.key('web'), profile);
      identitiesChanged(tx);
    });
  return { account, identity, profiles, write };
}

test('a profile is found by its name and by its whole ARN', async () => {
  const { account, profiles, write } = await start();
  write('AROA1', 'ec2.amazonaws.com');
  const arn = `arn:aws:iam::${account}:instance-profile/p/Web`;
  const found = profiles.profile(account, 'Web');
  assert.deepEqual(found, { account, arn, id: 'AIPA1', name: 'Web', roleArn: `arn:aws:iam::${account}:role/Web` });
  assert.deepEqual(profiles.profile(account, arn), found);
  assert.equal(profiles.profile(account, 'web'), undefined);
  assert.equal(profiles.profile(account, `arn:aws:iam::${account}:instance-profile/Web`), undefined);
  assert.equal(profiles.profile(account, 'arn:aws:iam::111111111111:instance-profile/p/Web'), undefined);
});

test('an instance gets credentials of the role that the profile holds now, if that trusts EC2', async () => {
  const { account, identity, profiles, write } = await start();
  const ask = () => profiles.credentials(present(profiles.profile(account, 'Web'), 'written before'), 'i-1', NOW);
  write(undefined, 'ec2.amazonaws.com');
  assert.equal(ask(), undefined);
  write('AROA1', 'lambda.amazonaws.com');
  assert.equal(ask(), undefined);
  write('AROA1', 'ec2.amazonaws.com');
  const keys = present(ask(), 'the role trusts EC2');
  assert.equal(keys.expiresAt, NOW + hours(6));
  const { principal } = identity.credential(keys.accessKeyId, keys.sessionToken, NOW);
  assert.ok(principal.kind === 'role-session');
  assert.equal(principal.arn, `arn:aws:sts::${account}:assumed-role/Web/i-1`);
});
