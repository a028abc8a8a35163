/** PutObjectAnnotation, GetObjectAnnotation, ListObjectAnnotations, DeleteObjectAnnotation: text that a version carries by name. */
import { giveUpBlobs } from '#platform/blobs/rows.ts';
import type {
  DeleteObjectAnnotationOutput,
  DeleteObjectAnnotationRequest,
  GetObjectAnnotationOutput,
  GetObjectAnnotationRequest,
  ListObjectAnnotationsOutput,
  ListObjectAnnotationsRequest,
  PutObjectAnnotationOutput,
  PutObjectAnnotationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { afterPrefix, type Key, text } from '#platform/store/keys.ts';
import type { Transaction } from '#platform/store/store.ts';
import { type AnnotationRow, annotations } from '#services/s3/annotations/state.ts';
import { putAnnotation, storeAnnotation, textPayload } from '#services/s3/annotations/store.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { shownEncryption, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { checkDeletable } from '#services/s3/object-lock/locks.ts';
import { mayBypass } from '#services/s3/object-lock/object-lock.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import { checkSource, lastModified } from '#services/s3/objects/conditions.ts';
import { type FoundObject, findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { openBody } from '#services/s3/objects/get.ts';
import { payloadOfInput } from '#services/s3/objects/put.ts';
import { type Claims, writeReceived } from '#services/s3/objects/receive.ts';
import { findVersion, putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateChange } from '#services/s3/replication/queue.ts';
import { statusOf } from '#services/s3/replication/state.ts';
import { BYTES_IN, BYTES_OUT } from '#services/s3/rows.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { laterBlobs } from '#services/s3/storage/later-blobs.ts';

const LONGEST_NAME_BYTES = 512;
const MOST_LISTED = 1000;

/** "Annotation names are UTF-8 encoded and cannot start with aws or s3 (case-insensitive)." */
function checkName(name: string): void {
  if (Buffer.byteLength(name) > LONGEST_NAME_BYTES) fail('AnnotationNameTooLong');
  if (name === '' || /^(?:aws|s3)/i.test(name)) fail('InvalidAnnotationName');
}

const ifMatch = (ObjectIfMatch: string | undefined) => (ObjectIfMatch === undefined ? {} : { IfMatch: ObjectIfMatch });

/** `If-Match` is of the object here, not of the annotation. */
const checkObject = (row: VersionRow, ObjectIfMatch: string | undefined): void =>
  checkSource(row, ifMatch(ObjectIfMatch), 'x-amz-object-');

/** The same version, in a transaction. */
function versionNow(parts: S3Parts, tx: Transaction, { Bucket, Key }: ReadTarget, before: VersionRow): FoundObject {
  const bucket = openBucket(tx, parts.sealer, Bucket);
  const row = findVersion(tx, bucket, Key, shownVersionId(before));
  return row?.sequence === before.sequence ? { bucket, row } : fail('OperationAborted');
}

/** An annotation goes where its version goes. */
function replicationOf({ replication }: VersionRow) {
  const status = replication && statusOf(replication);
  return status === undefined ? {} : { ReplicationStatus: status };
}

const versionOf = ({ bucket, row }: FoundObject) =>
  bucket.versioning === undefined ? {} : { ObjectVersionId: shownVersionId(row) };

export const putObjectAnnotation =
  (parts: S3Parts) =>
  async (input: PutObjectAnnotationRequest, call: Call): Promise<PutObjectAnnotationOutput> => {
    const { AnnotationName: name, Key: key, ObjectIfMatch } = input;
    checkName(name);
    const found = findObject(parts, input as ReadTarget, call);
    const { encryption } = found.row;
    checkObject(found.row, ObjectIfMatch);
    // "Objects encrypted with SSE-C cannot have annotations."
    if (encryption?.kind === 'SSE-C')
      fail('InvalidRequest', { message: 'Objects with SSE-C cannot have annotations.' });
    const payload = await textPayload(payloadOfInput(input.AnnotationPayload));
    const keys = await storedKeys(parts, call, found.bucket, encryption, undefined);
    const object = { account: call.account, bucket: found.bucket, key, encryption, keys };
    const { received, row } = await storeAnnotation(parts, call, object, name, payload, input as Claims);
    await writeReceived(call, received, (tx) => {
      const { bucket, row: now } = versionNow(parts, tx, input as ReadTarget, found.row);
      checkObject(now, ObjectIfMatch);
      if (now.encryption?.kind !== encryption?.kind) fail('OperationAborted');
      const { version, before } = putAnnotation(tx, bucket, key, now, name, row);
      putVersion(tx, bucket, key, replicateChange(tx, bucket, key, version, call.clock.now()));
      if (before !== undefined) giveUpBlobs(tx, laterBlobs(parts, call), [before.piece.place]);
      notify(tx, bucket, { name: 'ObjectAnnotation:Put', key, row: now }, call);
    });
    call.meter(BYTES_IN, received.bytes);
    return {
      Key: key,
      AnnotationName: name,
      ...versionOf(found),
      ETag: `"${row.etag}"`,
      [checksumMember(row.checksum.name)]: row.checksum.value,
      ChecksumType: row.checksum.type,
      ServerSideEncryption: serverSide(encryption),
    };
  };

const serverSide = (encryption: VersionRow['encryption']) =>
  shownEncryption(encryption).ServerSideEncryption ?? 'AES256';

function requireAnnotation(call: Call, { bucket, row }: FoundObject, key: string, name: string): AnnotationRow {
  const at = annotations.key(bucket.id, key, row.sequence, name);
  return call.partition.read((tx) => tx.get(annotations, at)) ?? fail('NoSuchAnnotation', { about: name });
}

export const getObjectAnnotation =
  (parts: S3Parts) =>
  async (input: GetObjectAnnotationRequest, call: Call): Promise<GetObjectAnnotationOutput> => {
    const found = findObject(parts, input as ReadTarget, call);
    const { encryption } = found.row;
    const keys = await storedKeys(parts, call, found.bucket, encryption, undefined);
    const row = requireAnnotation(call, found, input.Key, input.AnnotationName);
    const { piece, checksum } = row;
    const body = await openBody(parts, call, keys, [piece], { start: 0, end: piece.bytes });
    call.meter(BYTES_OUT, piece.bytes);
    const described = {
      ...versionOf(found),
      LastModified: row.modifiedAt,
      ...replicationOf(found.row),
      ContentLength: piece.bytes,
      ETag: `"${row.etag}"`,
      ...(input.ChecksumMode === 'ENABLED' && {
        [checksumMember(checksum.name)]: checksum.value,
        ChecksumType: checksum.type,
      }),
      ServerSideEncryption: serverSide(encryption),
    };
    // A payload's type in the model is the SDKs' own.
    return { ...described, AnnotationPayload: body } as unknown as GetObjectAnnotationOutput;
  };

export const listObjectAnnotations =
  (parts: S3Parts) =>
  (input: ListObjectAnnotationsRequest, call: Call): ListObjectAnnotationsOutput => {
    const { Bucket, Key: key, AnnotationPrefix: prefix = '', ContinuationToken: token } = input;
    const { MaxAnnotationResults: limit = MOST_LISTED } = input;
    if (Buffer.byteLength(prefix) > LONGEST_NAME_BYTES) fail('InvalidPrefix', { about: prefix });
    const found = findObject(parts, input as ReadTarget, call);
    const { bucket, row } = found;
    const bound = [Bucket, key, shownVersionId(row), prefix];
    const refuse = () => invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
    const last = token ? parts.pages.open(call, bound, token, refuse) : undefined;
    const place = [bucket.id, key, row.sequence] as [number, string, number];
    const start = (annotations.keyPrefix(...place) + text.encode(prefix).slice(0, -2)) as Key;
    const from = last === undefined ? { from: start } : { after: annotations.key(...place, last) };
    const range = { prefix: place, ...from, before: afterPrefix(start), limit: limit + 1 };
    const rows = row.annotations === undefined ? [] : call.tx.range(annotations, range);
    const page = rows.slice(0, limit).map(({ key: at, row: each }) => ({ name: annotations.parts(at)[3], each }));
    const next = rows.length > page.length ? page.at(-1)?.name : undefined;
    return {
      Bucket,
      Key: key,
      ...versionOf(found),
      ...(prefix !== '' && { AnnotationPrefix: prefix }),
      MaxAnnotationResults: limit,
      AnnotationCount: page.length,
      ...(token !== undefined && { ContinuationToken: token }),
      ...(next !== undefined && { NextContinuationToken: parts.pages.seal(call, bound, next) }),
      Annotations: page.map(({ name, each }) => ({
        AnnotationName: name,
        LastModified: lastModified(each),
        ETag: `"${each.etag}"`,
        ChecksumAlgorithm: [each.checksum.name],
        Size: each.piece.bytes,
        ...replicationOf(row),
      })),
    };
  };

/** What is not there is deleted already. */
export const deleteObjectAnnotation =
  (parts: S3Parts) =>
  (input: DeleteObjectAnnotationRequest, call: Call): DeleteObjectAnnotationOutput => {
    const { AnnotationName: name, Key: key } = input;
    const { tx } = call;
    const found = findObject(parts, input as ReadTarget, call);
    const { bucket, row } = found;
    checkObject(row, input.ObjectIfMatch);
    checkDeletable(row.lock, call.now, mayBypass(parts, bucket, key, input.BypassGovernanceRetention, call));
    const at = annotations.key(bucket.id, key, row.sequence, name);
    const gone = tx.get(annotations, at);
    if (gone === undefined) return versionOf(found);
    tx.delete(annotations, at);
    const { annotations: kept = { count: 0, bytes: 0 }, ...rest } = row;
    const left = { count: kept.count - 1, bytes: kept.bytes - gone.piece.bytes };
    const changed = left.count === 0 ? rest : { ...rest, annotations: left };
    putVersion(tx, bucket, key, replicateChange(tx, bucket, key, changed, call.now));
    giveUpBlobs(tx, laterBlobs(parts, call), [gone.piece.place]);
    notify(tx, bucket, { name: 'ObjectAnnotation:Delete', key, row }, call);
    return versionOf(found);
  };
