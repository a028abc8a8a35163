/** Multi-region access points as requests meet them: found by alias, with the bucket that a request is sent to. */
import { formatArn } from '#platform/base/arn.ts';
import { type AccountId, GLOBAL_REGION, isAccountId, type Region } from '#platform/base/ids.ts';
import { byId } from '#platform/policy/principal-ids.ts';
import { keptRows } from '#platform/store/kept-rows.ts';
import type { ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import type { AccessPoint } from '#services/s3control/api.ts';
import { fail } from '#services/s3control/errors.ts';
import {
  accountPartition,
  aliases,
  directoryOf,
  type MultiRegionRow,
  multiRegionPoints,
} from '#services/s3control/state.ts';

const open = keptRows<MultiRegionRow>('s3control-multi-region', 1000);

/** No region: it has all of them. */
export const multiRegionArn = (account: AccountId, alias: string): string =>
  formatArn('s3', '', account, `accesspoint/${alias}`);

export function findMultiRegion(tx: ReadTransaction, name: string): MultiRegionRow | undefined {
  const known = open.get(tx.partition, name);
  if (known !== undefined) return known;
  const row = tx.get(multiRegionPoints, multiRegionPoints.key(name));
  return row && open.keep(tx.partition, name, row);
}

export const openMultiRegion = (tx: ReadTransaction, name: string): MultiRegionRow =>
  findMultiRegion(tx, name) ?? fail('NoSuchMultiRegionAccessPoint');

export function putMultiRegion(tx: Transaction, row: MultiRegionRow): void {
  tx.put(multiRegionPoints, multiRegionPoints.key(row.name), row);
  open.forget(tx, row.name);
}

export function dropMultiRegion(tx: Transaction, name: string): void {
  tx.delete(multiRegionPoints, multiRegionPoints.key(name));
  open.forget(tx, name);
}

/**
 * The access point of an alias, with the bucket that a request from `near` is sent to: the one of that region if it is active,
 * else the first active one. Undefined while it is made, and when it is gone.
 */
export function routeTo(store: Store, alias: string, near: Region): AccessPoint | undefined {
  const place = directoryOf(store).read((tx) => tx.get(aliases, aliases.key(alias)));
  if (place === undefined || place.region !== GLOBAL_REGION || !isAccountId(place.account)) return undefined;
  const { account } = place;
  const row = accountPartition(store, account).read((tx) => findMultiRegion(tx, place.name));
  if (row?.alias !== alias || row.status === 'CREATING') return undefined;
  const active = row.regions.filter(({ isActive }) => isActive);
  const chosen = active.find(({ region }) => region === near) ?? active[0];
  if (chosen === undefined) return undefined;
  const { name, createdAt, policy, policyPrincipals = {}, publicAccessBlock } = row;
  return {
    ...{ name, alias, account, createdAt, publicAccessBlock },
    arn: multiRegionArn(account, alias),
    region: chosen.region,
    bucket: chosen.bucket,
    bucketAccount: chosen.bucketAccount,
    ...(policy !== undefined && { policy: byId(policy, policyPrincipals) }),
  };
}
