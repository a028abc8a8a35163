/**
 * Delivery: every five minutes the events that wait for a trail become a log file in its bucket, and every hour the files of the
 * hour are signed by a digest, if the trail validates its files. What a bucket refuses is tried again for 30 days; the trail's
 * status says why. A file counts as delivered when the bucket has taken it: a crash in between delivers its events twice, as
 * CloudTrail may.
 */
import { days, hours, type Milliseconds, minutes } from '#platform/base/clock.ts';
import { type AccountId, isAccountId, type Region, uuid } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { JobCall } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import { closeWindows } from './aggregates.ts';
import type { AnyRecord } from './event.ts';
import { digestFile, type FilePlace, fitting, type LogFolder, logFile, type TrailFile } from './files.ts';
import { findInsights } from './find-insights.ts';
import type { LogBucket } from './log-bucket.ts';
import { queuesOf, trailOf } from './queues.ts';
import type { SigningKeys } from './signing-keys.ts';
import { type DeliveredFile, type DeliveryRow, deliveries, firstNumberAt, waiting } from './state.ts';
import type { LiveTrail, TrailDirectory } from './trail-directory.ts';

const EVERY: Milliseconds = minutes(5);
const DIGEST_EVERY: Milliseconds = hours(1);
/** "CloudTrail will attempt to redeliver the events to your S3 bucket for 30 days." */
const KEPT_FOR: Milliseconds = days(30);
const ROWS_A_FILE = 64;
const NOTHING: DeliveryRow = { files: [] };

export interface DeliveryDeps {
  readonly trails: TrailDirectory;
  readonly bucket: LogBucket;
  readonly keys: SigningKeys;
  readonly take: (account: AccountId, region: Region) => Promise<void>;
}

/** What one trail delivers from one region. */
interface Route {
  readonly trail: LiveTrail;
  readonly partition: Partition;
  readonly account: AccountId;
  readonly region: Region;
  readonly now: Milliseconds;
}

/** The reconciler of each of CloudTrail's partitions. */
export const deliverLogs =
  (deps: DeliveryDeps) =>
  async ({ partition, account, region, clock }: JobCall): Promise<Milliseconds | undefined> => {
    if (!isAccountId(account)) return undefined;
    await deps.take(account, region);
    const trails = await again(() => deps.trails.in(account, region));
    const now = clock.now();
    if (trails.some(({ row }) => row.insights.length > 0)) {
      await again(() => partition.transact((tx) => findInsights(tx, now, { account, region, trails })));
    }
    const close = () => partition.transact((tx) => closeWindows(tx, now, { account, region, trails }));
    while (await again(close));
    await again(() => partition.transact((tx) => dropDeleted(tx, deps.trails.of(account))));
    for (const trail of trails) {
      const route = { trail, partition, account, region, now };
      await deliverEvents(deps, route);
      await deliverDigest(deps, route);
    }
    await partition.durable();
    return EVERY;
  };

/**
 * "If logging is stopped or the trail is deleted, CloudTrail will deliver a final digest file … for any remaining log files": at once, from
 * each region that a stopped trail has logged.
 */
export async function closeTrail(
  deps: DeliveryDeps,
  account: AccountId,
  trail: LiveTrail,
  now: Milliseconds,
): Promise<void> {
  for (const partition of deps.trails.partitionsOf(account, trail)) {
    // Those of an account are regions'.
    const region = partition.name.region as Region;
    await deps.take(account, region);
    const route = { trail, partition, account, region, now };
    await deliverEvents(deps, route);
    await deliverDigest(deps, route);
  }
}

/** What waits in this region for trails that were deleted in theirs. */
function dropDeleted(tx: Transaction, trails: readonly LiveTrail[]): void {
  const known = new Set(trails.map(({ arn }) => arn));
  for (const { key } of tx.range(deliveries)) {
    const [arn] = deliveries.parts(key);
    if (!known.has(arn)) tx.delete(deliveries, key);
  }
  let after = waiting.key('', 0);
  for (;;) {
    const [first] = tx.range(waiting, { after, limit: 1 });
    if (first === undefined) return;
    const [queue] = waiting.parts(first.key);
    if (!known.has(queue) && !known.has(trailOf(queue))) tx.deleteRange(waiting, [queue]);
    after = waiting.key(queue, Number.MAX_SAFE_INTEGER);
  }
}

export const deliveryOf = (tx: Pick<Transaction, 'get'>, arn: string): DeliveryRow =>
  tx.get(deliveries, deliveries.key(arn)) ?? NOTHING;

function update(tx: Transaction, arn: string, change: (row: DeliveryRow) => DeliveryRow): void {
  tx.put(deliveries, deliveries.key(arn), change(deliveryOf(tx, arn)));
}

async function deliverEvents(deps: DeliveryDeps, route: Route): Promise<void> {
  const { arn } = route.trail;
  for (const [queue, folder] of queuesOf(arn)) while (await deliverFile(deps, route, queue, folder));
}

/** Whether there may be more. */
async function deliverFile({ bucket }: DeliveryDeps, route: Route, queue: string, folder: LogFolder): Promise<boolean> {
  const { trail, partition, now } = route;
  const { arn } = trail;
  const oldest = (tx: ReadTransaction) => tx.range(waiting, { prefix: [queue], limit: ROWS_A_FILE });
  const waits = await again(() => partition.read(oldest));
  if (waits.length === 0) return false;
  const rows = waits.slice(0, fitting(waits.map(({ row }) => row)));
  const records = rows.flatMap(({ row }) => row);
  const file = logFile(placeOf(route), folder, now, uniqueName(), records);
  const error = await put(bucket, route, file);
  const note = (tx: Transaction): void => {
    if (error !== undefined) {
      update(tx, arn, (row) => ({ ...row, latestError: error }));
      dropOld(tx, queue, now);
      return;
    }
    for (const { key } of rows) tx.delete(waiting, key);
    update(tx, arn, ({ latestError: _, ...row }) => ({
      ...row,
      latestDelivery: now,
      files: trail.row.validatesFiles ? [...row.files, deliveredFile(trail.row.bucket, file, records)] : [],
    }));
  };
  await again(() => partition.transact(note));
  return error === undefined && (waits.length === ROWS_A_FILE || rows.length < waits.length);
}

function dropOld(tx: Transaction, queue: string, now: Milliseconds): void {
  const before = waiting.key(queue, firstNumberAt(now - KEPT_FOR));
  for (const { key } of tx.range(waiting, { prefix: [queue], before, limit: ROWS_A_FILE })) tx.delete(waiting, key);
}

const uniqueName = (): string =>
  Buffer.from(uuid().replaceAll('-', ''), 'hex').toString('base64url').replace(/[-_]/g, '0').slice(0, 16);

const placeOf = ({ trail, account, region }: Route): FilePlace => ({
  bucket: trail.row.bucket,
  prefix: trail.row.prefix,
  account,
  region,
});

function deliveredFile(bucket: string, { key, hash }: TrailFile, records: readonly string[]): DeliveredFile {
  const times = records.map(timeIn);
  const oldest = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  return { bucket, key, hash, oldest, newest: times.reduce((most, time) => Math.max(most, time), 0) };
}

function timeIn(text: string): Milliseconds {
  // Written by the audit, as an insight or as an aggregate.
  const { eventTime, timeWindow } = JSON.parse(text) as Partial<AnyRecord> & { timeWindow?: { windowStart: string } };
  return Date.parse(eventTime ?? timeWindow?.windowStart ?? '');
}

/** Undefined when it is there, else S3's error code. */
async function put(bucket: LogBucket, { trail, account, region }: Route, file: TrailFile): Promise<string | undefined> {
  try {
    await bucket.put({
      bucket: trail.row.bucket,
      key: file.key,
      body: file.body,
      contentType: 'application/json',
      metadata: file.metadata,
      kmsKey: trail.row.kmsKey,
      trailArn: trail.arn,
      account,
      region,
    });
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
}

/** The chain begins anew when logging or validation has begun anew. A trail that has stopped gets its last. */
async function deliverDigest({ bucket, keys }: DeliveryDeps, route: Route): Promise<void> {
  const { trail, partition, region, now } = route;
  const { row: settings, arn } = trail;
  if (!settings.validatesFiles || settings.startedAt === undefined) return;
  const began = Math.max(settings.startedAt, settings.validatedSince ?? 0);
  const row = await again(() => partition.read((tx) => deliveryOf(tx, arn)));
  const isChained = row.digestFrom !== undefined && row.digestFrom >= began;
  const from = isChained && row.digestFrom !== undefined ? row.digestFrom : began;
  const isDue = settings.isLogging ? now - from >= DIGEST_EVERY : await again(() => isLastDue(route, from));
  if (!isDue) return;
  const { fingerprint, privateKey } = await keys.current(region, now);
  const digest = digestFile({
    ...placeOf(route),
    trail: settings.name,
    homeRegion: trail.homeRegion,
    from,
    to: now,
    files: row.files,
    previous: isChained ? row.previousDigest : undefined,
    fingerprint,
    privateKey,
  });
  const error = await put(bucket, route, digest);
  const note = (tx: Transaction): void =>
    update(tx, arn, ({ latestDigestError: _, ...before }) =>
      error !== undefined
        ? { ...before, latestDigestError: error }
        : {
            ...before,
            latestDigest: now,
            digestFrom: now,
            files: [],
            previousDigest: {
              bucket: settings.bucket,
              key: digest.key,
              hash: digest.hash,
              signature: digest.signature,
            },
          },
    );
  await again(() => partition.transact(note));
}

/** The last digest has all that came before the trail stopped: what a bucket has not taken yet is waited for. */
function isLastDue({ trail, partition }: Route, from: Milliseconds): boolean {
  const { stoppedAt = 0 } = trail.row;
  const waits = ([queue]: readonly [string, ...unknown[]]): boolean =>
    partition.read((tx) => tx.range(waiting, { prefix: [queue], limit: 1 })).length > 0;
  return from <= stoppedAt && !queuesOf(trail.arn).some(waits);
}
