/** What a job may be ("Creating an S3 Batch Operations job", and the pages of its operations). Pure. Texts: README. */
import type {
  CreateJobRequest,
  JobManifest,
  JobManifestGenerator,
  JobOperation,
  JobReport,
  S3CopyObjectOperation,
} from '#platform/model/generated/s3control.ts';
import { badRequest, fail } from '#services/s3control/errors.ts';

const BUCKET = /^arn:aws[a-z-]*:s3:::([^/:]+)$/;

/** `arn:aws:s3:::name` -> `name` */
export const bucketOfArn = (arn: string): string | undefined => BUCKET.exec(arn)?.[1];

/** Copies may go to directory buckets too: `arn:aws:s3express:<region>:<account>:bucket/<name>`. */
export const copyTarget = (arn: string): string | undefined =>
  bucketOfArn(arn) ?? /^arn:aws[a-z-]*:s3express:[a-z0-9-]+:\d{12}:bucket\/([^/:]+)$/.exec(arn)?.[1];

/** `arn:aws:s3:::bucket/key` */
export function objectOfArn(arn: string): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = /^arn:aws[a-z-]*:s3:::([^/:]+)\/(.+)$/s.exec(arn) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
}

export function checkJob(input: CreateJobRequest): void {
  const { Manifest: manifest, ManifestGenerator: generator } = input;
  checkOperation(input.Operation);
  if ((manifest === undefined) === (generator === undefined))
    badRequest('Exactly one of Manifest and ManifestGenerator must be specified.');
  if (manifest !== undefined) checkManifest(manifest);
  if (generator !== undefined) checkGenerator(generator);
  checkReport(input.Report);
}

function checkOperation(operation: JobOperation): void {
  const named = Object.keys(operation);
  if (named.length !== 1) badRequest('Exactly one operation must be specified.');
  if (operation.LambdaInvoke !== undefined) fail('NotImplemented');
  const { S3PutObjectCopy: copy, S3InitiateRestoreObject: restore, S3PutObjectAcl: acl } = operation;
  if (copy !== undefined) checkCopy(copy);
  // "do not set ExpirationInDays when creating … jobs that target S3 Intelligent-Tiering Archive Access and Deep Archive Access tier objects"
  if (restore?.ExpirationInDays !== undefined && restore.ExpirationInDays < 1)
    badRequest('ExpirationInDays must be a positive integer.');
  if (acl !== undefined) {
    const { AccessControlList: list, CannedAccessControlList: canned } = acl.AccessControlPolicy ?? {};
    if ((list === undefined) === (canned === undefined))
      badRequest('Exactly one of AccessControlList and CannedAccessControlList must be specified.');
  }
  if (operation.S3PutObjectTagging !== undefined) checkTags(operation.S3PutObjectTagging.TagSet ?? []);
  const { S3UpdateObjectEncryption: encryption } = operation;
  if (encryption !== undefined && encryption.ObjectEncryption?.SSEKMS === undefined)
    badRequest('An object encryption must be specified.');
}

const MOST_OBJECT_TAGS = 10;

function checkTags(tags: readonly { readonly Key: string }[]): void {
  if (tags.length > MOST_OBJECT_TAGS) badRequest('Object tags cannot be greater than 10');
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length)
    badRequest('Cannot provide multiple Tags with the same key');
}

/** "All Copy options are supported except for conditional checks on ETags and … SSE-C". */
function checkCopy(copy: S3CopyObjectOperation): void {
  if (copyTarget(copy.TargetResource ?? '') === undefined)
    badRequest('The target resource is not the ARN of a bucket.');
  if (copy.CannedAccessControlList !== undefined && (copy.AccessControlGrants?.length ?? 0) > 0)
    badRequest('Only one of CannedAccessControlList and AccessControlGrants may be specified.');
  if ((copy.ObjectLockMode === undefined) !== (copy.ObjectLockRetainUntilDate === undefined))
    badRequest('ObjectLockMode and ObjectLockRetainUntilDate must both be specified.');
  if (copy.ObjectLockEventHold !== undefined || copy.ObjectLockEventHoldDuration !== undefined)
    fail('NotImplemented', 'Event holds are not implemented.');
  checkTags(copy.NewObjectTagging ?? []);
}

function checkManifest({ Spec: { Format, Fields }, Location }: JobManifest): void {
  if (objectOfArn(Location.ObjectArn) === undefined) badRequest('The ObjectArn of the manifest is not valid.');
  if (Format === 'S3InventoryReport_CSV_20161130') {
    if (Fields !== undefined) badRequest('Fields must not be specified for an inventory report.');
    return;
  }
  const named = (Fields ?? []).filter((field) => field !== 'Ignore');
  if (!named.includes('Bucket') || !named.includes('Key'))
    badRequest('The Bucket and Key fields are required in the manifest.');
  if (new Set(named).size < named.length) badRequest('A field of the manifest is specified more than once.');
}

function checkGenerator({ S3JobManifestGenerator: generator }: JobManifestGenerator): void {
  const {
    SourceBucket,
    ManifestOutputLocation: output,
    EnableManifestOutput,
  } = generator ?? badRequest('A manifest generator must be specified.');
  if (bucketOfArn(SourceBucket) === undefined) badRequest('The SourceBucket is not valid.');
  if (EnableManifestOutput && output === undefined)
    badRequest('ManifestOutputLocation must be specified if EnableManifestOutput is true.');
  if (output !== undefined && bucketOfArn(output.Bucket) === undefined)
    badRequest('The bucket of the ManifestOutputLocation is not valid.');
}

function checkReport({ Enabled, Bucket, Format, ReportScope }: JobReport): void {
  if (!Enabled) return;
  if (Bucket === undefined || Format === undefined || ReportScope === undefined)
    badRequest('Bucket, Format and ReportScope must be specified if the report is enabled.');
  if (bucketOfArn(Bucket ?? '') === undefined) badRequest('The bucket of the report is not valid.');
}
