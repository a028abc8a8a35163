/** Access points as requests meet them: found by name or alias, from the owner's memory. */
import { formatArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId, type Region } from '#platform/base/ids.ts';
import { byId } from '#platform/policy/principal-ids.ts';
import { keptRows } from '#platform/store/kept-rows.ts';
import type { ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import { tagsOf } from '#platform/tags.ts';
import type { AccessPoint, AccessPoints } from '#services/s3control/api.ts';
import { fail } from '#services/s3control/errors.ts';
import { routeTo } from '#services/s3control/multi-region/open.ts';
import {
  type AccessPointRow,
  accessPoints,
  aliases,
  attached,
  directoryOf,
  type PlaceRow,
} from '#services/s3control/state.ts';

const MOST_KEPT = 10_000;
const open = keptRows<AccessPoint>('s3control-access-points', MOST_KEPT);
const known = keptRows<PlaceRow>('s3control-aliases', MOST_KEPT);

export const accessPointArn = (account: AccountId, region: Region, name: string): string =>
  formatArn('s3', region, account, `accesspoint/${name}`);

export function findAccessPoint(tx: ReadTransaction, name: string): AccessPoint | undefined {
  const { account, region } = tx.partition.name;
  const found = open.get(tx.partition, name);
  if (found !== undefined) return found;
  const row = tx.get(accessPoints, accessPoints.key(name));
  if (row === undefined || !isAccountId(account)) return undefined;
  const { policy, policyPrincipals, ...rest } = row;
  return open.keep(tx.partition, name, {
    ...rest,
    ...(policy !== undefined && { policy: byId(policy, policyPrincipals ?? {}) }),
    ...{ account, region, arn: accessPointArn(account, region, name) },
  });
}

export const countAccessPoints = (tx: ReadTransaction): number => tx.range(accessPoints).length;

export const openAccessPoint = (tx: ReadTransaction, name: string): AccessPoint =>
  findAccessPoint(tx, name) ?? fail('NoSuchAccessPoint');

export function putAccessPoint(tx: Transaction, row: AccessPointRow): void {
  tx.put(accessPoints, accessPoints.key(row.name), row);
  open.forget(tx, row.name);
}

export function dropAccessPoint(tx: Transaction, name: string): void {
  tx.delete(accessPoints, accessPoints.key(name));
  open.forget(tx, name);
}

export function openAccessPoints(store: Store): AccessPoints {
  const find = (account: AccountId, region: Region, name: string): AccessPoint | undefined =>
    store.partition({ service: 's3control', account, region }).read((tx) => findAccessPoint(tx, name));
  const placeOf = (alias: string): PlaceRow | undefined => {
    const directory = directoryOf(store);
    const place = known.get(directory, alias);
    if (place !== undefined) return place;
    const row = directory.read((tx) => tx.get(aliases, aliases.key(alias)));
    return row && known.keep(directory, alias, row);
  };
  return {
    find,
    findAlias(alias) {
      const place = placeOf(alias);
      if (place === undefined) return undefined;
      const point = find(place.account, place.region, place.name);
      // An alias is written before its access point, and outlives it for a moment: by then another one may bear the name.
      return point?.alias === alias ? point : undefined;
    },
    tagsOf: ({ account, region, arn }) =>
      store.partition({ service: 's3control', account, region }).read((tx) => tagsOf(tx, arn)),
    routeTo: (alias, near) => routeTo(store, alias, near),
    isAttached: (bucket, account) =>
      directoryOf(store).read((tx) => tx.range(attached, { prefix: [bucket, account], limit: 1 })).length > 0,
  };
}

/** On disk when the promise resolves. */
export async function attach(store: Store, bucket: string, alias: string, place: PlaceRow): Promise<void> {
  const directory = directoryOf(store);
  directory.transact((tx) => {
    tx.put(aliases, aliases.key(alias), place);
    tx.put(attached, attached.key(bucket, place.account, place.region, place.name), {});
  });
  await directory.durable();
}

type Attached = PlaceRow & Pick<AccessPoint, 'bucket' | 'alias'>;

export async function detach(store: Store, { bucket, alias, account, region, name }: Attached): Promise<void> {
  const directory = directoryOf(store);
  directory.transact((tx) => {
    tx.delete(aliases, aliases.key(alias));
    tx.delete(attached, attached.key(bucket, account, region, name));
    known.forget(tx, alias);
  });
  await directory.durable();
}
