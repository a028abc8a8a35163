import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hours } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Transaction } from '#platform/store/store.ts';
import { accountOfKeyId, newAccessKeyId } from '#services/iam/access-keys/access-key-id.ts';
import { createAccounts } from '#services/iam/accounts/accounts.ts';
import { bootstrap, firstKeys } from '#services/iam/accounts/bootstrap.ts';
import { IamIdentity } from '#services/iam/identity/identity.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { createPeople } from '#services/iam/identity/people.ts';
import { sessionTokens } from '#services/iam/identity/session-tokens.ts';
import { Passwords } from '#services/iam/passwords/passwords.ts';
import { accessKeys, accounts, attachments, directoryOf, partitionOf, users } from '#services/iam/state.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const MASTER_KEYS = { current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) };
const OWN = '123456789012' as AccountId;

async function cloud() {
  const store = openStore({ drivers: memoryDrivers() });
  const sealer = createSealer(MASTER_KEYS);
  const keys = await bootstrap(store, sealer, NOW);
  const identity = new IamIdentity(store, sealer);
  const change = (account: AccountId, action: (tx: Transaction) => void): void =>
    partitionOf(store, account).transact((tx) => {
      action(tx);
      identitiesChanged(tx);
    });
  return { store, sealer, keys, identity, everyone: createAccounts(store, sealer), change };
}

const code = (expected: string) => (error: unknown) => error instanceof ServiceError && error.code === expected;

test('an access key id names its account', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 999_999_999_999 }),
      fc.constantFrom('AKIA' as const, 'ASIA' as const),
      (n, prefix) => {
        const account = String(n).padStart(12, '0') as AccountId;
        const id = newAccessKeyId(prefix, account);
        assert.match(id, /^A[KS]IA[A-Z2-7]{16}$/);
        assert.equal(accountOfKeyId(id), account);
      },
    ),
  );
  assert.equal(accountOfKeyId('AKIAIOSFODNN7EXAMPLE'), undefined);
});

test('first start makes the operator and a first account, and a second start the same', async () => {
  const { store, sealer, keys, identity } = await cloud();
  const operator = identity.credential(keys.operator.accessKeyId, undefined, NOW);
  assert.equal(operator.secretAccessKey, keys.operator.secretAccessKey);
  assert.deepEqual(operator.principal, {
    kind: 'root',
    account: '000000000000',
    arn: 'arn:aws:iam::000000000000:root',
    userId: '000000000000',
  });
  const { administrator, account } = keys.first ?? assert.fail('there is a first account');
  const { principal } = identity.credential(administrator.accessKeyId, undefined, NOW);
  assert.equal(principal.kind === 'user' && principal.arn, `arn:aws:iam::${account}:user/administrator`);
  assert.equal(identity.policiesOf(principal).identity.length, 1);
  assert.deepEqual(await bootstrap(store, sealer, NOW + 1), keys);
});

test('a first start that was interrupted is finished by the next', async () => {
  const store = openStore({ drivers: memoryDrivers() });
  const sealer = createSealer(MASTER_KEYS);
  const everyone = createAccounts(store, sealer);
  await everyone.createOperator(NOW);
  const made = await everyone.createAccount({}, NOW);
  const keys = await bootstrap(store, sealer, NOW + 1);
  assert.equal(keys.first?.account, made.account.id, 'the account that was made is the first');
  assert.equal(keys.first?.administrator.accessKeyId, made.administrator.accessKeyId);
  assert.equal(everyone.listAccounts(undefined, 10).length, 1);
});

test('a crash between the two steps of an account leaves an id that can be used', async () => {
  const { store, sealer, everyone, identity } = await cloud();
  const half = await everyone.createAccount({ id: OWN }, NOW);
  directoryOf(store).transact((tx) => tx.delete(accounts, accounts.key(OWN)));
  assert.throws(() => identity.credential(half.root.accessKeyId, undefined, NOW), code('InvalidClientTokenId'));
  const whole = await everyone.createAccount({ id: OWN }, NOW + 1);
  assert.throws(() => identity.credential(half.root.accessKeyId, undefined, NOW), code('InvalidClientTokenId'));
  assert.equal(
    new IamIdentity(store, sealer).credential(whole.root.accessKeyId, undefined, NOW).principal.kind,
    'root',
  );
});

test('an operator chooses ids and keys, once', async () => {
  const { everyone, identity } = await cloud();
  const chosen = { accessKeyId: 'test', secretAccessKey: 'test' };
  assert.throws(() => identity.credential('test', undefined, NOW), code('InvalidClientTokenId'));
  await everyone.createAccount({ id: OWN, ...chosen }, NOW);
  const { principal, secretAccessKey } = identity.credential('test', undefined, NOW);
  assert.equal(secretAccessKey, 'test');
  assert.equal(principal.kind === 'user' && principal.account, OWN);
  await assert.rejects(everyone.createAccount({ id: OWN }, NOW), code('AccountAlreadyExistsException'));
  await assert.rejects(everyone.createAccount(chosen, NOW), code('AccessKeyAlreadyExistsException'));
  await assert.rejects(
    everyone.createAccountAccessKey({ account: OWN, owner: 'root', ...chosen }, NOW),
    code('AccessKeyAlreadyExistsException'),
  );
  const two = await Promise.allSettled([1, 2].map(() => everyone.createAccount({ id: '210987654321' }, NOW)));
  assert.deepEqual(two.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a deactivated or deleted key is refused from the next request on, and an undone change is not felt', async () => {
  const { everyone, identity, change, store } = await cloud();
  const { root } = await everyone.createAccount({ id: OWN }, NOW);
  const id = root.accessKeyId;
  const key = accessKeys.key(id);
  identity.credential(id, undefined, NOW);
  const row = partitionOf(store, OWN).read((tx) => tx.get(accessKeys, key)) ?? assert.fail();
  assert.throws(() =>
    change(OWN, (tx) => {
      tx.put(accessKeys, key, { ...row, status: 'Inactive' });
      identitiesChanged(tx);
      throw new Error('undone');
    }),
  );
  identity.credential(id, undefined, NOW);
  change(OWN, (tx) => tx.put(accessKeys, key, { ...row, status: 'Inactive' }));
  assert.throws(() => identity.credential(id, undefined, NOW), code('InvalidClientTokenId'));
  change(OWN, (tx) => tx.put(accessKeys, key, row));
  identity.credential(id, undefined, NOW);
  change(OWN, (tx) => tx.delete(accessKeys, key));
  assert.throws(() => identity.credential(id, undefined, NOW), code('InvalidClientTokenId'));
});

test('policies follow changes at once', async () => {
  const { everyone, identity, change, store } = await cloud();
  const { administrator } = await everyone.createAccount({ id: OWN }, NOW);
  const { principal } = identity.credential(administrator.accessKeyId, undefined, NOW);
  const id = principal.kind === 'user' ? principal.userId : '';
  const policies = () => identity.policiesOf(principal);
  assert.equal(policies(), policies(), 'kept as long as nothing changes');
  const attachment = attachments.key(id, 'arn:aws:iam::aws:policy/AdministratorAccess');
  assert.throws(() =>
    partitionOf(store, OWN).transact((tx) => {
      tx.delete(attachments, attachment);
      identitiesChanged(tx);
      assert.equal(policies().identity.length, 0);
      throw new Error('undone');
    }),
  );
  assert.equal(policies().identity.length, 1);
  change(OWN, (tx) => tx.delete(attachments, attachment));
  assert.equal(policies().identity.length, 0);
});

test('session tokens can be neither altered nor joined with another key, and they end', async () => {
  const { everyone, identity, sealer, change } = await cloud();
  await everyone.createAccount({ id: OWN }, NOW);
  const tokens = sessionTokens(sealer);
  const facts = { issuedAt: NOW, expiresAt: NOW + hours(1) };
  const session = tokens.issue(OWN, { kind: 'root' }, facts);
  const { accessKeyId, sessionToken } = session;
  assert.equal(identity.credential(accessKeyId, sessionToken, NOW).secretAccessKey, session.secretAccessKey);
  const other = tokens.issue(OWN, { kind: 'root' }, facts);
  assert.throws(() => identity.credential(other.accessKeyId, sessionToken, NOW), code('InvalidClientTokenId'));
  assert.throws(() => identity.credential(accessKeyId, undefined, NOW), code('InvalidClientTokenId'));
  assert.throws(() => identity.credential(accessKeyId, sessionToken, NOW + hours(1)), code('ExpiredToken'));
  const everyIndex = fc.integer({ min: 0, max: sessionToken.length - 1 });
  fc.assert(
    fc.property(everyIndex, fc.string({ minLength: 0, maxLength: 3 }), (at, piece) => {
      const altered = sessionToken.slice(0, at) + piece + sessionToken.slice(at + 1);
      fc.pre(altered !== sessionToken);
      assert.throws(() => identity.credential(accessKeyId, altered, NOW), code('InvalidClientTokenId'));
    }),
  );
  for (const same of [`${sessionToken} `, `${sessionToken}=`, `\n${sessionToken}`]) {
    assert.throws(() => identity.credential(accessKeyId, same, NOW), code('InvalidClientTokenId'));
  }
  const user = tokens.issue(OWN, { kind: 'user', id: 'AIDANOBODY' }, facts);
  assert.throws(() => identity.credential(user.accessKeyId, user.sessionToken, NOW), code('InvalidClientTokenId'));
  change(OWN, (tx) => tx.delete(users, users.key('administrator')));
  identity.credential(accessKeyId, sessionToken, NOW);
});

test('the first account’s key follows what its owner does', async () => {
  const { store, sealer, keys, change } = await cloud();
  const account = keys.first?.account ?? assert.fail();
  change(account, (tx) => tx.delete(users, users.key('administrator')));
  assert.equal(firstKeys(store, sealer).first, undefined);
});

test('a password that is set is on disk when that is said', async () => {
  const { store, sealer, keys, identity } = await cloud();
  const account = keys.first?.account ?? assert.fail();
  const people = createPeople(store, sealer, identity, new Passwords(sealer));
  const root = people.person(account, undefined) ?? assert.fail();
  await people.setPassword(root, 'correct-Horse-7', NOW);
  assert.equal(identity.durable(account), undefined);
  assert.equal(await people.isPassword(root, 'correct-Horse-7'), true);
});
