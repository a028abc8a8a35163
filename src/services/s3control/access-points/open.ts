/** Access points as requests meet them: found by name or alias, from the owner's memory. */
import { formatArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId, type Region } from '#platform/base/ids.ts';
import type { MemorySlot, ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import type { AccessPoint, AccessPoints } from '#services/s3control/api.ts';
import { fail } from '#services/s3control/errors.ts';
import {
  type AccessPointRow,
  accessPoints,
  aliases,
  attached,
  directoryOf,
  type PlaceRow,
} from '#services/s3control/state.ts';

const MOST_KEPT = 10_000;
const open: MemorySlot<Map<string, AccessPoint>> = { name: 's3control-access-points', load: () => new Map() };
const known: MemorySlot<Map<string, PlaceRow>> = { name: 's3control-aliases', load: () => new Map() };

export const accessPointArn = (account: AccountId, region: Region, name: string): string =>
  formatArn('s3', region, account, `accesspoint/${name}`);

export function findAccessPoint(tx: ReadTransaction, name: string): AccessPoint | undefined {
  const { account, region } = tx.partition.name;
  const kept = tx.partition.memory(open);
  const found = kept.get(name);
  if (found !== undefined) return found;
  const row = tx.get(accessPoints, accessPoints.key(name));
  if (row === undefined || !isAccountId(account)) return undefined;
  const point = { ...row, account, region, arn: accessPointArn(account, region, name) };
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(name, point);
  return point;
}

export const countAccessPoints = (tx: ReadTransaction): number => tx.range(accessPoints).length;

export const openAccessPoint = (tx: ReadTransaction, name: string): AccessPoint =>
  findAccessPoint(tx, name) ?? fail('NoSuchAccessPoint');

export function putAccessPoint(tx: Transaction, row: AccessPointRow): void {
  tx.put(accessPoints, accessPoints.key(row.name), row);
  forget(tx, row.name);
}

export function dropAccessPoint(tx: Transaction, name: string): void {
  tx.delete(accessPoints, accessPoints.key(name));
  forget(tx, name);
}

function forget(tx: Transaction, name: string): void {
  const kept = tx.partition.memory(open);
  kept.delete(name);
  tx.onUndo(() => kept.delete(name));
}

export function openAccessPoints(store: Store): AccessPoints {
  const find = (account: AccountId, region: Region, name: string): AccessPoint | undefined =>
    store.partition({ service: 's3control', account, region }).read((tx) => findAccessPoint(tx, name));
  return {
    find,
    findAlias(alias) {
      const memory = directoryOf(store).memory(known);
      const place = memory.get(alias) ?? directoryOf(store).read((tx) => tx.get(aliases, aliases.key(alias)));
      if (place === undefined) return undefined;
      if (memory.size >= MOST_KEPT) memory.clear();
      memory.set(alias, place);
      const point = find(place.account, place.region, place.name);
      // An alias is written before its access point, and outlives it for a moment: by then another one may bear the name.
      return point?.alias === alias ? point : undefined;
    },
    isAttached: (bucket) =>
      directoryOf(store).read((tx) => tx.range(attached, { prefix: [bucket], limit: 1 })).length > 0,
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

export async function detach(store: Store, { bucket, alias, account, region, name }: AccessPoint): Promise<void> {
  const directory = directoryOf(store);
  directory.transact((tx) => {
    tx.delete(aliases, aliases.key(alias));
    tx.delete(attached, attached.key(bucket, account, region, name));
    tx.partition.memory(known).delete(alias);
  });
  await directory.durable();
}
