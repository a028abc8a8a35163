/** CompleteMultipartUpload: parts become an object. Their blobs stay where they are; a manifest row lists them. */
import { hash } from 'node:crypto';
import { giveUpBlobs } from '#platform/blobs/rows.ts';
import type { CompleteMultipartUploadOutput, CompleteMultipartUploadRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { shownExpiration } from '#services/s3/lifecycle/settings.ts';
import { MOST_PART_NUMBER, requireUpload, type UploadTarget } from '#services/s3/multipart/uploads.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { newLock } from '#services/s3/object-lock/locks.ts';
import { checksumMember, DIGEST_BYTES, digestOf } from '#services/s3/objects/checksums.ts';
import { checkWrite } from '#services/s3/objects/conditions.ts';
import { combineCrcs, combines } from '#services/s3/objects/crc-combine.ts';
import { writtenOutput } from '#services/s3/objects/put.ts';
import { addUploaded, newest } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateNew } from '#services/s3/replication/queue.ts';
import {
  type Checksum,
  manifests,
  nextSequence,
  type PartRow,
  parts as partRows,
  type UploadRow,
  uploads,
  type VersionRow,
} from '#services/s3/state.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

/** "Each part must be at least 5 MB in size, except the last part." */
const SMALLEST_PART_BYTES = 5 * 1024 * 1024;

type Named = NonNullable<NonNullable<CompleteMultipartUploadRequest['MultipartUpload']>['Parts']>;
type Chosen = PartRow & { readonly number: number };

export const completeMultipartUpload =
  (parts: S3Parts) =>
  async (input: CompleteMultipartUploadRequest, call: Call): Promise<CompleteMultipartUploadOutput> => {
    const named = input.MultipartUpload?.Parts ?? [];
    if (named.length === 0) fail('MalformedXML');
    if (named.length > MOST_PART_NUMBER) fail('TooManyParts');
    const target = input as UploadTarget;
    const { done, upload, chosen } = call.partition.read((tx) => {
      const bucket = openBucket(tx, parts.sealer, target.Bucket);
      const completed = completedBefore(newest(tx, bucket, target.Key), target, named);
      if (completed !== undefined) return { done: completed };
      const row = requireUpload(tx, bucket, target);
      checkWrite(newest(tx, bucket, target.Key), conditionsOf(input), target.Key);
      if (bucket.zone !== undefined || row.checksum?.type === 'COMPOSITE') checkConsecutive(named, target.UploadId);
      const all = new Map(
        tx.range(partRows, { prefix: [target.UploadId] }).map(({ key, row: part }) => [partRows.parts(key)[1], part]),
      );
      return { upload: row, chosen: chooseParts(named, all, row, target.UploadId) };
    });
    if (done !== undefined) return completedOutput(parts, done, input, call);
    const checksum = await checksumOf(upload, chosen);
    checkClaims(input, checksum, chosen);
    const blobs = await parts.blobs(call.region);
    const complete = (tx: Transaction): VersionRow => {
      const bucket = openBucket(tx, parts.sealer, target.Bucket);
      requireUpload(tx, bucket, target);
      checkUnchanged(tx, target.UploadId, chosen);
      checkWrite(newest(tx, bucket, target.Key), conditionsOf(input), target.Key);
      const leftOut = keepManifest(tx, target.UploadId, upload, chosen);
      tx.delete(uploads, uploads.key(bucket.id, target.Key, target.UploadId));
      giveUpBlobs(
        tx,
        blobs,
        leftOut.map(({ piece }) => piece.place),
      );
      const { startedAt, initiator: _, checksum: __, ...metadata } = upload;
      const { sequence = nextSequence(startedAt, undefined) } = upload;
      const now = call.clock.now();
      const version = {
        ...metadata,
        ...newLock(bucket, metadata.lock, now),
        sequence,
        modifiedAt: startedAt,
        etag: etagOf(chosen),
        bytes: chosen.reduce((sum, { piece }) => sum + piece.bytes, 0),
        upload: target.UploadId,
        partsCount: chosen.length,
        ...(checksum && { checksum }),
      };
      const added = addUploaded(tx, blobs, bucket, target.Key, version, now);
      replicateNew(tx, bucket, target.Key, added, now);
      const name = 'ObjectCreated:CompleteMultipartUpload';
      notify(tx, bucket, { name, key: target.Key, row: added }, call);
      return added;
    };
    const row = await again(() => call.transact(complete));
    return completedOutput(parts, row, input, call);
  };

function completedOutput(parts: S3Parts, row: VersionRow, input: CompleteMultipartUploadRequest, call: Call) {
  const { Bucket = '', Key = '' } = input;
  const { checksum } = row;
  billRequest(call, row.storageClass, 1);
  const bucket = call.partition.read((tx) => openBucket(tx, parts.sealer, Bucket));
  return {
    Location: `${call.origin}/${Bucket}/${encodeURIComponent(Key).replaceAll('%2F', '/')}`,
    Bucket,
    Key,
    ...writtenOutput(row, input.SSECustomerKeyMD5),
    ...shownExpiration(parts, call, bucket, Key, row),
    ...(checksum && { [checksumMember(checksum.name)]: checksum.value, ChecksumType: checksum.type }),
  };
}

/**
 * Who did not hear the answer asks again, and gets it as long as the key's newest version is that upload's, of the same parts. That
 * S3 answers so is from memory; for how long is not documented.
 */
function completedBefore(
  current: VersionRow | undefined,
  { UploadId }: UploadTarget,
  named: Named,
): VersionRow | undefined {
  if (current?.upload !== UploadId) return undefined;
  const etag = etagOf(named.map(({ ETag = '' }) => ({ etag: withoutQuotes(ETag) })));
  return current.etag === etag ? current : undefined;
}

const conditionsOf = ({ IfMatch, IfNoneMatch }: CompleteMultipartUploadRequest) => ({
  ...(IfMatch !== undefined && { IfMatch }),
  ...(IfNoneMatch !== undefined && { IfNoneMatch }),
});

/**
 * "when a additional checksum … is applied to each part, the PartNumber must start at 1 and the part numbers must be consecutive.
 * Otherwise, Amazon S3 generates an HTTP 400 Bad Request status code and an InvalidPartOrder error code" (API Reference, CompletedPart;
 * of composite ones: User Guide, "Checking object integrity"), and in directory buckets always.
 */
function checkConsecutive(named: Named, uploadId: string): void {
  if (named.every(({ PartNumber }, index) => PartNumber === index + 1)) return;
  const message = 'Part numbers must start at 1 and be consecutive.';
  fail('InvalidPartOrder', { message, about: uploadId });
}

const withoutQuotes = (etag: string): string => etag.replace(/^"(.*)"$/, '$1');

function chooseParts(
  named: Named,
  all: ReadonlyMap<number, PartRow>,
  { checksum }: UploadRow,
  uploadId: string,
): Chosen[] {
  const numbers = named.map(({ PartNumber = 0 }) => PartNumber);
  const isOrdered = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
  if (!isOrdered) fail('InvalidPartOrder', { about: uploadId });
  return named.map((each, index) => {
    const { PartNumber: number = 0, ETag = '' } = each;
    const part = all.get(number);
    const etag = withoutQuotes(ETag);
    if (part === undefined || part.etag !== etag) {
      return fail('InvalidPart', { about: String(number), fields: { UploadId: uploadId, ETag: etag } });
    }
    if (checksum?.type === 'COMPOSITE' && each[checksumMember(checksum.name)] === undefined) {
      // In the words that clients have reported (apache/opendal, pull request 4580).
      const message = `The upload was created using a ${checksum.name.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`;
      fail('InvalidRequest', { message });
    }
    const claimed = part.checksum && each[checksumMember(part.checksum.name)];
    if (claimed !== undefined && claimed !== part.checksum?.value) {
      fail('InvalidPart', { about: String(number), fields: { UploadId: uploadId, ETag: etag } });
    }
    if (index < named.length - 1 && part.piece.bytes < SMALLEST_PART_BYTES) {
      fail('EntityTooSmall', {
        message: 'Your proposed upload is smaller than the minimum allowed size',
        fields: {
          ETag: etag,
          MinSizeAllowed: String(SMALLEST_PART_BYTES),
          PartNumber: String(number),
          ProposedSize: String(part.piece.bytes),
        },
      });
    }
    return { ...part, number };
  });
}

/** Between the reading and the transaction a part may have been uploaded again. */
function checkUnchanged(tx: Transaction, uploadId: string, chosen: readonly Chosen[]): void {
  tx.expect(
    partRows,
    chosen.map(({ number }) => partRows.key(uploadId, number)),
  );
  for (const { number, piece } of chosen) {
    const now = tx.get(partRows, partRows.key(uploadId, number));
    // Its bytes may have moved: the salt stays.
    if (now?.piece.salt !== piece.salt) fail('InvalidPart', { about: String(number), fields: { UploadId: uploadId } });
  }
}

/** Answers the parts that were uploaded and not named. */
function keepManifest(tx: Transaction, uploadId: string, upload: UploadRow, chosen: readonly Chosen[]): PartRow[] {
  const numbers = new Set(chosen.map(({ number }) => number));
  const rows = tx.range(partRows, { prefix: [uploadId] });
  const current = new Map(rows.map(({ key, row }) => [partRows.parts(key)[1], row]));
  tx.put(manifests, manifests.key(uploadId), {
    parts: chosen.map((part) => ({
      number: part.number,
      piece: current.get(part.number)?.piece ?? part.piece,
      ...(upload.checksum && part.checksum && { checksum: part.checksum.value }),
    })),
  });
  tx.deleteRange(partRows, [uploadId]);
  return rows.filter(({ key }) => !numbers.has(partRows.parts(key)[1])).map(({ row }) => row);
}

/** `<md5 of the parts' md5s>-<how many>` */
const etagOf = (chosen: readonly Pick<Chosen, 'etag'>[]): string =>
  `${hash('md5', Buffer.from(chosen.map(({ etag }) => etag).join(''), 'hex'), 'hex')}-${chosen.length}`;

/** Without a wish of the client's: CRC64NVME of the whole. */
async function checksumOf(upload: UploadRow, chosen: readonly Chosen[]): Promise<Checksum | undefined> {
  const { name, type } = upload.checksum ?? { name: 'CRC64NVME' as const, type: 'FULL_OBJECT' as const };
  const sums = chosen.flatMap(({ checksum, ofWhole, piece }) => {
    const value = checksum?.name === name ? checksum.value : ofWhole;
    return value === undefined ? [] : [{ digest: Buffer.from(value, 'base64'), bytes: piece.bytes }];
  });
  if (sums.length < chosen.length) return undefined;
  if (type === 'FULL_OBJECT' && combines(name))
    return { name, type, value: combineCrcs(name, sums).toString('base64') };
  const digest = await digestOf(name, Buffer.concat(sums.map(({ digest: each }) => each)));
  return { name, type, value: `${digest.toString('base64')}-${chosen.length}` };
}

function checkClaims(
  input: CompleteMultipartUploadRequest,
  checksum: Checksum | undefined,
  chosen: readonly Chosen[],
): void {
  const { ChecksumType: type, MpuObjectSize: size } = input;
  // "it'll result in a BadDigest error" (API Reference, CompleteMultipartUpload, x-amz-checksum-type)
  if (type !== undefined && checksum !== undefined && type !== checksum.type) {
    fail('BadDigest', {
      message: `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    });
  }
  if (size !== undefined && Number(size) !== chosen.reduce((sum, { piece }) => sum + piece.bytes, 0)) {
    fail('InvalidRequest', { message: 'The provided MpuObjectSize does not match the size of the uploaded parts.' });
  }
  const claimed = checksum && input[checksumMember(checksum.name)];
  if (claimed === undefined || checksum === undefined || claimed === checksum.value) return;
  // Of composite ones the number of parts may be left out.
  if (checksum.type === 'COMPOSITE' && checksum.value.startsWith(`${claimed}-`)) return;
  if (Buffer.from(claimed, 'base64').length !== DIGEST_BYTES[checksum.name]) {
    fail('InvalidRequest', { message: `Value for x-amz-checksum-${checksum.name.toLowerCase()} header is invalid.` });
  }
  fail('BadDigest', { message: `The ${checksum.name} you specified did not match the calculated checksum.` });
}
