/**
 * What S3 keeps. A bucket lies in its owner's partition of its region; the directory `s3/global` knows which account and
 * region have a name. An object is one row: the newest version in `objects`, by key, so that a listing reads nothing else;
 * older ones in `versions`, the newest first. Its bytes are a blob (platform/blobs); of an object made of parts they are
 * several, listed in one `manifest` row, as a row that is rewritten or listed must stay small.
 *
 * A version's sequence is its time in milliseconds times 1024 plus a count: later versions of a key have higher ones. Its
 * version id tells it, so that a version is found without a search.
 */
import { type AccountId, GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type { BlobPlace } from '#platform/blobs/blobs.ts';
import type { SavedPrincipals } from '#platform/policy/principal-ids.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import type { Partition, Store } from '#platform/store/store.ts';
import type { LoggingRow } from '#services/s3/logging/configuration.ts';
import type { NotificationRule } from '#services/s3/notifications/rules.ts';
import type { ReplicationRow } from '#services/s3/replication/state.ts';
import type { TieringRow } from '#services/s3/tiering/tiers.ts';
import { listedRows, versionRows } from '#services/s3/version-rows.ts';

/** Milliseconds since 1970. */
type Time = number;

export type Ownership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';

export interface PublicAccessBlock {
  readonly BlockPublicAcls?: boolean;
  readonly IgnorePublicAcls?: boolean;
  readonly BlockPublicPolicy?: boolean;
  readonly RestrictPublicBuckets?: boolean;
}

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE';

/** One of the two periods. */
export interface DefaultRetentionRow {
  readonly mode: RetentionMode;
  readonly days?: number;
  readonly years?: number;
}

export interface LockRow {
  readonly mode?: RetentionMode;
  readonly retainUntil?: Time;
  /** Undefined: never set. */
  readonly legalHold?: boolean;
}

export type AclPermission = 'FULL_CONTROL' | 'READ' | 'WRITE' | 'READ_ACP' | 'WRITE_ACP';

export type AclGrant =
  /** A canonical user. */
  | { readonly id: string; readonly permission: AclPermission }
  /** A group of S3's own. */
  | { readonly uri: string; readonly permission: AclPermission };

export interface Acl {
  readonly owner: string;
  readonly grants: readonly AclGrant[];
}

export interface BucketRow {
  /** Never used twice: what a deleted bucket left can't show in a new one of the same name. */
  readonly id: number;
  readonly name: string;
  readonly createdAt: Time;
  /** Of a directory bucket, `use1-az4`: see express/. */
  readonly zone?: string;
  /** Undefined: never enabled. */
  readonly versioning?: 'Enabled' | 'Suspended';
  /** Undefined: controls were deleted, which means ObjectWriter. */
  readonly ownership?: Ownership;
  readonly publicAccessBlock?: PublicAccessBlock;
  readonly policy?: string;
  /** Whom it meant when it was saved. */
  readonly policyPrincipals?: SavedPrincipals;
  readonly notifications?: readonly NotificationRule[];
  readonly logging?: LoggingRow;
  /** Its lifecycle rules are a setting: most buckets have none, and need not look. */
  readonly hasLifecycle?: true;
  /** Requests of others are billed to them. */
  readonly requesterPays?: true;
  /** Undefined: never set. */
  readonly acceleration?: 'Enabled' | 'Suspended';
  /** Its tags count in decisions. */
  readonly hasAbac?: true;
  /** Its replication is a setting too. */
  readonly hasReplication?: true;
  /** Undefined: not enabled. It can't be disabled. */
  readonly objectLock?: { readonly retention?: DefaultRetentionRow };
  /** Undefined: the owner's full control, and nothing else. */
  readonly acl?: Acl;
  /** The key that blobs' keys are derived from, sealed for this bucket. */
  readonly sealedKey: string;
}

/** A blob of an object. Its key is derived from the bucket's and the salt. */
export interface Piece {
  readonly place: BlobPlace;
  readonly bytes: number;
  /** Base 64. */
  readonly salt: string;
}

export type ChecksumName =
  | 'CRC32'
  | 'CRC32C'
  | 'CRC64NVME'
  | 'SHA1'
  | 'SHA256'
  | 'SHA512'
  | 'MD5'
  | 'XXHASH64'
  | 'XXHASH3'
  | 'XXHASH128';

export interface Checksum {
  readonly name: ChecksumName;
  /** Base 64; of a composite one with `-<parts>` behind. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/** Headers that are kept as they were given. */
export interface ContentHeaders {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  readonly Expires?: string;
  readonly WebsiteRedirectLocation?: string;
}

export interface KmsEncryption {
  readonly kind: 'aws:kms' | 'aws:kms:dsse';
  readonly keyArn: string;
  /** What the client gave; S3's own part follows from the object. */
  readonly context?: Readonly<Record<string, string>>;
  readonly hasBucketKey?: boolean;
  /** The ARN that the object's key was sealed for. */
  readonly object: string;
  /** Of KMS, encrypted; and the object's key, sealed under it. Both in base 64. */
  readonly dataKey: string;
  readonly sealed: string;
}

/** Beside SSE-S3, of which there is nothing to keep. */
export type EncryptionRow =
  | KmsEncryption
  /** What the client's key is known by. */
  | { readonly kind: 'SSE-C'; readonly verifier: string };

export interface VersionRow {
  /** Undefined: the null version, of a bucket without versioning. */
  readonly versionId?: string;
  readonly sequence: number;
  readonly modifiedAt: Time;
  readonly isDeleteMarker?: true;
  readonly etag: string;
  readonly bytes: number;
  readonly checksum?: Checksum;
  readonly headers?: ContentHeaders;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly storageClass?: string;
  /** An account, or `anonymous`; undefined: the bucket's owner. */
  readonly owner?: string;
  /** Undefined: the owner's full control, and nothing else. */
  readonly acl?: Acl;
  /** Undefined: no bytes, or those of the manifest. */
  readonly piece?: Piece;
  /** The upload that it was made by: its manifest. In a directory bucket all objects have one, as it stays when they are renamed. */
  readonly upload?: string;
  readonly partsCount?: number;
  /** Undefined: none. */
  readonly annotations?: { readonly count: number; readonly bytes: number };
  readonly encryption?: EncryptionRow;
  readonly lock?: LockRow;
  readonly replication?: ReplicationRow;
  /** Of an archived one: from when until when its bytes can be read. */
  readonly restore?: { readonly readyAt: Time; readonly expiresAt: Time };
  /** When it moved into its storage class, if that was later than it was made. */
  readonly classSince?: Time;
  readonly tiering?: TieringRow;
}

export interface UploadRow {
  readonly encryption?: EncryptionRow;
  /** As asked for; a default is reckoned from the completion. */
  readonly lock?: LockRow;
  readonly startedAt: Time;
  /** What a version that was made then would have; undefined: begun by an older program. */
  readonly sequence?: number;
  readonly initiator: string;
  readonly headers?: ContentHeaders;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly storageClass?: string;
  readonly owner?: string;
  readonly acl?: Acl;
  readonly checksum?: { readonly name: ChecksumName; readonly type: Checksum['type'] };
}

export interface PartRow {
  readonly modifiedAt: Time;
  readonly etag: string;
  readonly piece: Piece;
  readonly checksum?: Checksum;
  /** CRC64NVME, where the upload asks for no check sum: that of the whole is made of it. */
  readonly ofWhole?: string;
}

/** The parts of an object, in order, as they were completed. */
export interface ManifestRow {
  readonly parts: readonly {
    readonly number: number;
    readonly piece: Piece;
    readonly checksum?: string;
  }[];
}

/** Name -> bucket. */
export const buckets = table('bucket', [text], jsonRows<BucketRow>(1));
/** The one row: the number that the next bucket gets, and how many there are (absent where only an older version made some). */
export const bucketIds = table('bucket-id', [], jsonRows<{ readonly next: number; readonly count?: number }>(1));
/** Bucket's id, setting's name: a document as it was put. */
export const settings = table('setting', [u64, text], jsonRows<Readonly<Record<string, unknown>>>(1));
/** Bucket's id, key -> the newest version, which may be a delete marker. */
export const objects = table('object', [u64, text], versionRows, { isKept: true });
/** The same, as lists read them. */
export const listedObjects = { ...objects, codec: listedRows };
/** Bucket's id, key, what is left of 2^53 after the sequence: the newest first. */
export const versions = table('version', [u64, text, u64], versionRows);
export const listedVersions = { ...versions, codec: listedRows };
/** Bucket's id, key -> where among the older versions the null version is. */
export const nullVersions = table('null-version', [u64, text], jsonRows<{ readonly sequence: number }>(1));
/** Bucket's id, key, upload's id. */
export const uploads = table('upload', [u64, text, text], jsonRows<UploadRow>(1));
/** Upload's id, part number. */
export const parts = table('part', [text, u64], jsonRows<PartRow>(1));
/** Upload's id. */
export const manifests = table('manifest', [text], jsonRows<ManifestRow>(1));

/** A line that waits for the delivery of its bucket's log. */
export interface AccessLogRow extends LoggingRow {
  readonly source: string;
  readonly at: Time;
  readonly line: string;
}
export const accessLog = table('access-log', [u64], jsonRows<AccessLogRow>(1));

export interface NameRow {
  readonly account: AccountId;
  readonly region: Region;
  /** Of a directory bucket, which lies in a partition of S3 Express. */
  readonly service?: 's3express';
}
/** In the directory: bucket's name -> whose it is. */
export const names = table('name', [text], jsonRows<NameRow>(1));

export const directoryOf = (store: Store): Partition =>
  store.partition({ service: 's3', account: 'global', region: GLOBAL_REGION });

export const partitionOf = (store: Store, { account, region, service }: NameRow): Partition =>
  store.partition({ service: service ?? 's3', account, region });

const MOST_SEQUENCES = Number.MAX_SAFE_INTEGER;
export const versionOrder = (sequence: number): number => MOST_SEQUENCES - sequence;
const SEQUENCES_PER_MILLISECOND = 1024;

/** Above all earlier versions of the key. */
export const nextSequence = (now: Time, previous: VersionRow | undefined): number =>
  Math.max(Math.floor(now) * SEQUENCES_PER_MILLISECOND, (previous?.sequence ?? 0) + 1);
