/**
 * Moves objects into the archive tiers that a bucket has opted into: every midnight a timer walks over its versions, a bounded number
 * at a time. Only buckets with a configuration have the timer.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { IntelligentTieringConfiguration } from '#platform/model/generated/s3.ts';
import type { JobCall, TimerJob } from '#platform/service.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Transaction } from '#platform/store/store.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { configurationsOf } from '#services/s3/configurations/configurations.ts';
import { type Selection, selectionOf, selects } from '#services/s3/configurations/filters.ts';
import { nextMidnight } from '#services/s3/lifecycle/rules.ts';
import { causeOfJob, notify } from '#services/s3/notifications/notify.ts';
import { putVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, objects, type VersionRow, versions } from '#services/s3/state.ts';
import { type ArchiveTier, archiveTierOf, idleDays, isMonitored } from '#services/s3/tiering/tiers.ts';

export const TIERING = { name: 'intelligent-tiering' } as const;
export const TIERING_JOB = 'tiering';
const ROWS_AT_ONCE = 500;

interface Cursor {
  readonly table: 'objects' | 'versions';
  readonly after?: string;
}

export function scheduleTiering(
  tx: Transaction,
  { id, name }: Pick<BucketRow, 'id' | 'name'>,
  now: Milliseconds,
  day: Milliseconds,
): void {
  setTimer(tx, { job: TIERING_JOB, id: String(id), due: nextMidnight(now, day), payload: { bucket: name, id } });
}

interface Rule {
  readonly selection: Selection;
  /** The deepest first. */
  readonly tiers: readonly { readonly tier: ArchiveTier; readonly days: number }[];
}

const ruleOf = ({ Filter, Tierings }: IntelligentTieringConfiguration): Rule => ({
  selection: selectionOf(Filter),
  tiers: Tierings.map(({ AccessTier, Days }) => ({ tier: AccessTier, days: Days })).sort((a, b) => b.days - a.days),
});

/** Where an object belongs that nobody has asked for so long; of several configurations the deepest counts. */
export function dueTier(
  rules: readonly Rule[],
  key: string,
  row: VersionRow,
  now: number,
  day: Milliseconds,
): ArchiveTier | undefined {
  if (!isMonitored(row)) return undefined;
  const idle = idleDays(row, now, day);
  const due = rules
    .filter(({ selection }) => selects(selection, key, row.tags))
    .flatMap(({ tiers }) => tiers.find(({ days }) => idle >= days)?.tier ?? []);
  return due.includes('DEEP_ARCHIVE_ACCESS') ? 'DEEP_ARCHIVE_ACCESS' : due[0];
}

export const runTiering =
  (parts: S3Parts): TimerJob =>
  (tx, payload, job) => {
    const bucket = findBucket(tx, parts.sealer, String(payload['bucket']));
    if (bucket === undefined || bucket.id !== payload['id']) return;
    const all = configurationsOf<IntelligentTieringConfiguration>(tx, bucket, TIERING);
    if (all.length === 0) return;
    const rules = all.filter(({ Status }) => Status === 'Enabled').map(ruleOf);
    // As it was set below.
    const cursor = (payload['cursor'] as Cursor | undefined) ?? { table: 'objects' };
    const next = walk(tx, bucket, cursor, (key, row) => archive(tx, bucket, key, row, rules, parts.day, job));
    if (next === undefined) scheduleTiering(tx, bucket, job.now, parts.day);
    else setTimer(tx, { job: TIERING_JOB, id: String(bucket.id), due: job.now, payload: { ...payload, cursor: next } });
  };

function walk(
  tx: Transaction,
  { id }: BucketRow,
  { table, after }: Cursor,
  visit: (key: string, row: VersionRow) => void,
): Cursor | undefined {
  // Cursors hold keys of their table.
  const page = { prefix: [id] as [number], ...(after !== undefined && { after: after as Key }), limit: ROWS_AT_ONCE };
  const rows = table === 'objects' ? tx.range(objects, page) : tx.range(versions, page);
  for (const { key, row } of rows) visit((table === 'objects' ? objects : versions).parts(key)[1], row);
  const last = rows.at(-1);
  if (last !== undefined && rows.length === ROWS_AT_ONCE) return { table, after: last.key };
  return table === 'objects' ? { table: 'versions' } : undefined;
}

function archive(
  tx: Transaction,
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  rules: readonly Rule[],
  day: Milliseconds,
  job: JobCall,
): void {
  const tier = dueTier(rules, key, row, job.now, day);
  const current = archiveTierOf(row, job.now);
  if (tier === undefined || tier === current || current === 'DEEP_ARCHIVE_ACCESS') return;
  // A restore that is under way goes on.
  if (row.restore !== undefined && job.now < row.restore.readyAt) return;
  const { restore: _, ...rest } = row;
  putVersion(tx, bucket, key, { ...rest, tiering: { ...row.tiering, archive: tier } });
  const facts = { intelligentTieringEventData: { destinationAccessTier: tier } };
  notify(tx, bucket, { name: 'IntelligentTiering', key, row, facts }, causeOfJob(job));
}
