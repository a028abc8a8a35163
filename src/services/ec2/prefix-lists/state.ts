/** Managed prefix lists: customers' own, and those of AWS's, which belong to nobody. */
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
  /** By version, the newest last. */
  readonly versions: readonly { readonly version: number; readonly entries: readonly PrefixListEntry[] }[];
}

export const prefixLists = rowsById<PrefixListRow>('prefix-list', { wakes: 'networks' });
