/** A replica's bytes: read with the source's keys, sealed with the destination's; of SSE-C, whose key nobody here has, as they lie. */
import { randomBytes } from '#platform/base/ids.ts';
import type { PutOptions, StoredBlob } from '#platform/blobs/blobs.ts';
import type { Call } from '#platform/service.ts';
import { blobKey, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { innerLayer, innerLayerOf } from '#services/s3/encryption/inner-layer.ts';
import { type NewKeys, type ObjectKeys, replicaKey } from '#services/s3/encryption/object-keys.ts';
import { encryptionOf } from '#services/s3/encryption/wanted.ts';
import { fail } from '#services/s3/errors.ts';
import { objectArn } from '#services/s3/names.ts';
import { openBody } from '#services/s3/objects/get.ts';
import { objectOwner, partOwner } from '#services/s3/objects/owners.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { NotReplicable } from '#services/s3/replication/failures.ts';
import type { ReplicaInput } from '#services/s3/replication/replica.ts';
import type { SourceVersion } from '#services/s3/replication/source.ts';
import type { Piece } from '#services/s3/state.ts';

type ReplicaKeys = { readonly keys: ObjectKeys | undefined; readonly encryption?: NewKeys['encryption'] };

/** "the replica objects in the destination bucket use the same type of encryption as the source objects. The default … [is] not used." */
export async function replicaKeys(
  parts: S3Parts,
  call: Call,
  bucket: OpenBucket,
  { source, rule, Key: key }: ReplicaInput,
): Promise<ReplicaKeys> {
  const { encryption } = source.row;
  if (encryption === undefined) return { keys: { base: bucket.key } };
  const [byDefault] = call.partition.read((tx) => encryptionOf(tx, bucket)).Rules;
  if (encryption.kind === 'SSE-C') {
    // "replication requests that specify SSE-C encryption will be rejected with an HTTP 403 AccessDenied error" where it is blocked.
    if (byDefault?.BlockedEncryptionTypes?.EncryptionType?.includes('SSE-C')) fail('AccessDenied');
    return { keys: undefined, encryption };
  }
  const keyId = rule.Destination.EncryptionConfiguration?.ReplicaKmsKeyID;
  if (keyId === undefined) throw new NotReplicable('SrcObjectNotEligible');
  return replicaKey(parts, call, bucket, {
    kind: encryption.kind,
    keyArn: keyId,
    ...(encryption.context && { context: encryption.context }),
    ...(encryption.kind === 'aws:kms' && byDefault?.BucketKeyEnabled && { hasBucketKey: true }),
    object: objectArn(bucket.name, key),
  });
}

export interface PieceCopies {
  readonly pieces: readonly Piece[];
  readonly stored: readonly StoredBlob[];
}

interface Place {
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly upload: string | undefined;
  readonly keys: ObjectKeys | undefined;
}

/** If it throws, nothing is left. */
export async function copyPieces(parts: S3Parts, call: Call, source: SourceVersion, to: Place): Promise<PieceCopies> {
  const from =
    source.manifest?.parts ?? (source.row.piece === undefined ? [] : [{ number: 0, piece: source.row.piece }]);
  const blobs = await parts.blobs(call.region);
  const pieces: Piece[] = [];
  const stored: StoredBlob[] = [];
  try {
    for (const { number, piece } of from) {
      const { upload } = to;
      const owner =
        upload === undefined
          ? objectOwner(call.account, to.bucket, to.key)
          : partOwner(call.account, to.bucket, upload, number);
      const copy = await copyPiece(parts, call, source, piece, to.keys, { owner, mayBeRow: upload === undefined });
      stored.push(copy.stored);
      pieces.push(copy.piece);
    }
    return { pieces, stored };
  } catch (error) {
    for (const { place } of stored) blobs.discard(place);
    throw error;
  }
}

export async function copyPiece(
  parts: S3Parts,
  call: Call,
  source: SourceVersion,
  piece: Piece,
  keys: ObjectKeys | undefined,
  options: PutOptions,
): Promise<{ readonly stored: StoredBlob; readonly piece: Piece }> {
  const blobs = await parts.blobs(call.region);
  const { bytes } = piece;
  const from = { region: source.place.region, partition: parts.store.partition(source.place) };
  if (source.keys === undefined || keys === undefined) {
    const sealed = await (await parts.blobs(from.region)).readSealed(piece.place, from.partition);
    const stored = await blobs.put(sealed, { ...options, sealedBytes: bytes });
    return { stored, piece: { ...piece, place: stored.place } };
  }
  const body = await openBody(parts, from, source.keys, [piece], { start: 0, end: bytes });
  const salt = randomBytes(16);
  const { base, inner } = keys;
  const content = inner === undefined ? body : layered(blobKey(inner, salt), body);
  const stored = await blobs.put(content, { ...options, key: blobKey(base, salt) });
  return { stored, piece: { place: stored.place, bytes, salt: salt.toString('base64') } };
}

const layered = (key: Uint8Array, body: Uint8Array | AsyncIterable<Uint8Array>) =>
  body instanceof Uint8Array ? innerLayer(key, body) : innerLayerOf(key, body);
