/** UploadPart and UploadPartCopy. */
import { present } from '#platform/base/assert.ts';
import { giveUpBlobs } from '#platform/blobs/rows.ts';
import type {
  UploadPartCopyOutput,
  UploadPartCopyRequest,
  UploadPartOutput,
  UploadPartRequest,
} from '#platform/model/generated/s3.ts';
import type { Payload } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import {
  type CopySourceKeyHeaders,
  type CustomerKeyHeaders,
  customerKeyOf,
  isRightKey,
} from '#services/s3/encryption/customer-keys.ts';
import { etagFor, shownEncryption, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { MOST_PART_NUMBER, requireUpload, type UploadTarget } from '#services/s3/multipart/uploads.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import { findSource, sourceBody } from '#services/s3/objects/copy.ts';
import { partOwner } from '#services/s3/objects/owners.ts';
import { fullChecksum, MOST_PUT_BYTES, payloadOfInput } from '#services/s3/objects/put.ts';
import type { ByteRange } from '#services/s3/objects/ranges.ts';
import { type Claims, checkAnnounced, receive, writeReceived } from '#services/s3/objects/receive.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { BYTES_IN } from '#services/s3/rows.ts';
import { type EncryptionRow, type PartRow, parts as partRows } from '#services/s3/state.ts';
import { billPart } from '#services/s3/storage/classes.ts';

export const uploadPart =
  (parts: S3Parts) =>
  async (input: UploadPartRequest, call: Call): Promise<UploadPartOutput> => {
    const target = input as UploadTarget & { readonly PartNumber: number };
    const payload = payloadOfInput(input.Body);
    checkAnnounced(payload, input as Claims);
    const { row, encryption } = await store(parts, call, target, payload, input as Claims);
    call.meter(BYTES_IN, row.piece.bytes);
    return {
      ETag: `"${row.etag}"`,
      ...shownEncryption(encryption, input.SSECustomerKeyMD5),
      ...(row.checksum && { [checksumMember(row.checksum.name)]: row.checksum.value }),
    };
  };

async function store(
  parts: S3Parts,
  call: Call,
  target: UploadTarget & { readonly PartNumber: number } & CustomerKeyHeaders,
  body: Payload,
  claims: Claims,
): Promise<{ row: PartRow; encryption: EncryptionRow | undefined }> {
  const { UploadId, PartNumber } = target;
  if (PartNumber < 1 || PartNumber > MOST_PART_NUMBER) {
    invalidArgument('partNumber', String(PartNumber), 'Part number must be an integer between 1 and 10000, inclusive');
  }
  const { bucket, upload } = call.partition.read((tx) => {
    const opened = openBucket(tx, parts.sealer, target.Bucket);
    return { bucket: opened, upload: requireUpload(tx, opened, target) };
  });
  billPart(call, upload.storageClass);
  const { encryption } = upload;
  const customerKey = customerKeyOf(target, call.origin);
  if (encryption?.kind === 'SSE-C' && customerKey !== undefined && !isRightKey(customerKey, encryption.verifier)) {
    // From memory; that it must be the key of CreateMultipartUpload is documented (UploadPart).
    fail('InvalidRequest', { message: 'The provided encryption parameters did not match the ones used originally.' });
  }
  const keys = await storedKeys(parts, call, bucket, encryption, customerKey);
  const blobs = await parts.blobs(call.region);
  const received = await receive(body, claims, {
    blobs,
    hashings: parts.hashings,
    keys,
    owner: partOwner(call.account, bucket, UploadId, PartNumber),
    mostBytes: MOST_PUT_BYTES,
    defaultChecksum: upload.checksum?.name ?? 'CRC64NVME',
    // Without a wish of the client's for the whole it has this one, whatever sums the parts came with.
    ...(upload.checksum === undefined && { further: 'CRC64NVME' as const }),
    isPart: true,
  });
  const row: PartRow = {
    modifiedAt: call.clock.now(),
    etag: etagFor(bucket, encryption, received.md5),
    piece: present(received.piece, 'of a part there is one, though it may be empty'),
    checksum: fullChecksum(received),
    ...(received.further && { ofWhole: received.further.digest.toString('base64') }),
  };
  await writeReceived(call, received, (tx) => {
    if (upload.checksum !== undefined && received.checksum.name !== upload.checksum.name) {
      fail('InvalidRequest', {
        message: `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.name.toLowerCase()}, actual checksum Type: ${received.checksum.name.toLowerCase()}`,
      });
    }
    requireUpload(tx, openBucket(tx, parts.sealer, target.Bucket), target);
    const before = tx.get(partRows, partRows.key(UploadId, PartNumber));
    tx.put(partRows, partRows.key(UploadId, PartNumber), row);
    if (before !== undefined) giveUpBlobs(tx, blobs, [before.piece.place]);
  });
  return { row, encryption };
}

export const uploadPartCopy =
  (parts: S3Parts) =>
  async (input: UploadPartCopyRequest, call: Call): Promise<UploadPartCopyOutput> => {
    const source = findSource(parts, input as Parameters<typeof findSource>[1], call);
    const range = copyRange(input.CopySourceRange, source.row.bytes);
    const target = input as UploadTarget & { readonly PartNumber: number };
    const body = await sourceBody(parts, call, source, range, input as CopySourceKeyHeaders);
    const { row, encryption } = await store(parts, call, target, body, {});
    return {
      ...(source.bucket.versioning !== undefined && { CopySourceVersionId: shownVersionId(source.row) }),
      ...shownEncryption(encryption, input.SSECustomerKeyMD5),
      CopyPartResult: {
        ETag: `"${row.etag}"`,
        LastModified: lastModified(row),
        ...(row.checksum && { [checksumMember(row.checksum.name)]: row.checksum.value }),
      },
    };
  };

function copyRange(header: string | undefined, bytes: number): ByteRange {
  if (header === undefined) return { start: 0, end: bytes };
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  if (first === undefined || last === undefined) {
    return invalidArgument(
      'x-amz-copy-source-range',
      header,
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    );
  }
  const range = { start: Number(first), end: Number(last) + 1 };
  if (range.start >= range.end || range.end > bytes) {
    return invalidArgument(
      'x-amz-copy-source-range',
      header,
      `Range specified is not valid for source object of size: ${bytes}`,
    );
  }
  return range;
}
