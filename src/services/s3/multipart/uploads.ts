/** An upload in parts: begun, listed, given up. */
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, randomBytes } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import { giveUpBlobs } from '#platform/blobs/rows.ts';
import type {
  AbortMultipartUploadRequest,
  CreateMultipartUploadOutput,
  CreateMultipartUploadRequest,
  ListMultipartUploadsOutput,
  ListMultipartUploadsRequest,
  ListPartsOutput,
  ListPartsRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { afterPrefix, type Key, text } from '#platform/store/keys.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import type { ObjectAclRequest } from '#services/s3/acl/grants.ts';
import { ownershipOf, ownersOf } from '#services/s3/acl/ownership.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import type { ShownOwner } from '#services/s3/canonical-users.ts';
import { newObjectKeys, writtenEncryption } from '#services/s3/encryption/object-keys.ts';
import { type EncryptionHeaders, wantedEncryption } from '#services/s3/encryption/wanted.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { shownAbort } from '#services/s3/lifecycle/settings.ts';
import { canonicalUser, checkKey } from '#services/s3/names.ts';
import { askedLock, type LockHeaders } from '#services/s3/object-lock/locks.ts';
import { CHECKSUM_NAMES, checksumMember } from '#services/s3/objects/checksums.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import { combines } from '#services/s3/objects/crc-combine.ts';
import { commonPrefix, limitOf, prefixesOf, shownNames } from '#services/s3/objects/list.ts';
import { metadataOf } from '#services/s3/objects/metadata.ts';
import { newest } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, nextSequence, parts as partRows, type UploadRow, uploads } from '#services/s3/state.ts';
import { billPart } from '#services/s3/storage/classes.ts';

export const MOST_PART_NUMBER = 10_000;

export interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

export const requireUpload = (tx: ReadTransaction, bucket: BucketRow, { Key, UploadId }: UploadTarget): UploadRow =>
  tx.get(uploads, uploads.key(bucket.id, Key, UploadId)) ?? fail('NoSuchUpload', { about: UploadId });

const nameOfCaller = ({ principal }: Call): string => ('arn' in principal ? principal.arn : '');

/** "If the initiator is an AWS account, this element provides the same information as the Owner element." (API Reference, ListParts) */
function shownInitiator({ users }: S3Parts, { initiator }: UploadRow): ShownOwner {
  const [, account] = /^arn:aws:iam::(\d{12}):root$/.exec(initiator) ?? [];
  // Twelve digits of an ARN that was made here.
  return account === undefined ? { ID: initiator } : users.shown(canonicalUser(account as AccountId));
}

export const createMultipartUpload =
  (parts: S3Parts) =>
  async (input: CreateMultipartUploadRequest, call: Call): Promise<CreateMultipartUploadOutput> => {
    checkKey(input.Key);
    const checksum = checksumOf(input);
    const metadata = metadataOf(input as Parameters<typeof metadataOf>[0]);
    billPart(call, metadata.storageClass);
    const { bucket, wanted } = call.partition.read((tx) => {
      const opened = openBucket(tx, parts.sealer, input.Bucket);
      return { bucket: opened, wanted: wantedEncryption(tx, opened, input as EncryptionHeaders, call) };
    });
    const { encryption } = await newObjectKeys(parts, call, bucket, input.Key, wanted);
    const lock = askedLock(bucket, input as LockHeaders, call.now);
    const id = newUploadId(call.now);
    call.transact((tx) => {
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      const startedAt = call.clock.now();
      tx.put(uploads, uploads.key(bucket.id, input.Key, id), {
        startedAt,
        sequence: nextSequence(startedAt, newest(tx, bucket, input.Key)),
        initiator: nameOfCaller(call),
        ...metadata,
        ...ownershipOf(parts, bucket, input as ObjectAclRequest, call),
        ...(lock && { lock }),
        ...(checksum && { checksum }),
        ...(encryption && { encryption }),
      });
    });
    return {
      Bucket: bucket.name,
      Key: input.Key,
      UploadId: id,
      ...shownAbort(parts, call, bucket, input.Key, call.now),
      ...writtenEncryption(encryption, input.SSECustomerKeyMD5),
      ...(checksum && { ChecksumAlgorithm: checksum.name, ChecksumType: checksum.type }),
    };
  };

/**
 * "Uploads that share the same object key are further sorted in ascending order based on the upload initiation time" (API Reference,
 * ListMultipartUploads), and `upload-id-marker` compares ids: so an id begins with its time.
 */
const newUploadId = (now: Milliseconds): string =>
  Math.floor(now).toString(36).padStart(TIME_DIGITS, '0') + randomBytes(39).toString('base64url');
const TIME_DIGITS = 12;

/** CRC64NVME is of the whole alone, other CRCs of either kind, all others of parts alone. */
function checksumOf({
  ChecksumAlgorithm: given,
  ChecksumType: type,
}: CreateMultipartUploadRequest): UploadRow['checksum'] {
  if (given === undefined) {
    if (type !== undefined)
      fail('InvalidRequest', {
        message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      });
    return undefined;
  }
  const name =
    CHECKSUM_NAMES.find((each) => each === given.toUpperCase()) ??
    fail('InvalidRequest', {
      message:
        'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    });
  const chosen = type ?? (name === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  if ((chosen === 'FULL_OBJECT' && !combines(name)) || (chosen === 'COMPOSITE' && name === 'CRC64NVME')) {
    fail('InvalidRequest', {
      message: `The ${chosen} checksum type cannot be used with the ${name.toLowerCase()} checksum algorithm.`,
    });
  }
  // Validated: one of the model's two.
  return { name, type: chosen as 'FULL_OBJECT' | 'COMPOSITE' };
}

export const abortMultipartUpload =
  (parts: S3Parts) =>
  async (input: AbortMultipartUploadRequest, call: Call): Promise<object> => {
    const blobs = await parts.blobs(call.region);
    call.transact((tx) => {
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      requireUpload(tx, bucket, input as UploadTarget);
      abortUpload(tx, blobs, bucket, input.Key, input.UploadId);
    });
    return {};
  };

export function abortUpload(
  tx: Transaction,
  blobs: Pick<Blobs, 'discard'>,
  bucket: BucketRow,
  key: string,
  id: string,
): void {
  const places = tx.range(partRows, { prefix: [id] }).map(({ row }) => row.piece.place);
  tx.deleteRange(partRows, [id]);
  tx.delete(uploads, uploads.key(bucket.id, key, id));
  giveUpBlobs(tx, blobs, places);
}

export const listParts =
  (parts: S3Parts) =>
  (input: ListPartsRequest, call: Call): ListPartsOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const upload = requireUpload(call.tx, bucket, input as UploadTarget);
    const limit = limitOf(input.MaxParts, 'max-parts');
    const marker = Number(input.PartNumberMarker ?? 0);
    if (!Number.isSafeInteger(marker) || marker < 0) {
      invalidArgument(
        'part-number-marker',
        String(input.PartNumberMarker),
        'Argument part-number-marker must be an integer between 0 and 2147483647',
      );
    }
    const after = partRows.key(input.UploadId, marker);
    const rows = call.tx.range(partRows, { prefix: [input.UploadId], after, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      Bucket: bucket.name,
      Key: input.Key,
      UploadId: input.UploadId,
      PartNumberMarker: marker,
      ...(last && { NextPartNumberMarker: partRows.parts(last.key)[1] }),
      MaxParts: limit,
      ...shownAbort(parts, call, bucket, input.Key, upload.startedAt),
      IsTruncated: rows.length > page.length,
      Parts: page.map(({ key, row }) => ({
        PartNumber: partRows.parts(key)[1],
        LastModified: lastModified(row),
        ETag: `"${row.etag}"`,
        Size: row.piece.bytes,
        ...(upload.checksum && row.checksum && { [checksumMember(row.checksum.name)]: row.checksum.value }),
      })),
      Initiator: shownInitiator(parts, upload),
      Owner: ownersOf(parts, bucket, call)(upload),
      // Validated when the upload was begun.
      StorageClass: (upload.storageClass ?? 'STANDARD') as 'STANDARD',
      ...(upload.checksum && { ChecksumAlgorithm: upload.checksum.name, ChecksumType: upload.checksum.type }),
    };
  };

export const listMultipartUploads =
  (parts: S3Parts) =>
  (input: ListMultipartUploadsRequest, call: Call): ListMultipartUploadsOutput => {
    const { Prefix = '', Delimiter = '', KeyMarker = '', UploadIdMarker = '' } = input;
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    const show = shownNames(input.EncodingType);
    const limit = limitOf(input.MaxUploads, 'max-uploads');
    const walk = { prefix: Prefix, delimiter: Delimiter, keyMarker: KeyMarker, uploadIdMarker: UploadIdMarker, limit };
    const { entries, isTruncated } = walkUploads(call.tx, bucket, walk);
    const last = entries.at(-1);
    const ownerOf = ownersOf(parts, bucket, call);
    return {
      Bucket: bucket.name,
      Prefix: show(Prefix),
      KeyMarker: show(KeyMarker),
      UploadIdMarker,
      ...(Delimiter !== '' && { Delimiter: show(Delimiter) }),
      MaxUploads: limit,
      IsTruncated: isTruncated,
      ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
      ...(isTruncated && last && { NextKeyMarker: show(last.prefix ?? last.key), NextUploadIdMarker: last.id }),
      Uploads: entries
        .filter(({ prefix }) => prefix === undefined)
        .map(({ key, id, row }) => ({
          UploadId: id,
          Key: show(key),
          Initiated: lastModified({ modifiedAt: row.startedAt }),
          // Validated when the upload was begun.
          StorageClass: (row.storageClass ?? 'STANDARD') as 'STANDARD',
          Owner: ownerOf(row),
          Initiator: shownInitiator(parts, row),
          ...(row.checksum && { ChecksumAlgorithm: row.checksum.name, ChecksumType: row.checksum.type }),
        })),
      CommonPrefixes: prefixesOf(entries, show),
    };
  };

interface UploadEntry {
  readonly key: string;
  readonly id: string;
  readonly row: UploadRow;
  readonly prefix?: string;
}

interface UploadWalk {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  readonly uploadIdMarker: string;
  readonly limit: number;
}

const UPLOADS_AT_ONCE = 200;

function walkUploads(
  tx: ReadTransaction,
  bucket: BucketRow,
  walk: UploadWalk,
): { entries: UploadEntry[]; isTruncated: boolean } {
  const { prefix, keyMarker, uploadIdMarker, limit } = walk;
  const beginning = (beginsWith: string) =>
    (uploads.keyPrefix(bucket.id) + text.encode(beginsWith).slice(0, -2)) as Key;
  const before = afterPrefix(beginning(prefix));
  let from = beginning(prefix);
  if (keyMarker !== '') {
    const next =
      commonPrefix(keyMarker, walk) === keyMarker
        ? afterPrefix(beginning(keyMarker))
        : uploadIdMarker === ''
          ? afterPrefix(uploads.keyPrefix(bucket.id, keyMarker))
          : (`${uploads.key(bucket.id, keyMarker, uploadIdMarker)}\0` as Key);
    if (next > from) from = next;
  }
  const entries: UploadEntry[] = [];
  for (;;) {
    const rows = tx.range(uploads, { prefix: [bucket.id], from, before, limit: UPLOADS_AT_ONCE });
    let leap: Key | undefined;
    for (const { key: at, row } of rows) {
      if (entries.length === limit) return { entries, isTruncated: true };
      const [, key, id] = uploads.parts(at);
      const shared = commonPrefix(key, walk);
      entries.push({ key, id, row, ...(shared !== undefined && { prefix: shared }) });
      if (shared === undefined) continue;
      leap = afterPrefix(beginning(shared));
      break;
    }
    const last = rows.at(-1);
    if (leap === undefined && (last === undefined || rows.length < UPLOADS_AT_ONCE))
      return { entries, isTruncated: false };
    from = leap ?? (`${last?.key}\0` as Key);
  }
}
