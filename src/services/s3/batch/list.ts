/**
 * A bucket's versions with what a batch job chooses them by. AWS makes such manifests out of an inventory of its own, so a job's role needs
 * s3:PutInventoryConfiguration for it ("Configuring IAM policies for Batch Replication").
 */
import type { Call, Output } from '#platform/service.ts';
import type { Key } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import type { BatchCursor, BatchPage, BatchVersion } from '#services/s3/api.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { configurationOf } from '#services/s3/replication/configuration.ts';
import { rulesFor } from '#services/s3/replication/rules.ts';
import { type KeptConfiguration, statusOf } from '#services/s3/replication/state.ts';
import { objects, type VersionRow, versions } from '#services/s3/state.ts';

const ROWS_AT_ONCE = 1000;

export interface BatchListInput {
  readonly Bucket: string;
  /** Not only the newest of each key. */
  readonly allVersions: boolean;
  readonly cursor?: BatchCursor;
}

export const listForBatch =
  (parts: S3Parts) =>
  ({ Bucket, allVersions, cursor }: BatchListInput, call: Call): Output => {
    const bucket = openBucket(call.tx, parts.sealer, Bucket);
    const page: BatchPage = pageOf(call.tx, bucket, allVersions, cursor ?? { table: 'objects' });
    return { ...page };
  };

function pageOf(tx: ReadTransaction, bucket: OpenBucket, all: boolean, { table, after }: BatchCursor): BatchPage {
  const configuration = configurationOf(tx, bucket);
  // Cursors hold keys of the table.
  const from = after === undefined ? {} : { after: after as Key };
  const options = { prefix: [bucket.id] as [number], ...from, limit: ROWS_AT_ONCE };
  const rows =
    table === 'objects'
      ? tx.range(objects, options).map(({ key: at, row }) => ({ at, key: objects.parts(at)[1], row }))
      : tx.range(versions, options).map(({ key: at, row }) => ({ at, key: versions.parts(at)[1], row }));
  const last = rows.length === ROWS_AT_ONCE ? rows.at(-1)?.at : undefined;
  const next: BatchCursor | undefined =
    last !== undefined ? { table, after: last } : table === 'objects' && all ? { table: 'versions' } : undefined;
  return { versions: rows.map(({ key, row }) => shown(bucket, key, row, configuration)), ...(next && { next }) };
}

function shown(
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  configuration: KeptConfiguration | undefined,
): BatchVersion {
  const { encryption } = row;
  return {
    key,
    ...(bucket.versioning !== undefined && { versionId: shownVersionId(row) }),
    isDeleteMarker: row.isDeleteMarker === true,
    modifiedAt: row.modifiedAt,
    bytes: row.bytes,
    storageClass: row.storageClass ?? 'STANDARD',
    encryption: encryption?.kind ?? 'AES256',
    ...(encryption !== undefined &&
      encryption.kind !== 'SSE-C' && { keyArn: encryption.keyArn, hasBucketKey: encryption.hasBucketKey === true }),
    replicationStatus: statusOf(row.replication) ?? 'NONE',
    isEligible: configuration !== undefined && rulesFor(configuration.Rules, key, row).length > 0,
  };
}
