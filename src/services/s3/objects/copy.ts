/** CopyObject, and what UploadPartCopy shares with it: whose bytes they are, and whether the caller may read them. */
import type { AccountId } from '#platform/base/ids.ts';
import type { CopyObjectOutput, CopyObjectRequest } from '#platform/model/generated/s3.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';
import { joinPolicies } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Call } from '#platform/service.ts';
import type { Partition } from '#platform/store/store.ts';
import { copiedTagConditions, versionConditions } from '#services/s3/access.ts';
import { sourcePoint } from '#services/s3/access-points/resolve.ts';
import { holderOf, newObjectAclInForce, objectAclInForce } from '#services/s3/acl/ownership.ts';
import { copyAnnotations } from '#services/s3/annotations/copies.ts';
import { isArchived } from '#services/s3/archive/restore.ts';
import { type OpenBucket, openBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { payerOf } from '#services/s3/buckets/request-payment.ts';
import { checkExpectedOwner } from '#services/s3/directory.ts';
import { type CopySourceKeyHeaders, copySourceKeyOf } from '#services/s3/encryption/customer-keys.ts';
import { newObjectKeys, storedKeys } from '#services/s3/encryption/object-keys.ts';
import { type EncryptionHeaders, wantedEncryption } from '#services/s3/encryption/wanted.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { shownExpiration } from '#services/s3/lifecycle/settings.ts';
import { listingOf, may } from '#services/s3/may.ts';
import { checkKey } from '#services/s3/names.ts';
import { askedLock, type LockHeaders, newLock } from '#services/s3/object-lock/locks.ts';
import { checksumMember } from '#services/s3/objects/checksums.ts';
import {
  type CopyConditions,
  checkSource,
  copyConditions,
  lastModified,
  quotedEtag,
} from '#services/s3/objects/conditions.ts';
import { openBody, piecesOf } from '#services/s3/objects/get.ts';
import { metadataOf, type ObjectMetadata } from '#services/s3/objects/metadata.ts';
import { newOwner } from '#services/s3/objects/owners.ts';
import { commit, contentOf, MOST_PUT_BYTES, writtenOutput } from '#services/s3/objects/put.ts';
import type { ByteRange } from '#services/s3/objects/ranges.ts';
import { noteRead } from '#services/s3/objects/reads.ts';
import { type Claims, type Naming, receive } from '#services/s3/objects/receive.ts';
import { findVersion, newest, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type ContentHeaders, type NameRow, partitionOf, type VersionRow } from '#services/s3/state.ts';

export interface CopySource {
  readonly place: NameRow;
  readonly partition: Partition;
  readonly bucket: OpenBucket;
  readonly key: string;
  readonly row: VersionRow;
  /** A version was named: this may be an older one that is copied to be the newest again. */
  readonly isVersion: boolean;
  readonly mayReadTags: () => boolean;
  readonly mayReadAnnotations: () => boolean;
}

interface GivenSource extends CopyConditions {
  readonly CopySource: string;
  readonly ExpectedSourceBucketOwner?: string;
  readonly RequestPayer?: string;
}

const FORM = /^\/?([^/?]+)\/([^?]+)(?:\?versionId=(.+))?$/s;
/** `arn:aws:s3:<region>:<account>:accesspoint/<name>/object/<key>`, percent-encoded or not. */
const POINT_FORM = /^(arn:[^?]+?(?:\/|%2F)[^/?]+?)(?:\/|%2F)object(?:\/|%2F)([^?]+)(?:\?versionId=(.+))?$/is;

/** `bucket/key`, percent-encoded, with a slash before it or not, with `?versionId=` or not. Throws if the caller may not read it. */
export function findSource(parts: S3Parts, input: GivenSource, call: Call): CopySource {
  const { name: given, key, versionId } = readSource(input.CopySource);
  const door = sourcePoint(parts, given, call);
  const name = door?.bucket ?? given;
  const place = parts.directory.ownerOf(name);
  checkExpectedOwner(place, input.ExpectedSourceBucketOwner);
  payerOf(parts, name, call.principal, input.RequestPayer);
  const partition = partitionOf(parts.store, place);
  return partition.read((tx) => {
    const bucket = openBucket(tx, parts.sealer, name);
    const reached = { account: place.account, principal: call.principal, door };
    const policy = policyInForce(parts, bucket, reached);
    const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
    const row = versionId === undefined ? newest(tx, bucket, key) : findVersion(tx, bucket, key, versionId);
    const joined = joinPolicies(policy, objectAclInForce(parts, bucket, row, reached));
    const holder = holderOf(bucket, row) ?? place.account;
    const conditions = versionConditions(place.account, row, versionId);
    const asked = { bucket, key, policy: joined, account: holder, door, conditions };
    if (bucket.zone !== undefined) checkDirectorySource(bucket, policy, place.account, call);
    else if (!may(parts, call, action, asked)) fail('AccessDenied');
    if (row === undefined || row.isDeleteMarker) {
      const list = { bucket, policy, account: place.account, door, conditions: listingOf(key) };
      if (bucket.zone === undefined && !may(parts, call, 's3:ListBucket', list)) fail('AccessDenied');
      if (versionId === undefined) fail('NoSuchKey', { about: key });
      if (row?.isDeleteMarker)
        fail('InvalidRequest', {
          message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
        });
      return fail('NoSuchVersion', { about: versionId ?? '', fields: { Key: key } });
    }
    checkSource(row, copyConditions(input), 'x-amz-copy-source-');
    if (isArchived(row, call.clock.now())) fail('ObjectNotInActiveTierError');
    const readTags = versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging';
    const mayReadTags = () => may(parts, call, readTags, asked);
    const readAnnotations = versionId === undefined ? 's3:GetObjectAnnotation' : 's3:GetObjectVersionAnnotation';
    const mayReadAnnotations = () => may(parts, call, readAnnotations, asked);
    const isVersion = versionId !== undefined;
    return { place, partition, bucket, key, row, isVersion, mayReadTags, mayReadAnnotations };
  });
}

/** To read is enough ("the condition key can't be set to ReadWrite on the copy source bucket", API Reference, CopyObject). */
function checkDirectorySource(
  { arn }: OpenBucket,
  policy: CompiledPolicy | undefined,
  account: AccountId,
  call: Call,
): void {
  const mode = { 's3express:sessionmode': 'ReadOnly' };
  if (!call.allows('s3express:CreateSession', arn, policy, account, mode)) fail('AccessDenied');
}

function readSource(header: string): { name: string; key: string; versionId: string | undefined } {
  const [, bucket, key, versionId] = POINT_FORM.exec(header) ?? FORM.exec(header) ?? [];
  try {
    if (bucket !== undefined && key !== undefined) {
      return { name: decodeURIComponent(bucket), key: decodeURIComponent(key), versionId };
    }
  } catch {
    // Not percent-encoded: refused like every other form.
  }
  return invalidArgument(
    'x-amz-copy-source',
    header,
    'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
  );
}

/** The source's bytes as a body that is received like any other. */
export async function sourceBody(
  parts: S3Parts,
  call: Call,
  source: CopySource,
  range: ByteRange,
  headers: CopySourceKeyHeaders,
): Promise<Payload> {
  const customerKey = copySourceKeyOf(headers, call.origin);
  const keys = await storedKeys(parts, call, source.bucket, source.row.encryption, customerKey);
  const body = await openBody(parts, { ...source, ...source.place }, keys, piecesOf(source.row, source), range);
  noteRead(parts, { ...source, bytes: range.end - range.start, operation: call.operation }, call.clock.now());
  if (body instanceof Uint8Array) return payloadOf(body);
  const announcedBytes = range.end - range.start;
  return {
    whole: undefined,
    announcedBytes,
    trailerNames: [],
    trailers: {},
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
  };
}

export const copyObject =
  (parts: S3Parts) =>
  async (input: CopyObjectRequest, call: Call): Promise<CopyObjectOutput> => {
    checkKey(input.Key);
    const source = findSource(parts, input as Parameters<typeof findSource>[1], call);
    const { row } = source;
    if (row.bytes > MOST_PUT_BYTES) {
      fail('InvalidRequest', {
        message: 'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
      });
    }
    const metadata = copiedMetadata(input, source);
    const { bucket, wanted } = call.partition.read((tx) => {
      const opened = openBucket(tx, parts.sealer, input.Bucket);
      return { bucket: opened, wanted: wantedEncryption(tx, opened, input as EncryptionHeaders, call) };
    });
    if (input.TaggingDirective !== 'REPLACE') checkTagsTaken(parts, source, bucket, input.Key, call);
    const lock = askedLock(bucket, input as LockHeaders, call.now);
    const { keys, encryption } = await newObjectKeys(parts, call, bucket, input.Key, wanted);
    const body = await sourceBody(parts, call, source, { start: 0, end: row.bytes }, input as CopySourceKeyHeaders);
    const { owner, upload } = newOwner(call.account, bucket, input.Key);
    const claims = input.ChecksumAlgorithm === undefined ? {} : { ChecksumAlgorithm: input.ChecksumAlgorithm };
    const received = await receive(body, claims as Claims, {
      blobs: await parts.blobs(call.region),
      hashings: parts.hashings,
      keys,
      owner,
      mostBytes: MOST_PUT_BYTES,
      defaultChecksum: row.checksum?.name ?? 'CRC64NVME',
      mayBeRow: upload === undefined,
    });
    const content = contentOf(bucket, received, encryption, upload);
    const copy = { account: call.account, bucket, key: input.Key, encryption, keys };
    const annotations = await copyAnnotations(parts, call, source, copy, input.AnnotationDirective).catch((error) => {
      received.drop();
      throw error;
    });
    const version = {
      modifiedAt: call.clock.now(),
      ...content,
      ...metadata,
      ...annotations.kept,
      ...newLock(bucket, lock, call.clock.now()),
    };
    const bytes: Naming = {
      name: both(received.name, annotations.name),
      settle: both(received.settle, annotations.settle),
      drop: both(received.drop, annotations.drop),
    };
    const target = input as Parameters<typeof commit>[2];
    const written = await commit(parts, call, target, bytes, version, annotations.write);
    const { ETag: _, ...output } = writtenOutput(written, input.SSECustomerKeyMD5);
    return {
      ...output,
      ...shownExpiration(parts, call, bucket, input.Key, written),
      ...(source.bucket.versioning !== undefined && { CopySourceVersionId: shownVersionId(row) }),
      CopyObjectResult: {
        ETag: quotedEtag(written),
        LastModified: lastModified(written),
        [checksumMember(content.checksum.name)]: content.checksum.value,
        ChecksumType: content.checksum.type,
      },
    };
  };

const both =
  <Given extends unknown[]>(first: (...given: Given) => void, second: (...given: Given) => void) =>
  (...given: Given): void => {
    first(...given);
    second(...given);
  };

/** Who takes tags along reads them there and writes them here ("Object tagging and additional information", S3 User Guide). */
function checkTagsTaken(
  parts: S3Parts,
  { row: { tags = {} }, mayReadTags }: CopySource,
  to: OpenBucket,
  key: string,
  call: Call,
): void {
  if (Object.keys(tags).length === 0) return;
  const policy = joinPolicies(policyInForce(parts, to, call), newObjectAclInForce(parts, to, call));
  const conditions = copiedTagConditions(call.account, tags);
  const mayWrite = may(parts, call, 's3:PutObjectTagging', { bucket: to, key, policy, conditions });
  if (!mayWrite || !mayReadTags()) fail('AccessDenied');
}

function copiedMetadata(input: CopyObjectRequest, { row, bucket, key, isVersion }: CopySource): ObjectMetadata {
  const replaces = input.MetadataDirective === 'REPLACE';
  const given = metadataOf(input as Parameters<typeof metadataOf>[0]);
  const isItself = bucket.name === input.Bucket && key === input.Key && !isVersion;
  const changesNothing = !replaces && input.StorageClass === undefined && input.WebsiteRedirectLocation === undefined;
  const changesKey = input.ServerSideEncryption !== undefined || input.SSECustomerAlgorithm !== undefined;
  if (isItself && changesNothing && !changesKey && input.TaggingDirective !== 'REPLACE') {
    fail('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    });
  }
  const headers = replaces ? given.headers : keptHeaders(row.headers, given.headers);
  const metadata = replaces ? given.metadata : row.metadata;
  const tags = input.TaggingDirective === 'REPLACE' ? given.tags : row.tags;
  return {
    ...(headers && { headers }),
    ...(metadata && { metadata }),
    ...(tags && { tags }),
    ...(given.storageClass !== undefined && { storageClass: given.storageClass }),
  };
}

/** Where a page leads to "is unique to each object and is not copied"; the request may name it, whatever it says of metadata (CopyObject). */
function keptHeaders(source: ContentHeaders = {}, given: ContentHeaders = {}): ContentHeaders | undefined {
  const { WebsiteRedirectLocation: _, ...rest } = source;
  const { WebsiteRedirectLocation } = given;
  const headers = { ...rest, ...(WebsiteRedirectLocation !== undefined && { WebsiteRedirectLocation }) };
  return Object.keys(headers).length > 0 ? headers : undefined;
}
