/**
 * Annotations go with a copy of their object unless it says EXCLUDE: their bytes are sealed again by the copy's keys before the
 * transaction that makes it, which writes their rows. Permission is asked only where there are some.
 */
import { payloadOf } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { annotations, annotationsOf, type NamedAnnotation } from '#services/s3/annotations/state.ts';
import { type AnnotatedObject, type StoredAnnotation, storeAnnotation } from '#services/s3/annotations/store.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { storedKeys } from '#services/s3/encryption/object-keys.ts';
import { fail } from '#services/s3/errors.ts';
import { may } from '#services/s3/may.ts';
import type { CopySource } from '#services/s3/objects/copy.ts';
import { openBody } from '#services/s3/objects/get.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1 } from '#services/s3/rows.ts';
import type { VersionRow } from '#services/s3/state.ts';

export interface CopiedAnnotations {
  /** For the row of the copy. */
  readonly kept: Pick<VersionRow, 'annotations'>;
  write(tx: Transaction, version: VersionRow): void;
  name(tx: Transaction): void;
  settle(): void;
  drop(): void;
}

const NONE: CopiedAnnotations = { kept: {}, write: () => {}, name: () => {}, settle: () => {}, drop: () => {} };

export async function copyAnnotations(
  parts: S3Parts,
  call: Call,
  source: CopySource,
  copy: AnnotatedObject,
  directive: string | undefined,
): Promise<CopiedAnnotations> {
  if (directive === 'EXCLUDE' || source.row.annotations === undefined) return NONE;
  checkPermissions(parts, call, source, copy);
  if (copy.encryption?.kind === 'SSE-C') {
    fail('InvalidRequest', { message: 'Objects with SSE-C cannot have annotations.' });
  }
  const found = listOf(source);
  const stored: (StoredAnnotation & { readonly name: string })[] = [];
  const drop = (): void => stored.forEach(({ received }) => void received.drop());
  try {
    const keys = await storedKeys(parts, call, source.bucket, source.row.encryption, undefined);
    for (const { name, row } of found) {
      const range = { start: 0, end: row.piece.bytes };
      const body = await openBody(parts, { ...source, ...source.place }, keys, [row.piece], range);
      const bytes = body instanceof Uint8Array ? body : Buffer.concat(await Array.fromAsync(body));
      stored.push({ name, ...(await storeAnnotation(parts, call, copy, name, payloadOf(bytes), {})) });
    }
    // "If annotations on the source are modified during the copy, Amazon S3 returns a retryable error."
    if (!isSame(found, listOf(source))) fail('OperationAborted');
  } catch (error) {
    drop();
    throw error;
  }
  // "Each annotation copied is billed as a separate PUT request."
  call.meter(TIER_1, stored.length);
  return {
    kept: { annotations: { count: stored.length, bytes: stored.reduce((sum, { row }) => sum + row.piece.bytes, 0) } },
    write(tx, { sequence }) {
      for (const { name, row } of stored)
        tx.put(annotations, annotations.key(copy.bucket.id, copy.key, sequence, name), row);
    },
    name: (tx) => stored.forEach(({ received }) => void received.name(tx)),
    settle: () => stored.forEach(({ received }) => void received.settle()),
    drop,
  };
}

const listOf = ({ partition, bucket, key, row }: CopySource): readonly NamedAnnotation[] =>
  partition.read((tx) => annotationsOf(tx, bucket, key, row));

const isSame = (before: readonly NamedAnnotation[], now: readonly NamedAnnotation[]): boolean =>
  before.length === now.length &&
  now.every(({ name, row }, index) => {
    const other = before[index];
    return name === other?.name && row.etag === other.row.etag && row.modifiedAt === other.row.modifiedAt;
  });

/** "you must have s3:GetObjectAnnotation permission on the source object and s3:PutObjectAnnotation permission on the destination" */
function checkPermissions(parts: S3Parts, call: Call, { mayReadAnnotations }: CopySource, copy: AnnotatedObject): void {
  const policy = policyInForce(parts, copy.bucket, call);
  const asked = { bucket: copy.bucket, key: copy.key, policy };
  if (!mayReadAnnotations() || !may(parts, call, 's3:PutObjectAnnotation', asked)) fail('AccessDenied');
}
