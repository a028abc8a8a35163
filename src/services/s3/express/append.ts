/**
 * Appending: PutObject with `x-amz-write-offset-bytes`, which must be the object's size. Each append is a part of the object
 * ("Appending data to objects in directory buckets"): its bytes are a blob of their own, at the end of the manifest.
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { PutObjectOutput, PutObjectRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { etagFor, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { type EncryptionHeaders, wantedEncryption } from '#services/s3/encryption/wanted.ts';
import { fail } from '#services/s3/errors.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { checkWrite } from '#services/s3/objects/conditions.ts';
import { combineCrcs, combines } from '#services/s3/objects/crc-combine.ts';
import { partOwner } from '#services/s3/objects/owners.ts';
import {
  conditionsOf,
  fullChecksum,
  MOST_PUT_BYTES,
  payloadOfInput,
  putObject,
  writtenOutput,
} from '#services/s3/objects/put.ts';
import { type Claims, type Received, receive, writeReceived } from '#services/s3/objects/receive.ts';
import { newest } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { BYTES_IN } from '#services/s3/rows.ts';
import {
  type Checksum,
  type ManifestRow,
  manifests,
  nextSequence,
  objects,
  type VersionRow,
} from '#services/s3/state.ts';

const MOST_PARTS = 10_000;

export const putDirectoryObject =
  (parts: S3Parts) =>
  async (input: PutObjectRequest, call: Call): Promise<PutObjectOutput> => {
    const { WriteOffsetBytes: offset, ...whole } = input;
    if (offset === undefined) return putObject(parts)(whole, call);
    const found = call.partition.read((tx) => findGrowing(parts, tx, input, Number(offset)));
    if (found.row !== undefined) return append(parts, input, call, found.bucket, found.row);
    // "If no object exists, setting this header to 0 will create a new object."
    return putObject(parts)({ ...whole, IfNoneMatch: '*' }, call);
  };

/** Undefined: there is none. Throws unless the object ends at the offset and has room for another part. */
function findGrowing(parts: S3Parts, tx: ReadTransaction, input: PutObjectRequest, offset: number) {
  const bucket = openBucket(tx, parts.sealer, input.Bucket);
  const row = newest(tx, bucket, input.Key);
  checkWrite(row, conditionsOf(input), input.Key);
  if (offset !== (row?.bytes ?? 0)) fail('InvalidWriteOffset');
  if (row !== undefined && partsOf(tx, row).length >= MOST_PARTS) fail('TooManyParts', { message: TOO_MANY });
  return { bucket, row };
}

const TOO_MANY =
  'You have attempted to add more parts than the maximum of 10000 that are allowed for this object. You can use the CopyObject operation to copy this object to another and then add more data to the newly copied object.';

const partsOf = (tx: ReadTransaction, { upload }: VersionRow): ManifestRow['parts'] =>
  (upload === undefined ? undefined : tx.get(manifests, manifests.key(upload))?.parts) ?? [];

async function append(
  parts: S3Parts,
  input: PutObjectRequest,
  call: Call,
  bucket: OpenBucket,
  before: VersionRow,
): Promise<PutObjectOutput> {
  const wanted = call.partition.read((tx) => wantedEncryption(tx, bucket, input as EncryptionHeaders, call));
  if (wanted.kind !== (before.encryption?.kind ?? 'AES256')) fail('EncryptionTypeMismatch');
  const upload = before.upload ?? randomBytes(18).toString('base64url');
  const received = await receive(payloadOfInput(input.Body), input as Claims, {
    blobs: await parts.blobs(call.region),
    hashings: parts.hashings,
    keys: await storedKeys(parts, call, bucket, before.encryption, undefined),
    owner: partOwner(call.account, bucket, upload, 1),
    mostBytes: MOST_PUT_BYTES,
    defaultChecksum: before.checksum?.name ?? 'CRC64NVME',
  });
  const row = await writeReceived(call, received, (tx) => {
    const { row: now } = findGrowing(parts, tx, input, before.bytes);
    // The object may have been replaced by another one of the same size.
    if (now === undefined || now.sequence !== before.sequence) return fail('ConditionalRequestConflict');
    const grown = grow(now, received, upload);
    const all = [...partsOf(tx, now), ...newPart(partsOf(tx, now).length + 1, received)];
    tx.put(manifests, manifests.key(upload), { parts: all });
    const modifiedAt = call.clock.now();
    const etag = etagFor(bucket, now.encryption, received.md5);
    const added = { ...grown, partsCount: all.length, modifiedAt, etag, sequence: nextSequence(modifiedAt, now) };
    tx.put(objects, objects.key(bucket.id, input.Key), added);
    return added;
  });
  call.meter(BYTES_IN, received.bytes);
  const { checksum } = row;
  return {
    ...writtenOutput(row),
    Size: row.bytes,
    ...(checksum && { [checksumMember(checksum.name)]: checksum.value, ChecksumType: checksum.type }),
  };
}

const newPart = (number: number, { piece, checksum }: Received): ManifestRow['parts'] =>
  piece === undefined ? [] : [{ number, piece, checksum: checksum.digest.toString('base64') }];

function grow({ checksum: old, ...row }: VersionRow, received: Received, upload: string): VersionRow {
  const bytes = row.bytes + received.bytes;
  const checksum = row.bytes === 0 ? fullChecksum(received) : combined(old, row.bytes, received);
  return { ...row, upload, bytes, ...(checksum && { checksum }) };
}

/** CRCs combine to that of the whole; of other sums only the parts' are known. */
function combined(old: Checksum | undefined, bytes: number, received: Received): Checksum | undefined {
  const { name, digest } = received.checksum;
  if (old?.name !== name || old.type !== 'FULL_OBJECT' || !combines(name)) return undefined;
  const sums = [
    { digest: Buffer.from(old.value, 'base64'), bytes },
    { digest, bytes: received.bytes },
  ];
  return { ...old, value: combineCrcs(name, sums).toString('base64') };
}
