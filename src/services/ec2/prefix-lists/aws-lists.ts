/**
 * Prefix lists that AWS manages ("Work with AWS-managed prefix lists"): the same for every account, and rows of none. Each stands for
 * the addresses of one service in a region. Which addresses those are here depends on the host: until endpoints are there, a guest reaches
 * this cloud by no address of its own, so the lists have the documentation blocks of RFC 5737, which nobody has.
 */
import type { PrefixListRow } from '#services/ec2/prefix-lists/state.ts';

const LISTS = [
  { service: 's3', id: 'pl-63a5400a', cidrs: ['198.51.100.0/25'] },
  { service: 'dynamodb', id: 'pl-02cd2c6b', cidrs: ['198.51.100.128/25'] },
] as const;

export const awsLists = (region: string): readonly PrefixListRow[] =>
  LISTS.map(({ service, id, cidrs }) => ({
    id,
    name: `com.amazonaws.${region}.${service}`,
    addressFamily: 'IPv4',
    maxEntries: cidrs.length,
    version: 1,
    entries: cidrs.map((cidr) => ({ cidr })),
    state: 'create-complete',
  }));

export const awsList = (region: string, id: string): PrefixListRow | undefined =>
  awsLists(region).find((list) => list.id === id);

export const isAwsList = (id: string): boolean => LISTS.some((list) => list.id === id);
