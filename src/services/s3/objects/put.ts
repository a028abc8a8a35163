/** PutObject: the bytes first, then the row that names them. */
import type { PutObjectOutput, PutObjectRequest } from '#platform/model/generated/s3.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { ObjectAclRequest } from '#services/s3/acl/grants.ts';
import { ownershipOf } from '#services/s3/acl/ownership.ts';
import { countAccess } from '#services/s3/analytics/count.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { etagFor, newObjectKeys, writtenEncryption } from '#services/s3/encryption/object-keys.ts';
import { type EncryptionHeaders, wantedEncryption } from '#services/s3/encryption/wanted.ts';
import { shownExpiration } from '#services/s3/lifecycle/settings.ts';
import { checkKey } from '#services/s3/names.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import type { EventName } from '#services/s3/notifications/rules.ts';
import { askedLock, type LockHeaders, newLock } from '#services/s3/object-lock/locks.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { checkWrite, isConditional, quotedEtag } from '#services/s3/objects/conditions.ts';
import { metadataOf } from '#services/s3/objects/metadata.ts';
import { newOwner } from '#services/s3/objects/owners.ts';
import {
  type Claims,
  checkAnnounced,
  checkVerifiable,
  type Naming,
  type Received,
  receive,
  writeReceived,
} from '#services/s3/objects/receive.ts';
import { addVersion, type NewVersion, newest, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateNew } from '#services/s3/replication/queue.ts';
import { BYTES_IN } from '#services/s3/rows.ts';
import { type Checksum, manifests, type VersionRow } from '#services/s3/state.ts';
import { billRequest } from '#services/s3/storage/classes.ts';

/** "The maximum size of an object that you can upload in a single PUT operation is 5 GB". */
export const MOST_PUT_BYTES = 5 * 1024 ** 3;

/** The model's type of a streaming body is what the SDKs have; here it is a payload, or the bytes that another service sends. */
export const payloadOfInput = (body: unknown = NOTHING): Payload =>
  body instanceof Uint8Array ? payloadOf(body) : (body as Payload);
const NOTHING = new Uint8Array(0);
/** What a service of the cloud sends, as itself or by a role, comes over no network. */
const isOfClient = (body: unknown): boolean => !(body instanceof Uint8Array);

export const putObject =
  (parts: S3Parts) =>
  async (input: PutObjectRequest, call: Call): Promise<PutObjectOutput> => {
    checkKey(input.Key);
    const metadata = metadataOf(input as Parameters<typeof metadataOf>[0]);
    const bucket = call.partition.read((tx) => openBucket(tx, parts.sealer, input.Bucket));
    ownershipOf(parts, bucket, input as ObjectAclRequest, call);
    const wanted = call.partition.read((tx) => {
      // Before the bytes come: it spares them. The transaction has the word.
      if (isConditional(input)) checkWrite(newest(tx, bucket, input.Key), conditionsOf(input), input.Key);
      return wantedEncryption(tx, bucket, input as EncryptionHeaders, call);
    });
    const lock = askedLock(bucket, input as LockHeaders, call.now);
    const payload = payloadOfInput(input.Body);
    checkAnnounced(payload, input as Claims);
    const isLocked = lock !== undefined || bucket.objectLock?.retention !== undefined;
    if (isLocked && isOfClient(input.Body)) checkVerifiable(payload, input as Claims);
    const { keys, encryption } = await newObjectKeys(parts, call, bucket, input.Key, wanted);
    const { owner, upload } = newOwner(call.account, bucket, input.Key);
    const received = await receive(payload, input as Claims, {
      blobs: await parts.blobs(call.region),
      hashings: parts.hashings,
      keys,
      owner,
      mostBytes: MOST_PUT_BYTES,
      defaultChecksum: 'CRC64NVME',
      mayBeRow: upload === undefined,
    });
    const content = contentOf(bucket, received, encryption, upload);
    const row = await commit(parts, call, input, received, {
      modifiedAt: call.clock.now(),
      ...content,
      ...metadata,
      ...newLock(bucket, lock, call.clock.now()),
    });
    call.meter(BYTES_IN, received.bytes);
    const { partition } = call;
    countAccess(partition, bucket, input.Key, row, { uploaded: row.bytes }, { now: call.clock.now(), day: parts.day });
    return {
      ...writtenOutput(row, input.SSECustomerKeyMD5),
      ...shownExpiration(parts, call, bucket, input.Key, row),
      [checksumMember(content.checksum.name)]: content.checksum.value,
      ChecksumType: content.checksum.type,
    };
  };

/** What a version says of its bytes. */
export const contentOf = (
  bucket: OpenBucket,
  received: Received,
  encryption: VersionRow['encryption'],
  upload: string | undefined,
) => ({
  etag: etagFor(bucket, encryption, received.md5),
  ...(encryption && { encryption }),
  bytes: received.bytes,
  checksum: fullChecksum(received),
  ...(received.piece && { piece: received.piece, ...(upload !== undefined && { upload }) }),
});

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

const CREATED_BY: Readonly<Record<string, EventName>> = { CopyObject: 'ObjectCreated:Copy' };

/** Commits a version whose bytes are there; if that fails they are given up. */
export async function commit(
  parts: S3Parts,
  call: Call,
  input: Given,
  received: Naming,
  version: NewVersion,
  further?: (tx: Transaction, added: VersionRow) => void,
): Promise<VersionRow> {
  const blobs = await parts.blobs(call.region);
  return writeReceived(call, received, (tx) => {
    const bucket = openBucket(tx, parts.sealer, input.Bucket);
    if (isConditional(input)) checkWrite(newest(tx, bucket, input.Key), conditionsOf(input), input.Key);
    const ownership = ownershipOf(parts, bucket, input as ObjectAclRequest, call);
    const added = addVersion(tx, blobs, bucket, input.Key, { ...withManifest(tx, version), ...ownership });
    billRequest(call, added.storageClass, 1);
    further?.(tx, added);
    replicateNew(tx, bucket, input.Key, added, call.clock.now());
    notify(tx, bucket, { name: CREATED_BY[call.operation] ?? 'ObjectCreated:Put', key: input.Key, row: added }, call);
    return added;
  });
}

/** The one part of an object that is made of parts and came whole. */
function withManifest(tx: Transaction, version: NewVersion): NewVersion {
  const { piece, ...row } = version;
  if (piece === undefined || row.upload === undefined) return version;
  tx.put(manifests, manifests.key(row.upload), { parts: [{ number: 1, piece }] });
  return row;
}

/** Absent members stay absent. */
export const conditionsOf = ({
  IfMatch,
  IfNoneMatch,
}: Pick<PutObjectRequest, 'IfMatch' | 'IfNoneMatch'>): { IfMatch?: string; IfNoneMatch?: string } => ({
  ...(IfMatch !== undefined && { IfMatch }),
  ...(IfNoneMatch !== undefined && { IfNoneMatch }),
});

export function writtenOutput(row: VersionRow, customerKeyMd5?: string) {
  const versionId = row.versionId === undefined ? {} : { VersionId: shownVersionId(row) };
  return { ETag: quotedEtag(row), ...writtenEncryption(row.encryption, customerKeyMd5), ...versionId };
}
