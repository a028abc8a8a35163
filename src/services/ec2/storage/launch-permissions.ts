/** With whom an image or a snapshot is shared: accounts, or everybody. What a request adds and removes. */
import { isAccountId } from '#platform/base/ids.ts';
import { fail } from '#services/ec2/errors.ts';
import { EVERYBODY } from '#services/ec2/sharing.ts';

interface Named {
  readonly UserId?: string;
  readonly Group?: string;
}

/** In one of three forms: a structure of what to add and remove, or an operation with names, or a group's. */
export interface SharingInput {
  readonly permissions?: { readonly Add?: readonly Named[]; readonly Remove?: readonly Named[] } | undefined;
  readonly OperationType?: string | undefined;
  readonly users?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** "You can make up to 500 modifications to a snapshot in a single operation." */
const MOST_CHANGES = 500;

export interface SharingChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export function sharingChange({ permissions, OperationType, users = [], groups = [] }: SharingInput): SharingChange {
  const named = [...users.map((UserId) => ({ UserId })), ...groups.map((Group) => ({ Group }))];
  const isAdding = OperationType !== 'remove';
  const add = [...(permissions?.Add ?? []), ...(isAdding ? named : [])].map(nameOf);
  const remove = [...(permissions?.Remove ?? []), ...(isAdding ? [] : named)].map(nameOf);
  if (add.length + remove.length > MOST_CHANGES) {
    fail('InvalidValue', `At most ${MOST_CHANGES} permissions can be changed in a request.`);
  }
  return { add, remove };
}

function nameOf({ UserId: user, Group: group }: Named): string {
  if (group !== undefined) return group === EVERYBODY ? EVERYBODY : fail('InvalidGroup', group);
  if (user === undefined) return fail('MissingParameter', 'UserId');
  return isAccountId(user) ? user : fail('InvalidUser', user);
}

export const changedSharing = (now: readonly string[], { add, remove }: SharingChange): string[] =>
  [...new Set([...now, ...add])].filter((name) => !remove.includes(name));

export const shownPermissions = (sharedWith: readonly string[]): { UserId?: string; Group?: 'all' }[] =>
  sharedWith.map((name) => (name === EVERYBODY ? { Group: 'all' } : { UserId: name }));
