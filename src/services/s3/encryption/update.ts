/**
 * UpdateObjectEncryption: the same version, ETag and date under another key. From one of KMS's keys to another the object's own key is
 * sealed anew and no byte moves; an object of SSE-S3 has no key of its own, so its bytes are sealed again.
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { Blobs, PutOptions, StoredBlob } from '#platform/blobs/blobs.ts';
import { type BlobRows, giveUpBlobs, nameBlob } from '#platform/blobs/rows.ts';
import type { UpdateObjectEncryptionRequest, UpdateObjectEncryptionResponse } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { annotations, annotationsOf, type NamedAnnotation } from '#services/s3/annotations/state.ts';
import { blobKey, type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { kmsKeyArn, openKey, sealKey } from '#services/s3/encryption/object-keys.ts';
import { fail } from '#services/s3/errors.ts';
import { objectArn } from '#services/s3/names.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { annotationOwner, objectOwner, partOwner } from '#services/s3/objects/owners.ts';
import { findVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type EncryptionRow, type KmsEncryption, manifests, type Piece, type VersionRow } from '#services/s3/state.ts';

export const updateObjectEncryption =
  (parts: S3Parts) =>
  async (input: UpdateObjectEncryptionRequest, call: Call): Promise<UpdateObjectEncryptionResponse> => {
    const { row, bucket } = findObject(parts, input as ReadTarget, call);
    const { KMSKeyArn, BucketKeyEnabled } = input.ObjectEncryption.SSEKMS ?? fail('MalformedXML');
    const old = row.encryption;
    if (old !== undefined && old.kind !== 'aws:kms') {
      fail('InvalidRequest', { message: `The encryption of an object with ${old.kind} can't be updated.` });
    }
    const context = contextOf(old);
    const sealing = {
      kind: 'aws:kms' as const,
      keyArn: await kmsKeyArn(parts, call, KMSKeyArn),
      ...(context && { context }),
      ...(BucketKeyEnabled && { hasBucketKey: true }),
      object: objectArn(bucket.name, input.Key),
    };
    const secret = old?.kind === 'aws:kms' ? await openKey(parts, call, old) : randomBytes(32);
    const encryption = await sealKey(parts, call, secret, sealing);
    if (old === undefined) await sealAgain(parts, call, bucket, input.Key, row, encryption, secret);
    else {
      call.transact((tx) => {
        const now = unchanged(tx, parts, bucket, input.Key, row);
        putVersion(tx, bucket, input.Key, { ...now, encryption });
      });
    }
    return {};
  };

const contextOf = (old: EncryptionRow | undefined) => (old?.kind === 'aws:kms' ? old.context : undefined);

/** The version as it is now: its bytes may have moved, its tags may be others. */
function unchanged(tx: Transaction, parts: S3Parts, { name }: OpenBucket, key: string, before: VersionRow): VersionRow {
  const row = findVersion(tx, openBucket(tx, parts.sealer, name), key, shownVersionId(before));
  if (row === undefined) return fail('NoSuchKey', { about: key });
  if (row.sequence !== before.sequence || row.encryption?.kind !== before.encryption?.kind) {
    return fail('ConditionalRequestConflict');
  }
  return row;
}

interface Resealed {
  readonly stored: StoredBlob;
  readonly piece: Piece;
}

async function sealAgain(
  parts: S3Parts,
  call: Call,
  bucket: OpenBucket,
  key: string,
  row: VersionRow,
  encryption: KmsEncryption,
  secret: Uint8Array,
): Promise<void> {
  const blobs = await parts.blobs(call.region);
  const { upload } = row;
  const rows = call.partition;
  const manifest = upload && call.partition.read((tx) => tx.get(manifests, manifests.key(upload)));
  const made: Resealed[] = [];
  let isWritten = false;
  try {
    const pieces = manifest ? manifest.parts : row.piece ? [{ number: 0, piece: row.piece }] : [];
    for (const { number, piece } of pieces) {
      const owner = upload ? partOwner(call.account, bucket, upload, number) : objectOwner(call.account, bucket, key);
      made.push(await reseal(blobs, rows, bucket, piece, { owner, mayBeRow: upload === undefined }, secret));
    }
    const annotated = call.partition.read((tx) => annotationsOf(tx, bucket, key, row));
    for (const { name, row: each } of annotated) {
      const owner = annotationOwner(call.account, bucket, key, name);
      made.push(await reseal(blobs, rows, bucket, each.piece, { owner, mayBeRow: true }, secret));
    }
    call.transact((tx) => {
      const now = unchanged(tx, parts, bucket, key, row);
      const given = annotationsOf(tx, bucket, key, now);
      // Bytes may have moved; the salt stays.
      const isSame = given.length === annotated.length && given.every(hasSaltOf(annotated));
      if (!isSame) fail('OperationAborted');
      const current = upload && tx.get(manifests, manifests.key(upload));
      const own = current ? current.parts.map(({ piece }) => piece) : now.piece ? [now.piece] : [];
      const old = [...own, ...given.map(({ row: { piece } }) => piece)];
      for (const [index, { name, row: each }] of given.entries()) {
        const piece = made[own.length + index]?.piece ?? each.piece;
        tx.put(annotations, annotations.key(bucket.id, key, now.sequence, name), { ...each, piece });
      }
      if (upload && current) {
        const resealed = current.parts.map((part, index) => ({ ...part, piece: made[index]?.piece ?? part.piece }));
        tx.put(manifests, manifests.key(upload), { parts: resealed });
      }
      const [only] = made;
      putVersion(tx, bucket, key, { ...now, encryption, ...(now.piece && only && { piece: only.piece }) });
      for (const { stored } of made) nameBlob(tx, stored);
      giveUpBlobs(
        tx,
        blobs,
        old.map(({ place }) => place),
      );
    });
    isWritten = true;
    // Of a commit that fails nobody knows whether it is on disk: the sweep will see.
    call.partition.durable()?.catch(() => made.forEach(({ stored }) => void stored.settle()));
  } finally {
    if (!isWritten) for (const { stored } of made) blobs.discard(stored.place);
  }
}

const hasSaltOf =
  (others: readonly NamedAnnotation[]) =>
  ({ row: { piece } }: NamedAnnotation, index: number): boolean =>
    piece.salt === others[index]?.row.piece.salt;

async function reseal(
  blobs: Blobs,
  rows: BlobRows,
  bucket: OpenBucket,
  piece: Piece,
  options: PutOptions,
  secret: Uint8Array,
): Promise<Resealed> {
  const range = { start: 0, end: piece.bytes };
  const key = blobKey(bucket.key, Buffer.from(piece.salt, 'base64'));
  const body = await blobs.read(piece.place, range, { key, rows });
  const salt = randomBytes(16);
  const stored = await blobs.put(body, { ...options, key: blobKey(secret, salt) });
  return { stored, piece: { place: stored.place, bytes: piece.bytes, salt: salt.toString('base64') } };
}
