/**
 * What a prefix list counts for where it is referred to: "When you reference a prefix list in a resource, the maximum number of entries for the
 * prefix lists counts against the quota for the number of entries for the resource." Quotas of rules and of routes are for IPv4 and for
 * IPv6 apart.
 */
import type { ReadTransaction } from '#platform/store/store.ts';
import { findPrefixList } from '#services/ec2/prefix-lists/find-list.ts';
import type { PrefixListRow } from '#services/ec2/prefix-lists/state.ts';

export interface Weight {
  readonly ipv4: number;
  readonly ipv6: number;
}

/** By the list's id. */
export type ListSizes = (id: string) => Weight;

/** `changed` is a list as it would be. */
export const listSizes =
  (tx: ReadTransaction, region: string, changed?: PrefixListRow): ListSizes =>
  (id) => {
    const { addressFamily, maxEntries } = changed?.id === id ? changed : findPrefixList(tx, region, id);
    return addressFamily === 'IPv4' ? { ipv4: maxEntries, ipv6: 0 } : { ipv4: 0, ipv6: maxEntries };
  };

export const ofFamily = (address: string): Weight =>
  address.includes(':') ? { ipv4: 0, ipv6: 1 } : { ipv4: 1, ipv6: 0 };

/** In the family that has more. */
export function heaviest(weights: readonly Weight[]): number {
  const sum = (family: keyof Weight): number => weights.reduce((total, weight) => total + weight[family], 0);
  return Math.max(sum('ipv4'), sum('ipv6'));
}
