/** A task is one call of S3, as the job's role: each operation's parameters become an input of the operation that it stands for. */
import { ServiceError, ThrottlingError } from '#platform/error.ts';
import type { Assumption, RoleCall } from '#platform/jobs/as-role.ts';
import type {
  JobOperation,
  S3CopyObjectOperation,
  S3Grant,
  S3SetObjectAclOperation,
} from '#platform/model/generated/s3control.ts';
import type { Input, Output } from '#platform/service.ts';
import type { ComputedChecksum } from '#services/s3/api.ts';
import { copyTarget } from '#services/s3control/jobs/check.ts';
import type { Task, TaskResult } from '#services/s3control/jobs/state.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

interface TaskCall {
  readonly operation: string;
  readonly isInternal?: true;
  readonly input: Input;
  /** Where the call goes to, if it is not the task's own bucket. */
  readonly bucket?: string;
  /** What the report says; "Successful" otherwise. */
  readonly message?: (output: Output) => string;
}

type Target = { readonly Bucket: string; readonly Key: string; readonly VersionId?: string };

type Calls = {
  readonly [Name in keyof JobOperation]-?: (parameters: NonNullable<JobOperation[Name]>, target: Target) => TaskCall;
};

const TIERS: Readonly<Record<string, string>> = { BULK: 'Bulk', STANDARD: 'Standard' };

const CALLS: Omit<Calls, 'LambdaInvoke'> = {
  S3PutObjectCopy: copyCall,
  S3PutObjectAcl: (parameters, target) => ({ operation: 'PutObjectAcl', input: { ...target, ...aclOf(parameters) } }),
  S3PutObjectTagging: ({ TagSet = [] }, target) => ({
    operation: 'PutObjectTagging',
    input: { ...target, Tagging: { TagSet } },
  }),
  S3DeleteObjectTagging: (_, target) => ({ operation: 'DeleteObjectTagging', input: { ...target } }),
  S3InitiateRestoreObject: ({ ExpirationInDays: Days, GlacierJobTier = 'STANDARD' }, target) => ({
    operation: 'RestoreObject',
    input: {
      ...target,
      RestoreRequest: {
        ...(Days !== undefined && { Days }),
        GlacierJobParameters: { Tier: TIERS[GlacierJobTier] },
      },
    },
  }),
  S3PutObjectLegalHold: ({ LegalHold }, target) => ({
    operation: 'PutObjectLegalHold',
    input: { ...target, LegalHold },
  }),
  S3PutObjectRetention: ({ Retention, BypassGovernanceRetention }, target) => ({
    operation: 'PutObjectRetention',
    input: {
      ...target,
      Retention,
      ...(BypassGovernanceRetention !== undefined && { BypassGovernanceRetention }),
    },
  }),
  S3ReplicateObject: (_, target) => ({ operation: 'ReplicateExisting', isInternal: true, input: { ...target } }),
  S3ComputeObjectChecksum: ({ ChecksumAlgorithm = 'CRC64NVME', ChecksumType = 'FULL_OBJECT' }, target) => ({
    operation: 'ComputeChecksum',
    isInternal: true,
    input: { ...target, algorithm: ChecksumAlgorithm, isComposite: ChecksumType === 'COMPOSITE' },
    message: (output) => checksumMessage(output, ChecksumAlgorithm, ChecksumType),
  }),
  S3UpdateObjectEncryption: ({ ObjectEncryption }, target) => ({
    operation: 'UpdateObjectEncryption',
    input: { ...target, ObjectEncryption },
  }),
};

function checksumMessage(output: Output, checksumAlgorithm: string, checksumType: string): string {
  // ComputeChecksum's output.
  const { digest, parts, etag } = output['computed'] as ComputedChecksum;
  const bytes = Buffer.from(digest);
  const checksum_base64 = `${bytes.toString('base64')}${parts === undefined ? '' : `-${parts}`}`;
  const checksum_hex = bytes.toString('hex').toUpperCase();
  return JSON.stringify({ checksum_base64, etag, checksumAlgorithm, checksumType, checksum_hex });
}

function aclOf({ AccessControlPolicy = {} }: S3SetObjectAclOperation): Input {
  const { CannedAccessControlList: ACL, AccessControlList: list } = AccessControlPolicy;
  if (list === undefined) return { ACL };
  return { AccessControlPolicy: { Owner: { ID: list.Owner.ID }, Grants: (list.Grants ?? []).map(grantOf) } };
}

const GRANTEES: Readonly<Record<string, { readonly type: string; readonly member: string }>> = {
  id: { type: 'CanonicalUser', member: 'ID' },
  uri: { type: 'Group', member: 'URI' },
  emailAddress: { type: 'AmazonCustomerByEmail', member: 'EmailAddress' },
};

function grantOf({ Grantee, Permission }: S3Grant) {
  const { type, member } = GRANTEES[Grantee?.TypeIdentifier ?? 'id'] ?? { type: 'CanonicalUser', member: 'ID' };
  return { Grantee: { Type: type, [member]: Grantee?.Identifier }, Permission };
}

const GRANT_MEMBERS: Readonly<Record<string, string>> = {
  FULL_CONTROL: 'GrantFullControl',
  READ: 'GrantRead',
  READ_ACP: 'GrantReadACP',
  WRITE_ACP: 'GrantWriteACP',
};

function copyCall(copy: S3CopyObjectOperation, { Bucket, Key, VersionId }: Target): TaskCall {
  const source = `${encodeURIComponent(Bucket)}/${encodeURIComponent(Key)}`;
  const bucket = copyTarget(copy.TargetResource ?? '') ?? '';
  const { NewObjectMetadata: metadata, NewObjectTagging: tags, TargetKeyPrefix: prefix } = copy;
  const input = {
    Bucket: bucket,
    Key: prefix === undefined ? Key : `${prefix}/${Key}`,
    CopySource: VersionId === undefined ? source : `${source}?versionId=${VersionId}`,
    MetadataDirective: copy.MetadataDirective ?? (metadata === undefined ? undefined : 'REPLACE'),
    CacheControl: metadata?.CacheControl,
    ContentDisposition: metadata?.ContentDisposition,
    ContentEncoding: metadata?.ContentEncoding,
    ContentLanguage: metadata?.ContentLanguage,
    ContentType: metadata?.ContentType,
    Expires: metadata?.HttpExpiresDate === undefined ? undefined : new Date(metadata.HttpExpiresDate).toUTCString(),
    Metadata: metadata?.UserMetadata,
    ...encryptionOf(copy),
    ACL: copy.CannedAccessControlList,
    ...grantHeaders(copy.AccessControlGrants ?? []),
    TaggingDirective: tags === undefined ? undefined : 'REPLACE',
    Tagging: tags && new URLSearchParams(tags.map((tag): [string, string] => [tag.Key, tag.Value])).toString(),
    StorageClass: copy.StorageClass,
    WebsiteRedirectLocation: copy.RedirectLocation,
    CopySourceIfModifiedSince: copy.ModifiedSinceConstraint,
    CopySourceIfUnmodifiedSince: copy.UnModifiedSinceConstraint,
    ObjectLockLegalHoldStatus: copy.ObjectLockLegalHoldStatus,
    ObjectLockMode: copy.ObjectLockMode,
    ObjectLockRetainUntilDate: copy.ObjectLockRetainUntilDate,
    ChecksumAlgorithm: copy.ChecksumAlgorithm,
    AnnotationDirective: copy.AnnotationDirective,
    RequestPayer: copy.RequesterPays ? 'requester' : undefined,
  };
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return { operation: 'CopyObject', bucket, input: Object.fromEntries(given) };
}

function encryptionOf({ SSEAwsKmsKeyId, NewObjectMetadata: metadata, BucketKeyEnabled }: S3CopyObjectOperation): Input {
  const wantsKms = SSEAwsKmsKeyId !== undefined || metadata?.SSEAlgorithm === 'KMS';
  return {
    ServerSideEncryption: wantsKms ? 'aws:kms' : metadata?.SSEAlgorithm,
    SSEKMSKeyId: SSEAwsKmsKeyId,
    BucketKeyEnabled,
  };
}

function grantHeaders(grants: readonly S3Grant[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { Grantee, Permission } of grants) {
    const member = GRANT_MEMBERS[Permission ?? ''];
    if (member === undefined) continue;
    const whom = `${Grantee?.TypeIdentifier ?? 'id'}="${Grantee?.Identifier ?? ''}"`;
    headers[member] = headers[member] === undefined ? whom : `${headers[member]}, ${whom}`;
  }
  return headers;
}

const MOST_TRIES = 3;

/** Its outcome, whatever it is; throws only what is no answer of S3's. */
export async function perform(
  parts: S3ControlParts,
  assumption: Assumption,
  operation: JobOperation,
  task: Task,
): Promise<TaskResult> {
  if (task.versionId === '') {
    return { ...task, code: 'InvalidRequest', status: 400, message: 'Task failed due to missing VersionId' };
  }
  const { message, bucket = task.bucket, ...call } = callOf(operation, task);
  const { region = assumption.region, service = 's3' } = parts.buckets.find(bucket) ?? {};
  // "You can perform the Copy operation … on objects that are stored in directory buckets": no other of these.
  const asked: RoleCall = { service: call.operation === 'CopyObject' ? service : 's3', region, ...call };
  for (let tries = 1; ; tries++) {
    try {
      const output = await parts.callAsRole(assumption, asked);
      return { ...task, code: '', status: 200, message: message?.(output) ?? 'Successful' };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const status = error.status ?? (error.code === 'AccessDenied' ? 403 : 400);
      const mayPass = status >= 500 || error instanceof ThrottlingError;
      if (!mayPass || tries === MOST_TRIES) return { ...task, code: error.code, status, message: error.message };
    }
  }
}

function callOf(operation: JobOperation, { bucket, key, versionId }: Task): TaskCall {
  const target = { Bucket: bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) };
  // A job has one operation: which parameters it has follows from its name.
  const [name, parameters] = Object.entries(operation)[0] as [keyof typeof CALLS, never];
  return CALLS[name](parameters, target);
}
