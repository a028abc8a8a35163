/** Users and roles by ARN and by unique id, for the policies and grants that name them (platform/policy/principal-ids.ts). */
import type { AccountId } from '#platform/base/ids.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { ReadTransaction, Store } from '#platform/store/store.ts';
import { roleById, userById } from '#services/iam/identity/principals.ts';
import { entityArn, nameOfArn } from '#services/iam/names.ts';
import { found, ROLE, USER } from '#services/iam/owners.ts';
import { partitionOf } from '#services/iam/state.ts';

export function createPrincipalDirectory(store: Store, isAccount: (account: AccountId) => boolean): PrincipalDirectory {
  // Accounts in ARNs are anybody's to make up: one that does not exist gets no partition.
  const read = <T>(account: string, action: (tx: ReadTransaction, account: AccountId) => T): T | undefined => {
    const known = account as AccountId;
    return isAccount(known) ? partitionOf(store, known).read((tx) => action(tx, known)) : undefined;
  };
  return {
    isAccount: (id) => isAccount(id as AccountId),
    idOf: (arn) => read(arn.split(':', 5)[4] ?? '', (tx, account) => idOfArn(tx, account, arn)),
    arnOf: (id, account) => read(account, (tx, known) => arnOfId(tx, known, id)),
  };
}

function idOfArn(tx: ReadTransaction, account: AccountId, arn: string): string | undefined {
  const noun = arn.includes(':user/') ? 'user' : 'role';
  const row = found(tx, noun === 'user' ? USER.table : ROLE.table, nameOfArn(arn));
  return row && entityArn(account, noun, row) === arn ? row.id : undefined;
}

function arnOfId(tx: ReadTransaction, account: AccountId, id: string): string | undefined {
  const user = userById(tx, id);
  if (user) return entityArn(account, 'user', user);
  const role = roleById(tx, id);
  return role && entityArn(account, 'role', role);
}
