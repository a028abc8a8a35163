/**
 * "Object annotations, if any. Each annotation is replicated individually when changes occur" (S3 User Guide, "What does Amazon S3
 * replicate?"): whatever annotations a replica has, they become those of its source. Their bytes are sealed anew by the replica's keys.
 */
import type { StoredBlob } from '#platform/blobs/blobs.ts';
import { giveUpBlobs, nameBlob } from '#platform/blobs/rows.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { annotations, annotationsOf, type NamedAnnotation } from '#services/s3/annotations/state.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { type ObjectKeys, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { objectArn } from '#services/s3/names.ts';
import { annotationOwner } from '#services/s3/objects/owners.ts';
import { findVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { copyPiece } from '#services/s3/replication/bytes.ts';
import type { SourceVersion } from '#services/s3/replication/source.ts';
import { TIER_1 } from '#services/s3/rows.ts';
import type { VersionRow } from '#services/s3/state.ts';

export interface Replica {
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly row: VersionRow;
  /** Where they are at hand: of a replica that was just made. */
  readonly keys?: ObjectKeys | undefined;
}

interface Copied extends NamedAnnotation {
  readonly stored: StoredBlob;
}

export async function bringAnnotations(
  parts: S3Parts,
  source: SourceVersion,
  replica: Replica,
  call: Call,
): Promise<void> {
  const { bucket, key, row } = replica;
  const wanted = source.annotations;
  if (wanted === undefined) return;
  const there = await again(() => call.partition.read((tx) => annotationsOf(tx, bucket, key, row)));
  const missing = wanted.filter((each) => !there.some((other) => isSame(each, other)));
  if (missing.length === 0 && there.length === wanted.length) return;
  if (!mayWrite(parts, bucket, key, call)) return;
  const blobs = await parts.blobs(call.region);
  const copies: Copied[] = [];
  const settle = (): void => copies.forEach(({ stored }) => void stored.settle());
  try {
    const keys = replica.keys ?? (await storedKeys(parts, call, bucket, row.encryption, undefined));
    for (const each of missing) {
      const owner = annotationOwner(call.account, bucket, key, each.name);
      const { stored, piece } = await copyPiece(parts, call, source, each.row.piece, keys, { owner, mayBeRow: true });
      copies.push({ name: each.name, row: { ...each.row, piece }, stored });
    }
    call.transact((tx) => {
      for (const { stored } of copies) nameBlob(tx, stored);
      const gone = write(tx, replica, wanted, copies);
      giveUpBlobs(
        tx,
        blobs,
        gone.map(({ row: { piece } }) => piece.place),
      );
    });
  } catch (error) {
    for (const { stored } of copies) blobs.discard(stored.place);
    throw error;
  }
  // Of a commit that fails nobody knows whether it is on disk: the sweep will see.
  call.partition.durable()?.catch(settle);
  call.meter(TIER_1, copies.length);
}

/** The etag of a version goes along with it, and so does that of an annotation. */
const isSame = (one: NamedAnnotation, other: NamedAnnotation): boolean =>
  one.name === other.name && one.row.etag === other.row.etag && one.row.modifiedAt === other.row.modifiedAt;

const mayWrite = (parts: S3Parts, bucket: OpenBucket, key: string, call: Call): boolean => {
  const own = 'account' in call.principal ? call.principal.account : undefined;
  const policy = policyInForce(parts, bucket, call);
  return call.allows('s3:ReplicateObjectAnnotation', objectArn(bucket.name, key), policy, own);
};

/** Answers those that are there no longer. A version that has gone meanwhile has taken its own along. */
function write(
  tx: Transaction,
  { bucket, key, row }: Replica,
  wanted: readonly NamedAnnotation[],
  copies: readonly Copied[],
): readonly NamedAnnotation[] {
  const now = findVersion(tx, bucket, key, shownVersionId(row));
  if (now?.sequence !== row.sequence) return copies;
  const at = (name: string) => annotations.key(bucket.id, key, now.sequence, name);
  const names = new Set(wanted.map(({ name }) => name));
  const copied = new Set(copies.map(({ name }) => name));
  const gone = annotationsOf(tx, bucket, key, now).filter(({ name }) => !names.has(name) || copied.has(name));
  for (const { name } of gone) tx.delete(annotations, at(name));
  for (const { name, row: written } of copies) tx.put(annotations, at(name), written);
  const bytes = wanted.reduce((sum, { row: { piece } }) => sum + piece.bytes, 0);
  const { annotations: _, ...rest } = now;
  putVersion(tx, bucket, key, wanted.length === 0 ? rest : { ...rest, annotations: { count: wanted.length, bytes } });
  return gone;
}
