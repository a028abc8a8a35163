/**
 * Permissions on directory buckets. What is done in a bucket's zone has one action, s3express:CreateSession, and the mode that it needs:
 * it was asked when the session began, or is asked now of who signs by keys of IAM's. All else has actions of its own.
 */
import type { BucketSession, Principal, SessionFacts } from '#platform/principal.ts';
import type { CallScope, ConditionValues, Permission } from '#platform/service.ts';
import { findBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { ownerOfBucket } from '#services/s3/directory.ts';
import { fail } from '#services/s3/errors.ts';
import { directoryBucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';

interface OnBucket {
  readonly Bucket: string;
}
interface Given extends OnBucket {
  readonly CreateBucketConfiguration?: { readonly Location?: { readonly Name?: string } };
}

const OPEN = 's3express:CreateSession';

/** What a session may call. All else wants keys of IAM's, copies too ("you must use the IAM credentials", API Reference, CopyObject). */
const IN_SESSIONS: Readonly<Record<string, BucketSession['mode']>> = {
  GetObject: 'ReadOnly',
  HeadObject: 'ReadOnly',
  GetObjectAttributes: 'ReadOnly',
  ListObjectsV2: 'ReadOnly',
  ListParts: 'ReadOnly',
  ListMultipartUploads: 'ReadOnly',
  PutObject: 'ReadWrite',
  RenameObject: 'ReadWrite',
  DeleteObject: 'ReadWrite',
  DeleteObjects: 'ReadWrite',
  CreateMultipartUpload: 'ReadWrite',
  UploadPart: 'ReadWrite',
  CompleteMultipartUpload: 'ReadWrite',
  AbortMultipartUpload: 'ReadWrite',
};

export function admitSession({ bucket }: SessionFacts, operation: string): void {
  if (bucket === undefined) return;
  const needed = IN_SESSIONS[operation];
  if (needed === undefined || (needed === 'ReadWrite' && bucket.mode === 'ReadOnly')) fail('AccessDenied');
}

export const sessionOf = (principal: Principal): BucketSession | undefined =>
  'session' in principal ? principal.session?.bucket : undefined;

export const bucketResource = ({ Bucket }: OnBucket, scope: Pick<CallScope, 'account' | 'region'>): string =>
  directoryBucketArn(Bucket, scope);

export const conditionsOf = (input: Given, { account }: CallScope): ConditionValues => ({
  's3express:resourceaccount': account,
  's3express:locationname': input.CreateBucketConfiguration?.Location?.Name,
});

export function expressAccess(parts: S3Parts) {
  const { directory, sealer } = parts;
  const shared = {
    owner: ownerOfBucket(directory, 's3express'),
    resource: bucketResource,
    resourcePolicy(input: OnBucket, scope: CallScope) {
      const bucket = scope.read((tx) => findBucket(tx, sealer, input.Bucket));
      return bucket && policyInForce(parts, bucket, scope);
    },
  } as const;
  const inZone = (mode: BucketSession['mode']) =>
    ({
      ...shared,
      action: OPEN,
      permissions({ Bucket }: OnBucket, scope: CallScope): readonly Permission[] {
        const session = sessionOf(scope.principal);
        if (session === undefined) return [{ action: OPEN, resource: directoryBucketArn(Bucket, scope) }];
        const bucket = scope.read((tx) => findBucket(tx, sealer, Bucket));
        const isIts = session.name === Bucket && session.owner === scope.account && session.id === bucket?.id;
        return isIts ? [] : fail('AccessDenied');
      },
      conditions: (input: OnBucket, scope: CallScope): ConditionValues => ({
        ...conditionsOf(input, scope),
        's3express:sessionmode': mode,
      }),
    }) as const;
  return {
    regional: { ...shared, conditions: conditionsOf },
    reading: { ...inZone('ReadOnly'), access: 'read' },
    writing: inZone('ReadWrite'),
  } as const;
}
