/**
 * How related multi-Region keys keep in step. Each lives in the partition of its region, and no transaction writes two. So who
 * changes what they share (primary, replicas, rotation, key material) notes in the same transaction which regions are still to
 * be told; once that is on disk they are told from what the rows say then, and the note goes. A crash or a busy store in
 * between leaves the note, and a timer tells again. Telling twice does no harm.
 *
 * Key material goes from region to region within this process: opened from one seal, sealed again for the other place.
 */
import { minutes } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { cancelTimer, setTimer } from '#platform/jobs/timers.ts';
import type { KeyMaterialState } from '#platform/model/generated/kms.ts';
import type { TimerJob } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import {
  type Partition,
  type ReadTransaction,
  StoreBusy,
  StoreUnavailable,
  type Transaction,
} from '#platform/store/store.ts';
import { findKey, keyChanged, type OpenKey, putKey } from '#services/kms/keys/open-key.ts';
import { startDeletion } from '#services/kms/keys/waiting.ts';
import { nextSequence, putMaterial, sealMaterial, secretOf } from '#services/kms/material/material.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { armRotation } from '#services/kms/rotation/schedule.ts';
import { recordSynchronization } from '#services/kms/service-events.ts';
import { materials, type Related, untold } from '#services/kms/state.ts';

export const withReplicas = (related: Related, replicas: readonly Region[]): Related => ({
  ...related,
  replicas,
  version: related.version + 1,
});

export const relatedRegions = ({ primary, replicas }: Related): Region[] => [primary, ...replicas];

/** Notes that a region is to be told, in a minute at the latest. */
export function noteUntold(tx: Transaction, keyId: string, regions: readonly Region[], now: number): void {
  for (const region of regions) tx.put(untold, untold.key(keyId, region), {});
  setTimer(tx, { job: 'tellRelatedKeys', id: keyId, due: now + minutes(1), payload: { key: keyId } });
}

/** In the transaction that changed the key. `now` is wall time. */
export function tellRelated(
  parts: KmsParts,
  tx: Transaction,
  keyId: string,
  regions: readonly Region[],
  now: number,
): void {
  const { partition } = tx;
  const others = regions.filter((region) => region !== partition.name.region);
  if (others.length === 0) return;
  noteUntold(tx, keyId, others, now);
  tx.onDurable(() => tellLater(parts, partition, keyId, now));
}

/** Set again until every region is told. */
export const tellRelatedKeys =
  (parts: KmsParts): TimerJob =>
  (tx, { key }, { now, partition }) => {
    // The payload is tellRelated's.
    const keyId = String(key);
    setTimer(tx, { job: 'tellRelatedKeys', id: keyId, due: now + minutes(1), payload: { key: keyId } });
    tx.onDurable(() => tellLater(parts, partition, keyId, now));
  };

/** Where the store takes nothing the note stays, and the timer tells. */
function tellLater(parts: KmsParts, partition: Partition, keyId: string, now: number): void {
  tellAll(parts, partition, keyId, now).catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable || error instanceof StoreBusy)) throw error;
  });
}

export async function tellAll(parts: KmsParts, partition: Partition, keyId: string, now: number): Promise<void> {
  const noted = (tx: ReadTransaction) => tx.range(untold, { prefix: [keyId] }).map(({ key }) => untold.parts(key)[1]);
  const regions = await again(() => partition.read(noted));
  for (const region of regions) {
    // A note of ours: a region that there is.
    await tell(parts, partition, keyId, region as Region, now);
  }
  await again(() =>
    partition.transact((tx) => {
      if (tx.range(untold, { prefix: [keyId], limit: 1 }).length === 0) cancelTimer(tx, 'tellRelatedKeys', keyId);
      const key = findKey(tx, keyId);
      const isPrimary = key?.row.related?.primary === partition.name.region;
      if (regions.length > 0 && isPrimary) recordSynchronization(tx, key, now);
    }),
  );
}

async function tell(parts: KmsParts, from: Partition, keyId: string, region: Region, now: number): Promise<void> {
  const isThere = await again(() => {
    const source = from.read((tx) => findKey(tx, keyId));
    // Only an account's own partition has keys.
    const target = parts.partitionOf(from.name.account as AccountId, region);
    return target.transact((tx) => {
      const key = findKey(tx, keyId);
      if (key === undefined) return false;
      if (source === undefined) forgetReplica(tx, key, from.name.region, now);
      else share(parts, tx, key, source, from, now);
      return true;
    });
  });
  await again(() =>
    from.transact((tx) => {
      tx.delete(untold, untold.key(keyId, region));
      // Its replication was cut short, or it is deleted.
      const key = findKey(tx, keyId);
      if (!isThere && key?.row.related?.replicas.includes(region)) forgetReplica(tx, key, region, now);
    }),
  );
}

/** Material goes one way; what a replica has not heard of yet takes nothing back. */
const RANK: Readonly<Record<KeyMaterialState, number>> = {
  PENDING_MULTI_REGION_IMPORT_AND_ROTATION: 0,
  PENDING_ROTATION: 1,
  CURRENT: 2,
  NON_CURRENT: 3,
};

/** What the related keys have in common, as the source has it. */
export function share(
  parts: KmsParts,
  tx: Transaction,
  key: OpenKey,
  source: OpenKey,
  from: Partition,
  now: number,
): void {
  const isNewer = (source.row.related?.version ?? 0) > (key.row.related?.version ?? 0);
  const isFromPrimary = source.row.related?.primary === from.name.region;
  if (isFromPrimary) dropPending(tx, key, source);
  for (const material of source.materials) {
    const { id, state, rotatedAt, rotationType, publicKey } = material.row;
    const own = key.materials.find(({ row }) => row.id === id);
    if (own !== undefined && !isFromPrimary && RANK[state] <= RANK[own.row.state]) continue;
    const facts = {
      state,
      ...(rotatedAt !== undefined && { rotatedAt }),
      ...(rotationType !== undefined && { rotationType }),
    };
    if (own !== undefined) {
      putMaterial(tx, key.row.id, own.sequence, { ...own.row, ...facts });
    } else if (key.row.origin === 'EXTERNAL') {
      // Imported material has to be imported into each region.
      putMaterial(tx, key.row.id, material.sequence, { id, ...(publicKey !== undefined && { publicKey }), ...facts });
    } else {
      const secret = secretOf(parts.sealer, from.name, source, material);
      const sealed = sealMaterial(parts.sealer, tx.partition.name, key.row.id, secret);
      putMaterial(tx, key.row.id, nextSequence(findKey(tx, key.row.id) ?? key), { ...sealed, ...facts });
    }
  }
  const { related, rotation, currentMaterial, onDemandRotations } = source.row;
  const { rotation: _, currentMaterial: __, ...row } = key.row;
  if (isNewer || isFromPrimary) {
    putKey(tx, {
      ...row,
      ...(isNewer && related && { related }),
      ...(rotation && { rotation }),
      ...(currentMaterial !== undefined && { currentMaterial }),
      onDemandRotations,
    });
  }
  armRotation(tx, row.id, now);
}

/** Imported material that its primary gave up before it was used. */
function dropPending(tx: Transaction, key: OpenKey, source: OpenKey): void {
  for (const { sequence, row } of key.materials) {
    if (!row.state.startsWith('PENDING') || source.materials.some((material) => material.row.id === row.id)) continue;
    tx.delete(materials, materials.key(key.row.id, sequence));
    keyChanged(tx, key.row.id);
  }
}

/** The replica of a region is deleted. A primary that waited for it to be gone starts its own waiting period. */
export function forgetReplica(tx: Transaction, key: OpenKey, region: Region, now: number): void {
  const { related } = key.row;
  if (related === undefined) return;
  const replicas = related.replicas.filter((each) => each !== region);
  const row = { ...key.row, related: withReplicas(related, replicas) };
  putKey(tx, row);
  if (row.state === 'PendingReplicaDeletion' && replicas.length === 0) startDeletion(tx, row, now);
}
