/** PutObject: the bytes first, then the row that names them. */
import type { PutObjectOutput, PutObjectRequest } from '#platform/model/generated/s3.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import type { AclRequest } from '#services/s3/acl/grants.ts';
import { ownershipOf } from '#services/s3/acl/ownership.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail } from '#services/s3/errors.ts';
import { checkKey } from '#services/s3/names.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { checkWrite, quotedEtag } from '#services/s3/objects/conditions.ts';
import { metadataOf } from '#services/s3/objects/metadata.ts';
import { objectOwner } from '#services/s3/objects/owners.ts';
import { type Claims, type Received, receive } from '#services/s3/objects/receive.ts';
import { addVersion, type NewVersion, newest, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { Checksum, VersionRow } from '#services/s3/state.ts';

/** "The maximum size of an object that you can upload in a single PUT operation is 5 GB". */
export const MOST_PUT_BYTES = 5 * 1024 ** 3;

/** The model's type of a streaming body is what the SDKs have; here it is a payload. */
export const payloadOfInput = (body: unknown): Payload => (body as Payload | undefined) ?? payloadOf(new Uint8Array(0));

export const putObject =
  (parts: S3Parts) =>
  async (input: PutObjectRequest, call: Call): Promise<PutObjectOutput> => {
    checkKey(input.Key);
    checkEncryption(input);
    const metadata = metadataOf(input as Parameters<typeof metadataOf>[0]);
    const bucket = call.partition.read((tx) => openBucket(tx, parts.sealer, input.Bucket));
    ownershipOf(parts, bucket, input as AclRequest, call);
    call.partition.read((tx) => checkWrite(newest(tx, bucket, input.Key), conditionsOf(input), input.Key));
    const received = await receive(payloadOfInput(input.Body), input as Claims, {
      blobs: await parts.blobs(call.region),
      bucket,
      owner: objectOwner(call.account, bucket, input.Key),
      mostBytes: MOST_PUT_BYTES,
      defaultChecksum: 'CRC64NVME',
    });
    const checksum = fullChecksum(received);
    const row = await commit(parts, call, input, received, {
      modifiedAt: call.clock.now(),
      etag: received.md5,
      bytes: received.bytes,
      checksum,
      ...metadata,
      ...(received.piece && { piece: received.piece }),
    });
    call.meter('PutBytes', received.bytes);
    return { ...writtenOutput(row), [checksumMember(checksum.name)]: checksum.value, ChecksumType: checksum.type };
  };

export const fullChecksum = ({ checksum }: Received): Checksum => ({
  name: checksum.name,
  value: checksum.digest.toString('base64'),
  type: 'FULL_OBJECT',
});

interface Given {
  readonly Bucket: string;
  readonly Key: string;
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

/** Commits a version whose bytes are there; if that fails they are given up. */
export async function commit(
  parts: S3Parts,
  call: Call,
  input: Given,
  received: Pick<Received, 'settle' | 'drop'>,
  version: NewVersion,
): Promise<VersionRow> {
  const blobs = await parts.blobs(call.region);
  let isWritten = false;
  try {
    const row = call.transact((tx) => {
      const bucket = openBucket(tx, parts.sealer, input.Bucket);
      checkWrite(newest(tx, bucket, input.Key), conditionsOf(input), input.Key);
      tx.onDurable(received.settle);
      const ownership = ownershipOf(parts, bucket, input as AclRequest, call);
      return addVersion(tx, blobs, bucket, input.Key, { ...version, ...ownership });
    });
    isWritten = true;
    return row;
  } finally {
    if (!isWritten) received.drop();
  }
}

/** Absent members stay absent. */
const conditionsOf = ({ IfMatch, IfNoneMatch }: Given): { IfMatch?: string; IfNoneMatch?: string } => ({
  ...(IfMatch !== undefined && { IfMatch }),
  ...(IfNoneMatch !== undefined && { IfNoneMatch }),
});

interface GivenEncryption {
  readonly ServerSideEncryption?: string;
  readonly SSECustomerAlgorithm?: string;
}

/** What is stored is sealed in any case (SSE-S3); keys of KMS and of the client's own come later. */
export function checkEncryption({ ServerSideEncryption: wanted, SSECustomerAlgorithm: own }: GivenEncryption): void {
  if (wanted !== undefined && wanted !== 'AES256') fail('NotImplemented', { about: 'x-amz-server-side-encryption' });
  if (own !== undefined) fail('NotImplemented', { about: 'x-amz-server-side-encryption-customer-algorithm' });
}

export function writtenOutput(row: VersionRow): { ETag: string; ServerSideEncryption: 'AES256'; VersionId?: string } {
  const versionId = row.versionId === undefined ? {} : { VersionId: shownVersionId(row) };
  return { ETag: quotedEtag(row), ServerSideEncryption: 'AES256', ...versionId };
}
