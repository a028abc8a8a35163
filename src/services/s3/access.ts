/** What operations need permission for: ARNs, actions and condition keys, in the few forms that S3's operations have. */
import { days } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type {
  CreateBucketConfiguration,
  ObjectLockLegalHold,
  ObjectLockRetention,
  Tagging,
} from '#platform/model/generated/s3.ts';
import { compiledPolicy, joinPolicies } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { CallScope, ConditionValues, Input, Permission } from '#platform/service.ts';
import { doorOf, pointPolicyInForce, pointTagConditions, resourcesOf } from '#services/s3/access-points/door.ts';
import { type AclRequest, isFullControlOfBucketOwner, saysAcl } from '#services/s3/acl/grants.ts';
import { holderOf, newObjectAclInForce, objectAclInForce, takesAcls } from '#services/s3/acl/ownership.ts';
import { bucketTagConditions } from '#services/s3/buckets/abac.ts';
import { findBucket, type OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { ownerOfBucket } from '#services/s3/directory.ts';
import { objectArn } from '#services/s3/names.ts';
import type { LockHeaders } from '#services/s3/object-lock/locks.ts';
import { findVersion, newest } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { requestConditions } from '#services/s3/request-conditions.ts';
import { type UploadRow, uploads, type VersionRow } from '#services/s3/state.ts';

interface OnBucket {
  readonly Bucket: string;
}
interface OnObject extends OnBucket {
  readonly Key: string;
}
interface OnVersion extends OnObject {
  readonly VersionId?: string;
}

interface OnUpload extends OnObject {
  readonly UploadId: string;
}

/** Any S3 input, as the conditions see it. */
type Given = Input & OnBucket & Partial<OnObject>;

/** Members of inputs -> the condition keys that tell them (service authorization reference of S3). */
const CONDITION_MEMBERS: Readonly<Record<string, string>> = {
  Prefix: 's3:prefix',
  Delimiter: 's3:delimiter',
  MaxKeys: 's3:max-keys',
  VersionId: 's3:versionid',
  ACL: 's3:x-amz-acl',
  CopySource: 's3:x-amz-copy-source',
  MetadataDirective: 's3:x-amz-metadata-directive',
  ServerSideEncryption: 's3:x-amz-server-side-encryption',
  SSEKMSKeyId: 's3:x-amz-server-side-encryption-aws-kms-key-id',
  SSECustomerAlgorithm: 's3:x-amz-server-side-encryption-customer-algorithm',
  StorageClass: 's3:x-amz-storage-class',
  WebsiteRedirectLocation: 's3:x-amz-website-redirect-location',
  ObjectOwnership: 's3:x-amz-object-ownership',
  BucketNamespace: 's3:x-amz-bucket-namespace',
  GrantFullControl: 's3:x-amz-grant-full-control',
  GrantRead: 's3:x-amz-grant-read',
  GrantReadACP: 's3:x-amz-grant-read-acp',
  GrantWrite: 's3:x-amz-grant-write',
  GrantWriteACP: 's3:x-amz-grant-write-acp',
  ObjectLockMode: 's3:object-lock-mode',
  ObjectLockLegalHoldStatus: 's3:object-lock-legal-hold',
  AnnotationDirective: 's3:x-amz-object-annotation-directive',
  AnnotationPrefix: 's3:annotation-prefix',
  MaxAnnotationResults: 's3:max-annotation-results',
  ObjectIfMatch: 's3:x-amz-object-if-match',
  IfMatch: 's3:if-match',
  IfNoneMatch: 's3:if-none-match',
};

/** Of the operations that need s3:PutObject: whether an object comes of it at once. */
const CREATES_OBJECT: Readonly<Record<string, string>> = {
  PutObject: 'true',
  CopyObject: 'true',
  CompleteMultipartUpload: 'true',
  CreateMultipartUpload: 'false',
  UploadPart: 'false',
  UploadPartCopy: 'false',
};

/** `anonymous`: the bucket's policy may let everybody in. */
export function accessOf(parts: S3Parts) {
  const open = (input: OnBucket, scope: CallScope): OpenBucket | undefined =>
    scope.read((tx) => findBucket(tx, parts.sealer, input.Bucket));
  /** Of the access point where that is asked, else the bucket's, as `ofBucket` has it. */
  const policyOf =
    <In extends OnBucket>(ofBucket: (bucket: OpenBucket, input: In, scope: CallScope) => CompiledPolicy | undefined) =>
    (input: In, scope: CallScope, { resource }: Permission) => {
      const door = doorOf(scope);
      if (door !== undefined && resource.startsWith(door.arn)) return pointPolicyInForce(parts, door, scope);
      const bucket = open(input, scope);
      return bucket && ofBucket(bucket, input, scope);
    };
  const resourcePolicy = policyOf((bucket, _: OnBucket, scope) => policyInForce(parts, bucket, scope));
  const conditions = (input: OnBucket, scope: CallScope, permission: Permission) =>
    allConditions(parts, input as Given, scope, open(input, scope), permission);
  const shared = { owner: ownerOfBucket(parts.directory), resourcePolicy, conditions, anonymous: true } as const;
  const rowOf = (bucket: OpenBucket, { Key, VersionId }: OnVersion, scope: CallScope) =>
    scope.read((tx) => (VersionId === undefined ? newest(tx, bucket, Key) : findVersion(tx, bucket, Key, VersionId)));
  const ofObject = {
    resourcePolicy: policyOf((bucket, input: OnVersion, scope) => {
      if (!takesAcls(bucket)) return policyInForce(parts, bucket, scope);
      const row = rowOf(bucket, input, scope);
      return joinPolicies(policyInForce(parts, bucket, scope), objectAclInForce(parts, bucket, row, scope));
    }),
    /** An object of another account is not the bucket owner's to read. */
    holder(input: OnVersion, scope: CallScope, { resource }: Permission) {
      const door = doorOf(scope);
      if (door !== undefined && resource.startsWith(door.arn)) return door.account;
      const bucket = open(input, scope);
      return bucket && takesAcls(bucket) ? holderOf(bucket, rowOf(bucket, input, scope)) : undefined;
    },
  };
  /** What lies in another account than the bucket. */
  const holder = (_: OnBucket, scope: CallScope, { resource }: Permission) => {
    const door = doorOf(scope);
    return door !== undefined && resource.startsWith(door.arn) ? door.account : undefined;
  };
  const onObject = ({ Bucket, Key }: OnObject, scope: CallScope) => resourcesOf(doorOf(scope), Bucket, Key);
  return {
    /** What is read or changed of an object that is there. */
    existing: { ...shared, ...ofObject, resource: onObject },
    bucket: {
      ...shared,
      holder,
      resource: ({ Bucket }: OnBucket, scope: CallScope) => resourcesOf(doorOf(scope), Bucket),
    },
    object: {
      ...shared,
      holder,
      resourcePolicy: policyOf((bucket, _: OnObject, scope) =>
        joinPolicies(policyInForce(parts, bucket, scope), newObjectAclInForce(parts, bucket, scope)),
      ),
      resource: onObject,
    },
    /** An upload that was begun: whoever began it may look at it and give it up. */
    begun: {
      ...shared,
      holder,
      resourcePolicy: policyOf((bucket, input: OnUpload, scope) => {
        const at = uploads.key(bucket.id, input.Key, input.UploadId);
        const upload = scope.read((tx) => tx.get(uploads, at));
        return joinPolicies(policyInForce(parts, bucket, scope), upload && initiatorPolicy(upload, bucket));
      }),
      resource: onObject,
    },
  };
}

/**
 * "By default, the bucket owner and the initiator of the multipart upload are allowed to perform this action … If the initiator is an
 * IAM user, that user's AWS account is also allowed" (User Guide, "Multipart upload API and permissions").
 */
function initiatorPolicy({ initiator }: UploadRow, { name }: OpenBucket): CompiledPolicy | undefined {
  const [, account] = /^arn:aws:(?:iam|sts)::(\d{12}):/.exec(initiator) ?? [];
  if (account === undefined) return undefined;
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: [initiator, `arn:aws:iam::${account}:root`] },
    Action: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    Resource: objectArn(name, '*'),
  };
  return compiledPolicy(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }), 'resource');
}

/** Of what is asked, how it came, and of tags that decide. */
function allConditions(
  parts: S3Parts,
  input: Given,
  scope: CallScope,
  bucket: OpenBucket | undefined,
  { resource }: Permission,
): ConditionValues {
  const door = doorOf(scope);
  const isOfPoint = door !== undefined && resource.startsWith(door.arn);
  return {
    ...conditionsOf(input, scope, bucket),
    ...requestConditions(scope, door),
    ...bucketTagConditions(bucket, scope, !isOfPoint),
    ...(door && pointTagConditions(parts, door, isOfPoint)),
  };
}

function conditionsOf(input: Given, scope: CallScope, bucket: OpenBucket | undefined): ConditionValues {
  const values: Record<string, string | readonly string[] | undefined> = {};
  for (const [member, key] of Object.entries(CONDITION_MEMBERS)) {
    const value = input[member];
    if (value !== undefined) values[key] = String(value);
  }
  const until =
    input['ObjectLockRetainUntilDate'] ?? (input['Retention'] as ObjectLockRetention | undefined)?.RetainUntilDate;
  if (typeof until === 'number') {
    values['s3:object-lock-retain-until-date'] = new Date(until).toISOString();
    values['s3:object-lock-remaining-retention-days'] = String(Math.floor((until - scope.now) / days(1)));
  }
  const mode = input['ObjectLockMode'] ?? (input['Retention'] as ObjectLockRetention | undefined)?.Mode;
  if (typeof mode === 'string') values['s3:object-lock-mode'] = mode;
  const hold = input['ObjectLockLegalHoldStatus'] ?? (input['LegalHold'] as ObjectLockLegalHold | undefined)?.Status;
  if (typeof hold === 'string') values['s3:object-lock-legal-hold'] = hold;
  values['s3:resourceaccount'] = scope.account;
  values['s3:objectcreationoperation'] = CREATES_OBJECT[scope.operation];
  const { LocationConstraint: location, Tags: tags } =
    (input['CreateBucketConfiguration'] as CreateBucketConfiguration | undefined) ?? {};
  if (location !== undefined) values['s3:locationconstraint'] = location;
  for (const { Key, Value } of tags ?? []) values[`aws:requesttag/${Key.toLowerCase()}`] = Value;
  if (tags !== undefined) values['aws:tagkeys'] = tags.map(({ Key }) => Key);
  const key = input.Key;
  if (bucket === undefined || key === undefined) return values;
  Object.assign(values, requestedTagConditions(input['Tagging'] as string | Tagging | undefined));
  const versionId = input['VersionId'];
  const row = scope.read((tx) =>
    typeof versionId === 'string' ? findVersion(tx, bucket, key, versionId) : newest(tx, bucket, key),
  );
  return { ...values, ...tagConditions('existing', row?.tags) };
}

/** Tags come as a query in a header, or as a document. */
function requestedTagConditions(tagging: string | Tagging | undefined): ConditionValues {
  if (tagging === undefined) return {};
  const tags: Record<string, string> =
    typeof tagging === 'string'
      ? Object.fromEntries(new URLSearchParams(tagging))
      : Object.fromEntries(tagging.TagSet.map(({ Key, Value }) => [Key, Value]));
  return { 's3:requestobjecttagkeys': Object.keys(tags), ...tagConditions('request', tags) };
}

const tagConditions = (of: 'existing' | 'request', tags: Readonly<Record<string, string>> = {}): ConditionValues =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`s3:${of}objecttag/${key.toLowerCase()}`, value]));

/** What policies may ask of a version, in a question beside the call's own: of a copy's source, of one key of many. */
export const versionConditions = (
  account: AccountId,
  row: VersionRow | undefined,
  versionId: string | undefined,
): ConditionValues => ({
  's3:resourceaccount': account,
  ...(versionId !== undefined && { 's3:versionid': versionId }),
  ...tagConditions('existing', row?.tags),
});

/** What policies may ask of the tags that a copy takes along. */
export const copiedTagConditions = (account: AccountId, tags: Readonly<Record<string, string>>): ConditionValues => ({
  's3:resourceaccount': account,
  's3:requestobjecttagkeys': Object.keys(tags),
  ...tagConditions('request', tags),
});

interface MayHaveVersion {
  readonly VersionId?: string;
}

/** `s3:GetObject`, or `s3:GetObjectVersion` of a named one. */
export const versioned =
  (action: string, ofVersion: string) =>
  ({ VersionId }: MayHaveVersion): readonly string[] => [VersionId === undefined ? action : ofVersion];

interface Written extends AclRequest, LockHeaders {
  readonly Tagging?: string;
}

/** What comes with an object in headers needs the permission of the operation that would set it alone. */
export const writing = (input: Written, { account }: CallScope): readonly string[] => [
  's3:PutObject',
  ...(input.Tagging ? ['s3:PutObjectTagging'] : []),
  // The policies that AWS documents for log delivery and for uploads of other accounts ("Policy examples for ACLs") allow s3:PutObject
  // alone with this one.
  ...(saysAcl(input) && !isFullControlOfBucketOwner(input, account) ? ['s3:PutObjectAcl'] : []),
  ...(input.ObjectLockMode === undefined ? [] : ['s3:PutObjectRetention']),
  ...(input.ObjectLockLegalHoldStatus === undefined ? [] : ['s3:PutObjectLegalHold']),
];
