/** Principals made from rows: of a long-term key, and of a session that was opened from its token. */

import type { AccountId } from '#platform/base/ids.ts';
import type { Credential, RoleSessionPrincipal, RootPrincipal, UserPrincipal } from '#platform/principal.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { openSecret } from '#services/iam/access-keys/keys.ts';
import { aliasesOf } from '#services/iam/account/state.ts';
import type { SessionPrincipal } from '#services/iam/api.ts';
import type { SessionRecord } from '#services/iam/identity/session-tokens.ts';
import { entityArn, rootArn } from '#services/iam/names.ts';
import { accessKeys, entities, ROOT_OWNER, type RoleRow, roles, type UserRow, users } from '#services/iam/state.ts';

function rootOf(tx: ReadTransaction, account: AccountId): RootPrincipal {
  const [alias] = aliasesOf(tx);
  return { kind: 'root', account, arn: rootArn(account), userId: account, ...(alias !== undefined && { alias }) };
}

const userOf = (account: AccountId, row: UserRow): UserPrincipal => ({
  kind: 'user',
  account,
  arn: entityArn(account, 'user', row),
  userId: row.id,
  userName: row.name,
});

export function userById(tx: ReadTransaction, id: string): UserRow | undefined {
  const entity = tx.get(entities, entities.key(id));
  return entity?.kind === 'user' ? tx.get(users, users.key(entity.name)) : undefined;
}

export function roleById(tx: ReadTransaction, id: string): RoleRow | undefined {
  const entity = tx.get(entities, entities.key(id));
  return entity?.kind === 'role' ? tx.get(roles, roles.key(entity.name)) : undefined;
}

/** Undefined if there is no active key of this id in the account. */
export function credentialOfKey(
  tx: ReadTransaction,
  account: AccountId,
  accessKeyId: string,
  sealer: Sealer,
): Credential | undefined {
  const row = tx.get(accessKeys, accessKeys.key(accessKeyId));
  if (row?.status !== 'Active') return undefined;
  const user = row.owner === ROOT_OWNER ? undefined : userById(tx, row.owner);
  if (row.owner !== ROOT_OWNER && !user) return undefined;
  const principal = user ? userOf(account, user) : rootOf(tx, account);
  return { accessKeyId, secretAccessKey: openSecret(sealer, account, row), principal };
}

/** Undefined if the user or role behind the session is gone. */
export function principalOfSession(
  tx: ReadTransaction,
  record: Pick<SessionRecord, 'account' | 'owner' | 'facts'>,
): SessionPrincipal | undefined {
  const { account, owner, facts: session } = record;
  switch (owner.kind) {
    case 'root':
      return { ...rootOf(tx, account), session };
    case 'user': {
      const user = userById(tx, owner.id);
      return user && { ...userOf(account, user), session };
    }
    case 'role': {
      const role = roleById(tx, owner.id);
      return role && roleSession(account, role, owner.sessionName, session);
    }
    case 'federated': {
      const issuer = issuerOf(tx, account, owner.id);
      if (issuer === undefined) return undefined;
      const arn = `arn:aws:sts::${account}:federated-user/${owner.name}`;
      const userId = `${account}:${owner.name}`;
      // Under the name of now: the old one of a renamed user may be somebody else's by now.
      const issuerId = issuer.kind === 'user' ? { issuerId: issuer.userId } : {};
      return {
        kind: 'federated-user',
        account,
        arn,
        userId,
        session: { ...session, issuerArn: issuer.arn, ...issuerId },
      };
    }
  }
}

function issuerOf(tx: ReadTransaction, account: AccountId, id: string): RootPrincipal | UserPrincipal | undefined {
  if (id === ROOT_OWNER) return rootOf(tx, account);
  const user = userById(tx, id);
  return user && userOf(account, user);
}

function roleSession(
  account: AccountId,
  role: RoleRow,
  sessionName: string,
  session: RoleSessionPrincipal['session'],
): RoleSessionPrincipal {
  return {
    kind: 'role-session',
    account,
    // A session's ARN has the role's name without its path.
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
    userId: `${role.id}:${sessionName}`,
    roleArn: entityArn(account, 'role', role),
    roleId: role.id,
    roleName: role.name,
    session,
  };
}
