/** Instance profiles, by lower-case name. A profile holds its role by unique id: a role made again is another one. */
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { nameKey } from '#services/iam/names.ts';

export interface InstanceProfileRow {
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAt: number;
  /** "An instance profile can contain only one IAM role. This limit cannot be increased." */
  readonly roleId?: string;
}

export const instanceProfiles = table('instance-profile', [text], jsonRows<InstanceProfileRow>(1));
/** Role id, the profile's lower-case name. */
export const profilesOfRole = table('profile-of-role', [text, text], jsonRows<Readonly<Record<string, never>>>(1));

/** Names are unique without regard to case, but are asked for as they are written. */
export function profileNamed(tx: ReadTransaction, name: string): InstanceProfileRow | undefined {
  const row = tx.get(instanceProfiles, instanceProfiles.key(nameKey(name)));
  return row?.name === name ? row : undefined;
}

export const isInProfile = (tx: ReadTransaction, roleId: string): boolean =>
  tx.range(profilesOfRole, { prefix: [roleId], limit: 1 }).length > 0;
