/**
 * Access logs: each answered request of a logged bucket is a row; now and then the rows become objects of the target bucket. As on
 * AWS this is best effort: a record that finds the store busy is not written, what the target refuses is dropped.
 */
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { type AccountId, isAccountId, type Region, uuid } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type { JobCall } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { KeyedRow, ReadTransaction } from '#platform/store/store.ts';
import type { AnsweredRequest } from '#platform/web.ts';
import { findPoint } from '#services/s3/access-points/resolve.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import { logLine } from '#services/s3/logging/record.ts';
import { bucketArn, canonicalUser } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type AccessLogRow, accessLog, partitionOf } from '#services/s3/state.ts';

const EVERY: Milliseconds = minutes(5);
const RECORDS_AN_OBJECT = 2000;
/** Who puts log objects into the target, as its policy must allow it. */
const DELIVERER = 'logging.s3.amazonaws.com';

/** Called for each answer, whether good or bad. */
export const logAnswer =
  (parts: S3Parts) =>
  (answered: AnsweredRequest): void => {
    // The store may be busy, or fail: the answer is given all the same.
    try {
      again(() => keep(parts, answered))?.catch(() => {});
    } catch {
      // As above.
    }
  };

function keep(parts: S3Parts, answered: AnsweredRequest): void {
  const { directory, store, sealer } = parts;
  const { Bucket: given = '', Key: key } = answered.labels;
  const { region, address } = answered;
  const point = region && findPoint(parts, given, { region, address });
  const name = point?.bucket ?? given;
  const owner = name === '' ? undefined : directory.find(name);
  if (owner === undefined) return;
  const partition = partitionOf(store, owner);
  const { logging } = partition.read((tx) => findBucket(tx, sealer, name)) ?? {};
  if (logging === undefined) return;
  const facts = {
    answered,
    owner: canonicalUser(owner.account),
    bucket: name,
    key,
    region: owner.region,
    accessPoint: point?.arn,
  };
  const row: AccessLogRow = { ...logging, source: name, at: answered.startedAt, line: logLine(facts) };
  partition.transact((tx) => {
    const [last] = tx.range(accessLog, { reverse: true, limit: 1 });
    const number = last === undefined ? 0 : accessLog.parts(last.key)[0] + 1;
    tx.put(accessLog, accessLog.key(number), row);
  });
}

export const deliverAccessLogs =
  (parts: S3Parts) =>
  async ({ partition, account, region, clock }: JobCall, signal: AbortSignal): Promise<Milliseconds | undefined> => {
    if (!isAccountId(account)) return undefined;
    while (!signal.aborted) {
      const oldest = (tx: ReadTransaction) => tx.range(accessLog, { limit: RECORDS_AN_OBJECT });
      const rows = await again(() => partition.read(oldest));
      if (rows.length === 0) break;
      await partition.durable();
      const files = Map.groupBy(rows, ({ row }) => folderOf(row, account, region, clock.now()));
      for (const [folder, some] of files) await deliver(parts, folder, some, { account, region, now: clock.now() });
      partition.transact((tx) => {
        for (const { key } of rows) tx.delete(accessLog, key);
      });
      await partition.durable();
      if (rows.length < RECORDS_AN_OBJECT) break;
    }
    return EVERY;
  };

/** Bucket and beginning of the key, as one text: what is to be one object. */
function folderOf(row: AccessLogRow, account: string, region: string, now: Milliseconds): string {
  const { bucket, prefix, partitionedBy, source, at } = row;
  if (partitionedBy === undefined) return JSON.stringify([bucket, source, prefix]);
  const day = new Date(partitionedBy === 'EventTime' ? at : now).toISOString().slice(0, 10).replaceAll('-', '/');
  return JSON.stringify([bucket, source, `${prefix}${account}/${region}/${source}/${day}/`]);
}

interface Place {
  readonly account: AccountId;
  readonly region: Region;
  readonly now: Milliseconds;
}

async function deliver(
  parts: S3Parts,
  folder: string,
  rows: readonly KeyedRow<AccessLogRow>[],
  { account, region, now }: Place,
): Promise<void> {
  // Written by folderOf.
  const [bucket, source, prefix] = JSON.parse(folder) as [string, string, string];
  // `YYYY-mm-DD-HH-MM-SS-UniqueString`
  const time = new Date(now).toISOString().slice(0, 19).replace(/[T:]/g, '-');
  const unique = uuid().replaceAll('-', '').slice(0, 16).toUpperCase();
  try {
    await parts.deliver({
      service: 's3',
      operation: 'PutObject',
      input: {
        Bucket: bucket,
        Key: `${prefix}${time}-${unique}`,
        Body: Buffer.from(rows.map(({ row }) => `${row.line}\n`).join('')),
        ContentType: 'text/plain',
      },
      region,
      target: bucket,
      from: 's3',
      principal: DELIVERER,
      sourceArn: bucketArn(source),
      sourceAccount: account,
      requestId: uuid(),
      idempotencyToken: uuid(),
    });
  } catch (error) {
    if (!(error instanceof ServiceError) || (error.status ?? 400) >= 500) throw error;
  }
}
