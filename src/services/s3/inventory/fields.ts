/**
 * What an inventory list says of an object. Pure: the fields in the order of the manifest's schema, and where each comes from.
 * Source: S3 User Guide, "Amazon S3 Inventory list" and "Locating your inventory list".
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { InventoryConfiguration, InventoryOptionalField } from '#platform/model/generated/s3.ts';
import { ownerId, privateAcl } from '#services/s3/acl/grants.ts';
import { expirationOf, type Lifecycle } from '#services/s3/lifecycle/rules.ts';
import { canonicalUser } from '#services/s3/names.ts';
import { shownVersionId } from '#services/s3/objects/versions.ts';
import { statusOf } from '#services/s3/replication/state.ts';
import type { AclGrant, VersionRow } from '#services/s3/state.ts';
import { type AccessTier, accessTierOf, INTELLIGENT_TIERING, lastAccess } from '#services/s3/tiering/tiers.ts';

export interface ListedVersion {
  readonly bucket: string;
  readonly key: string;
  readonly row: VersionRow;
  readonly isLatest: boolean;
}

export interface ListingFacts {
  readonly account: AccountId;
  readonly now: Milliseconds;
  readonly day: Milliseconds;
  readonly lifecycle: Lifecycle | undefined;
}

/** Undefined: there is nothing to say. */
export type FieldValue = string | number | boolean | Date | undefined;
export type FieldType = 'text' | 'whole' | 'flag' | 'time';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly of: (listed: ListedVersion, facts: ListingFacts) => FieldValue;
}

const ALWAYS: readonly Field[] = [
  { name: 'Bucket', type: 'text', of: ({ bucket }) => bucket },
  { name: 'Key', type: 'text', of: ({ key }) => key },
];

const OF_VERSIONS: readonly Field[] = [
  { name: 'VersionId', type: 'text', of: ({ row }) => (row.versionId === undefined ? '' : shownVersionId(row)) },
  { name: 'IsLatest', type: 'flag', of: ({ isLatest }) => isLatest },
  { name: 'IsDeleteMarker', type: 'flag', of: ({ row }) => row.isDeleteMarker === true },
];

/** Of objects alone: a delete marker has no such thing. */
const ofObject =
  <Value extends FieldValue>(of: (row: VersionRow, facts: ListingFacts, listed: ListedVersion) => Value) =>
  (listed: ListedVersion, facts: ListingFacts): Value | undefined =>
    listed.row.isDeleteMarker ? undefined : of(listed.row, facts, listed);

const ENCRYPTIONS = { 'aws:kms': 'SSE-KMS', 'aws:kms:dsse': 'DSSE-KMS', 'SSE-C': 'SSE-C' } as const;

const TIERS: Readonly<Record<AccessTier, string>> = {
  FREQUENT: 'FREQUENT',
  INFREQUENT: 'INFREQUENT',
  ARCHIVE_INSTANT_ACCESS: 'ARCHIVE_INSTANT_ACCESS',
  ARCHIVE_ACCESS: 'ARCHIVE',
  DEEP_ARCHIVE_ACCESS: 'DEEP_ARCHIVE',
};

const tierOf = (row: VersionRow, { now, day }: ListingFacts): string | undefined => {
  const tier = accessTierOf(row, now, day);
  return tier && TIERS[tier];
};

const isSealedByKms = ({ encryption }: VersionRow): boolean => encryption !== undefined && encryption.kind !== 'SSE-C';

const OPTIONAL: readonly (Field & { readonly name: InventoryOptionalField })[] = [
  { name: 'Size', type: 'whole', of: ofObject((row) => row.bytes) },
  { name: 'LastModifiedDate', type: 'time', of: ({ row }) => new Date(row.modifiedAt) },
  { name: 'ETag', type: 'text', of: ofObject((row) => row.etag) },
  { name: 'StorageClass', type: 'text', of: ofObject((row) => row.storageClass ?? 'STANDARD') },
  { name: 'IsMultipartUploaded', type: 'flag', of: ofObject((row) => row.upload !== undefined) },
  { name: 'ReplicationStatus', type: 'text', of: ofObject(({ replication }) => statusOf(replication)) },
  {
    name: 'EncryptionStatus',
    type: 'text',
    of: ofObject(({ encryption }) => (encryption === undefined ? 'SSE-S3' : ENCRYPTIONS[encryption.kind])),
  },
  { name: 'ObjectLockRetainUntilDate', type: 'time', of: ofObject(({ lock }) => dateOf(lock?.retainUntil)) },
  { name: 'ObjectLockMode', type: 'text', of: ofObject(({ lock }) => lock?.mode) },
  {
    name: 'ObjectLockLegalHoldStatus',
    type: 'text',
    of: ofObject(({ lock }) => (lock?.legalHold === undefined ? undefined : lock.legalHold ? 'ON' : 'OFF')),
  },
  // Event holds are not there yet.
  { name: 'ObjectLockEventHoldStatus', type: 'text', of: () => undefined },
  { name: 'ObjectLockEventHoldDuration', type: 'text', of: () => undefined },
  { name: 'IntelligentTieringAccessTier', type: 'text', of: ofObject(tierOf) },
  {
    name: 'BucketKeyStatus',
    type: 'text',
    of: ofObject((row) =>
      isSealedByKms(row) && row.encryption?.kind !== 'SSE-C' && row.encryption?.hasBucketKey ? 'ENABLED' : 'DISABLED',
    ),
  },
  { name: 'ChecksumAlgorithm', type: 'text', of: ofObject(({ checksum }) => checksum?.name) },
  { name: 'ObjectAccessControlList', type: 'text', of: ofObject((row, facts) => accessListOf(row, facts)) },
  { name: 'ObjectOwner', type: 'text', of: ofObject((row, { account }) => ownerId(row.owner ?? account)) },
  {
    name: 'LifecycleExpirationDate',
    type: 'time',
    of: ofObject((row, { lifecycle, day }, { key, isLatest }) =>
      lifecycle && isLatest ? dateOf(expirationOf(lifecycle, key, row, day)?.at) : undefined,
    ),
  },
  {
    name: 'IntelligentTieringReferenceDate',
    type: 'time',
    of: ofObject((row, { now }) =>
      row.storageClass === INTELLIGENT_TIERING ? new Date(lastAccess(row, now)) : undefined,
    ),
  },
];

const dateOf = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

/** JSON in base 64 ("Working with the Object ACL field"). */
function accessListOf(row: VersionRow, { account }: ListingFacts): string {
  const owner = row.owner === undefined ? canonicalUser(account) : ownerId(row.owner);
  const { grants } = row.acl ?? privateAcl(owner);
  const list = { version: '2022-11-10', status: 'AVAILABLE', grants: grants.map(shownGrant) };
  return Buffer.from(JSON.stringify(list)).toString('base64');
}

const shownGrant = (grant: AclGrant) =>
  'id' in grant
    ? { canonicalId: grant.id, type: 'CanonicalUser', permission: grant.permission }
    : { uri: grant.uri, type: 'Group', permission: grant.permission };

export function fieldsOf({ IncludedObjectVersions, OptionalFields = [] }: InventoryConfiguration): readonly Field[] {
  const wanted = new Set<string>(OptionalFields);
  return [
    ...ALWAYS,
    ...(IncludedObjectVersions === 'All' ? OF_VERSIONS : []),
    ...OPTIONAL.filter(({ name }) => wanted.has(name)),
  ];
}
