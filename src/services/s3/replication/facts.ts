/** What a replica says of itself beside its bytes: as its source, but for what the rule and the destination's own settings change. */

import type { ReplicationRule } from '#platform/model/generated/s3.ts';
import { compiledPolicy, joinPolicies } from '#platform/policy/compiled.ts';
import type { Call } from '#platform/service.ts';
import { takesAcls } from '#services/s3/acl/ownership.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { objectArn } from '#services/s3/names.ts';
import { newLock } from '#services/s3/object-lock/locks.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { NotReplicable } from '#services/s3/replication/failures.ts';
import type { SourceVersion } from '#services/s3/replication/source.ts';
import type { VersionRow } from '#services/s3/state.ts';

/** What may change later: tags, list, lock. */
type Moved = Pick<VersionRow, 'tags' | 'acl' | 'lock'>;

export function movedFacts(
  parts: S3Parts,
  bucket: OpenBucket,
  key: string,
  { row, hasObjectLock }: SourceVersion,
  rule: ReplicationRule,
  call: Call,
): Moved {
  if (hasObjectLock && bucket.objectLock === undefined) throw new NotReplicable('DstBucketObjectLockConfigMissing');
  const { tags, acl, lock } = row;
  return {
    ...(tags && takesTags(parts, bucket, key, call) && { tags }),
    ...(acl && keepsOwner(bucket, rule) && { acl }),
    ...(lock && { lock }),
  };
}

/** Who owns everything by itself, or is to own the replicas, takes nobody's list. */
const keepsOwner = (bucket: OpenBucket, { Destination }: ReplicationRule): boolean =>
  takesAcls(bucket) && Destination.AccessControlTranslation === undefined;

/**
 * "s3:ReplicateObject … also allow[s] replication of metadata such as object tags … Therefore you do not need to explicitly grant
 * permission for the s3:ReplicateTags action", but a denial of that one keeps tags away: so all but a denial counts as allowed.
 */
function takesTags(parts: S3Parts, bucket: OpenBucket, key: string, call: Call): boolean {
  const policy = joinPolicies(policyInForce(parts, bucket, call), ALLOWS_TAGS);
  const own = 'account' in call.principal ? call.principal.account : undefined;
  return call.allows('s3:ReplicateTags', objectArn(bucket.name, key), policy, own);
}

const ALLOWS_TAGS = compiledPolicy(
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:ReplicateTags', Resource: '*' }],
  }),
  'resource',
);

/** Its bytes come apart. */
export function replicaFacts(
  parts: S3Parts,
  bucket: OpenBucket,
  key: string,
  source: SourceVersion,
  rule: ReplicationRule,
  call: Call,
): Omit<VersionRow, 'piece' | 'upload' | 'encryption'> {
  const { versionId, sequence, modifiedAt, etag, bytes, checksum, headers, metadata, partsCount } = source.row;
  const storageClass = rule.Destination.StorageClass ?? source.row.storageClass;
  const owner = keepsOwner(bucket, rule) ? source.owner : call.account;
  return {
    ...(versionId !== undefined && { versionId }),
    sequence,
    modifiedAt,
    etag,
    bytes,
    ...(checksum && { checksum }),
    ...(headers && { headers }),
    ...(metadata && { metadata }),
    ...(partsCount !== undefined && { partsCount }),
    ...(storageClass !== undefined && storageClass !== 'STANDARD' && { storageClass }),
    ...(owner !== call.account && { owner }),
    // "If you don't have retention controls applied to the objects in your source bucket, … the destination bucket's default … is applied".
    ...newLock(bucket, source.row.lock, call.clock.now()),
    ...movedFacts(parts, bucket, key, source, rule, call),
    replication: { isReplica: true },
  };
}
