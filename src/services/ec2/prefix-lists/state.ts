/** Managed prefix lists of customers, and what they held in earlier versions. Those of AWS's own are no rows (aws-lists.ts). */
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface PrefixListEntry {
  readonly cidr: string;
  readonly description?: string;
}

export interface PrefixListRow {
  /** `pl-…` */
  readonly id: string;
  readonly name: string;
  readonly addressFamily: 'IPv4' | 'IPv6';
  readonly maxEntries: number;
  readonly version: number;
  readonly entries: readonly PrefixListEntry[];
  /** What was done to it last, or tried. */
  readonly state: 'create-complete' | 'modify-complete' | 'modify-failed' | 'restore-complete';
  /** Why it failed. */
  readonly problem?: string;
}

export const prefixLists = rowsById<PrefixListRow>('prefix-list', { wakes: 'networks' });

/** List, version; not the present one. */
export const earlierVersions = table(
  'prefix-list-version',
  [text, u64],
  jsonRows<{ readonly entries: readonly PrefixListEntry[] }>(1),
);
