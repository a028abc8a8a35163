/** Which versions of a bucket a generated manifest has. Pure. */
import type {
  JobManifestGeneratorFilter,
  KeyNameConstraint,
  ObjectEncryptionFilter,
} from '#platform/model/generated/s3control.ts';
import type { BatchVersion } from '#services/s3/api.ts';

/** "Batch replication is not supported for objects stored in the S3 Glacier Flexible Retrieval and S3 Glacier Deep Archive storage classes." */
export function isWanted(version: BatchVersion, filter: JobManifestGeneratorFilter | undefined): boolean {
  if (version.isDeleteMarker && filter?.EligibleForReplication !== true) return false;
  if (filter === undefined) return true;
  const { EligibleForReplication: eligible, CreatedAfter, CreatedBefore, ObjectReplicationStatuses: statuses } = filter;
  const { ObjectSizeGreaterThanBytes: more, ObjectSizeLessThanBytes: less, MatchAnyStorageClass: classes } = filter;
  return (
    (eligible === undefined || version.isEligible === eligible) &&
    (CreatedAfter === undefined || version.modifiedAt > CreatedAfter) &&
    (CreatedBefore === undefined || version.modifiedAt < CreatedBefore) &&
    (statuses === undefined || (statuses as readonly string[]).includes(version.replicationStatus)) &&
    (more === undefined || version.bytes > more) &&
    (less === undefined || version.bytes < less) &&
    (classes === undefined || (classes as readonly string[]).includes(version.storageClass)) &&
    hasName(version.key, filter.KeyNameConstraint) &&
    (filter.MatchAnyObjectEncryption ?? [undefined]).some((each) => each === undefined || isEncrypted(version, each))
  );
}

function hasName(key: string, constraint: KeyNameConstraint | undefined): boolean {
  const any = (texts: readonly string[] | undefined, test: (text: string) => boolean): boolean =>
    texts === undefined || texts.length === 0 || texts.some(test);
  return (
    any(constraint?.MatchAnyPrefix, (text) => key.startsWith(text)) &&
    any(constraint?.MatchAnySuffix, (text) => key.endsWith(text)) &&
    any(constraint?.MatchAnySubstring, (text) => key.includes(text))
  );
}

function isEncrypted(version: BatchVersion, { SSES3, SSEKMS, DSSEKMS, SSEC }: ObjectEncryptionFilter): boolean {
  const isKey = (arn: string | undefined): boolean => arn === undefined || arn === version.keyArn;
  switch (version.encryption) {
    case 'AES256':
      return SSES3 !== undefined;
    case 'SSE-C':
      return SSEC !== undefined;
    case 'aws:kms':
      return (
        SSEKMS !== undefined &&
        isKey(SSEKMS.KmsKeyArn) &&
        (SSEKMS.BucketKeyEnabled === undefined || SSEKMS.BucketKeyEnabled === version.hasBucketKey)
      );
    case 'aws:kms:dsse':
      return DSSEKMS !== undefined && isKey(DSSEKMS.KmsKeyArn);
  }
}
