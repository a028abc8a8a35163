/**
 * Reading a version for its replicas, as the role of the configuration: s3:GetObjectVersionForReplication, and what else is to go
 * along. "If Amazon S3 doesn't have these permissions [s3:GetObjectVersionTagging], it replicates the objects, but not the object tags."
 */
import { joinPolicies } from '#platform/policy/compiled.ts';
import type { Call, Output } from '#platform/service.ts';
import type { PartitionName } from '#platform/store/store.ts';
import { holderOf, objectAclInForce, takesAcls } from '#services/s3/acl/ownership.ts';
import { annotationsOf, type NamedAnnotation } from '#services/s3/annotations/state.ts';
import type { OpenBucket } from '#services/s3/buckets/open-bucket.ts';
import { policyInForce } from '#services/s3/buckets/policy.ts';
import { type ObjectKeys, openKey } from '#services/s3/encryption/object-keys.ts';
import { objectArn } from '#services/s3/names.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { NotReplicable } from '#services/s3/replication/failures.ts';
import { type ManifestRow, manifests, type VersionRow } from '#services/s3/state.ts';

/** A version as far as the role may read it. */
export interface SourceVersion {
  /** Without tags, if those may not be read. */
  readonly row: VersionRow;
  /** Where its rows are. */
  readonly place: PartitionName;
  /** An account, or `anonymous`. */
  readonly owner: string;
  readonly hasObjectLock: boolean;
  readonly manifest: ManifestRow | undefined;
  /** Undefined: they may not be read. */
  readonly annotations: readonly NamedAnnotation[] | undefined;
  /** Undefined: only the client has the key (SSE-C). */
  readonly keys: ObjectKeys | undefined;
}

export const readForReplication =
  (parts: S3Parts) =>
  async (input: ReadTarget, call: Call): Promise<Output> => {
    const { bucket, row } = findObject(parts, input, call);
    const may = permissionsOn(parts, bucket, row, input.Key, call);
    if (takesAcls(bucket) && !may('s3:GetObjectVersionAcl')) throw new NotReplicable('SrcGetAclNotPermitted');
    const { retainUntil, legalHold } = row.lock ?? {};
    const seesLock =
      (retainUntil === undefined || may('s3:GetObjectRetention')) &&
      (legalHold === undefined || may('s3:GetObjectLegalHold'));
    // A replica that can be deleted where its source can't is worse than none.
    if (!seesLock) throw new NotReplicable('SrcHeadObjectNotPermitted');
    const { tags, ...untagged } = row;
    const { upload } = row;
    const source: SourceVersion = {
      row: tags !== undefined && !may('s3:GetObjectVersionTagging') ? untagged : row,
      place: call.partition.name,
      owner: row.owner ?? call.account,
      hasObjectLock: bucket.objectLock !== undefined,
      manifest:
        upload === undefined ? undefined : call.partition.read((tx) => tx.get(manifests, manifests.key(upload))),
      annotations: may('s3:GetObjectVersionAnnotationForReplication')
        ? call.partition.read((tx) => annotationsOf(tx, bucket, input.Key, row))
        : undefined,
      keys: await keysOf(parts, call, bucket, row),
    };
    return { source };
  };

function permissionsOn(
  parts: S3Parts,
  bucket: OpenBucket,
  row: VersionRow,
  key: string,
  call: Call,
): (action: string) => boolean {
  const policy = joinPolicies(policyInForce(parts, bucket, call), objectAclInForce(parts, bucket, row, call));
  return (action) => call.allows(action, objectArn(bucket.name, key), policy, holderOf(bucket, row));
}

async function keysOf(
  parts: S3Parts,
  call: Call,
  bucket: OpenBucket,
  { encryption }: VersionRow,
): Promise<ObjectKeys | undefined> {
  if (encryption === undefined) return { base: bucket.key };
  if (encryption.kind === 'SSE-C') return undefined;
  const secret = await openKey(parts, call, encryption);
  return encryption.kind === 'aws:kms' ? { base: secret } : { base: bucket.key, inner: secret };
}
