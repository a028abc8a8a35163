/** Why an object was not replicated, in the words of "Amazon S3 replication failure reasons". */

import { ServiceError, ThrottlingError } from '#platform/error.ts';
import { RoleNotAssumed } from '#platform/jobs/as-role.ts';

export type FailureReason =
  | 'AssumeRoleNotPermitted'
  | 'DstBucketNotFound'
  | 'DstBucketObjectLockConfigMissing'
  | 'DstBucketUnversioned'
  | 'DstDelObjNotPermitted'
  | 'DstKmsKeyInvalidState'
  | 'DstKmsKeyNotFound'
  | 'DstPutObjectNotPermitted'
  | 'DstVersionNotFound'
  | 'SrcBucketReplicationConfigMissing'
  | 'SrcGetAclNotPermitted'
  | 'SrcGetObjectNotPermitted'
  | 'SrcHeadObjectNotPermitted'
  | 'SrcKmsKeyInvalidState'
  | 'SrcObjectNotEligible'
  | 'SrcVersionNotFound';

/** Something is not as replication needs it, and trying again would not help. */
export class NotReplicable extends ServiceError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason) {
    super('InvalidRequest', reason, { status: 400 });
    this.reason = reason;
  }
}

/** What KMS says when it is busy or fails, as S3 words it. */
const PASSING = new Set([
  'KMS.DependencyTimeoutException',
  'KMS.InternalFailure',
  'KMS.KMSInternalException',
  'KMS.ServiceUnavailable',
  'KMS.ThrottlingException',
]);

/** A failure that may pass by itself has no reason. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ServiceError) || error instanceof ThrottlingError) return true;
  return (error.status ?? 400) >= 500 || PASSING.has(error.code);
}

/** What other codes mean, of a call for the source and of one for the destination. */
const REASONS = {
  source: {
    otherwise: 'SrcGetObjectNotPermitted',
    NoSuchVersion: 'SrcVersionNotFound',
    NoSuchKey: 'SrcVersionNotFound',
    kms: 'SrcKmsKeyInvalidState',
  },
  replica: {
    otherwise: 'DstPutObjectNotPermitted',
    NoSuchBucket: 'DstBucketNotFound',
    'KMS.NotFoundException': 'DstKmsKeyNotFound',
    kms: 'DstKmsKeyInvalidState',
  },
  marker: { otherwise: 'DstDelObjNotPermitted', NoSuchBucket: 'DstBucketNotFound', kms: 'DstKmsKeyInvalidState' },
} as const satisfies Record<string, Record<string, FailureReason>>;

export function reasonOf(error: ServiceError, of: keyof typeof REASONS): FailureReason {
  if (error instanceof NotReplicable) return error.reason;
  if (error instanceof RoleNotAssumed) return 'AssumeRoleNotPermitted';
  const reasons: Readonly<Record<string, FailureReason>> & { readonly kms: FailureReason } = REASONS[of];
  const known = Object.hasOwn(reasons, error.code) ? reasons[error.code] : undefined;
  return known ?? (error.code.startsWith('KMS.') ? reasons.kms : REASONS[of].otherwise);
}
