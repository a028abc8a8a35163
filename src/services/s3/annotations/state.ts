/**
 * Annotations as they are kept: a row for each, found by the version that they belong to, and a blob sealed by the object's keys. The
 * version's own row says how many there are, so that those without any cost nothing.
 */
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { BucketRow, Checksum, Piece, VersionRow } from '#services/s3/state.ts';

export interface AnnotationRow {
  readonly modifiedAt: number;
  readonly etag: string;
  readonly checksum: Checksum;
  readonly piece: Piece;
}

/** Bucket's id, key, the version's sequence, name. */
export const annotations = table('annotation', [u64, text, u64, text], jsonRows<AnnotationRow>(1));

export interface NamedAnnotation {
  readonly name: string;
  readonly row: AnnotationRow;
}

export const annotationsOf = (
  tx: ReadTransaction,
  { id }: BucketRow,
  key: string,
  { annotations: kept, sequence }: VersionRow,
): readonly NamedAnnotation[] =>
  kept === undefined
    ? []
    : tx
        .range(annotations, { prefix: [id, key, sequence] })
        .map(({ key: at, row }) => ({ name: annotations.parts(at)[3], row }));

/** With its version. Answers the places of the bytes. */
export function dropAnnotations(tx: Transaction, bucket: BucketRow, key: string, version: VersionRow): BlobPlace[] {
  const places = annotationsOf(tx, bucket, key, version).map(({ row }) => row.piece.place);
  if (places.length > 0) tx.deleteRange(annotations, [bucket.id, key, version.sequence]);
  return places;
}
