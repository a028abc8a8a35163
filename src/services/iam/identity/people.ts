/** IAM as the sign-in of people sees it: who there is, whether a password or a code is theirs, what they may do once they are in. */
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { globalContext } from '#platform/policy/context.ts';
import { evaluate } from '#platform/policy/evaluate.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import { aliasOwners } from '#services/iam/account/state.ts';
import type { PasswordState, PeopleApi, Permission, Person, SessionPrincipal } from '#services/iam/api.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import { principalOfSession } from '#services/iam/identity/principals.ts';
import { devicesOf, takeCode } from '#services/iam/mfa/devices.ts';
import { entityArn, rootArn } from '#services/iam/names.ts';
import { found } from '#services/iam/owners.ts';
import { type PasswordOwner, type Passwords, profileOf } from '#services/iam/passwords/passwords.ts';
import { expiryOf, policyOf } from '#services/iam/passwords/policy.ts';
import { passwordUses } from '#services/iam/passwords/state.ts';
import { directoryOf, partitionOf, ROOT_OWNER, users } from '#services/iam/state.ts';

export function createPeople(store: Store, sealer: Sealer, identity: IamIdentity, passwords: Passwords): PeopleApi {
  const place = (account: AccountId) => partitionOf(store, account);
  const ownerOf = ({ account, id, userName }: Person): PasswordOwner => ({
    partition: place(account),
    account,
    id,
    name: userName ?? account,
  });
  return {
    account: (idOrAlias) => accountNamed(store, identity, idOrAlias),
    person(account, userName) {
      if (userName === undefined) return { account, id: ROOT_OWNER, arn: rootArn(account) };
      const row = place(account).read((tx) => found(tx, users, userName));
      return row && { account, id: row.id, arn: entityArn(account, 'user', row), userName };
    },
    isPassword: (person, password) => passwords.isPassword(person && ownerOf(person), password),
    passwordState: (person, now) => stateOf(store, person, now),
    async setPassword(person, password, now) {
      await passwords.replace(ownerOf(person), password, now);
      await identity.durable(person.account);
    },
    hasMfa: ({ account, id }) => place(account).read((tx) => devicesOf(tx, id)).length > 0,
    takeMfaCode: ({ account, id }, code, now) =>
      place(account).transact((tx) => takeCode(tx, sealer, account, { devices: devicesOf(tx, id), code, now }))?.serial,
    noteSignIn({ account, id }, now) {
      place(account).transact((tx) => tx.put(passwordUses, passwordUses.key(id), { at: now }));
    },
    principal: (account, owner, facts) =>
      place(account).read((tx) => principalOfSession(tx, { account, owner, facts })),
    isAllowed: (principal, permission) => isAllowed(identity, principal, permission),
  };
}

/** An alias never looks like an id. */
function accountNamed(store: Store, identity: IamIdentity, idOrAlias: string): AccountId | undefined {
  const account = isAccountId(idOrAlias)
    ? idOrAlias
    : directoryOf(store).read((tx) => tx.get(aliasOwners, aliasOwners.key(idOrAlias)))?.account;
  return account !== undefined && identity.isAccount(account) ? account : undefined;
}

function stateOf(
  store: Store,
  { account, id }: Pick<Person, 'account' | 'id'>,
  now: Milliseconds,
): PasswordState | undefined {
  return partitionOf(store, account).read((tx) => {
    const profile = profileOf(tx, id);
    if (!profile) return undefined;
    const policy = id === ROOT_OWNER ? undefined : policyOf(tx);
    const expiresAt = expiryOf(profile, policy);
    const isExpired = expiresAt !== undefined && expiresAt <= now;
    const renewal = isExpired ? (policy?.hardExpiry ? 'administrator' : 'renewal') : 'nothing';
    return {
      changedAt: profile.changedAt,
      ...(expiresAt !== undefined && { expiresAt }),
      need: profile.isResetRequired && renewal !== 'administrator' ? 'reset' : renewal,
    };
  });
}

/** As the authoriser decides, for a resource without a policy of its own in the principal's account. */
function isAllowed(identity: IamIdentity, principal: SessionPrincipal, permission: Permission): boolean {
  const { action, resource, call, conditions = {} } = permission;
  const context = globalContext({
    principal,
    now: call.now,
    sourceAddress: call.sourceAddress,
    userAgent: call.userAgent,
    isSecure: call.origin.startsWith('https:'),
    requestedRegion: 'us-east-1',
    resourceAccount: principal.account,
    principalTags: () => identity.tagsOf(principal),
    serviceKeys: conditions,
  });
  const policies = identity.policiesOf(principal);
  return evaluate({ principal, policies, action, resource, resourceAccount: principal.account, context }).allowed;
}
