/**
 * What storage classes cost, as usage types: one table for all that is metered of them. Sources: S3 User Guide, "Understanding
 * your AWS billing and usage reports for Amazon S3", "Multipart upload and pricing" and "Comparing the Amazon S3 storage classes".
 */
import { hours } from '#platform/base/clock.ts';
import { meterIn } from '#platform/metering/usage.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { bucketArn } from '#services/s3/names.ts';
import type { VersionRow } from '#services/s3/state.ts';
import { type AccessTier, accessTierOf, INTELLIGENT_TIERING } from '#services/s3/tiering/tiers.ts';

interface ClassBilling {
  readonly storage: string;
  /** Between `Requests-` and the tier; undefined: STANDARD's. */
  readonly requests?: string;
  /** Parts of an upload that is under way, whose requests are STANDARD's too; undefined: as `storage`. */
  readonly staging?: string;
  /** Objects below `least` are billed as if they had so many bytes, under a type of their own. */
  readonly least?: number;
  readonly small?: string;
  /** Index and metadata that an archived object has more. */
  readonly more?: number;
  readonly minimumDays?: number;
  readonly early?: string;
  readonly earlySmall?: string;
  /** Bytes that are read. */
  readonly retrieval?: string;
  /** A lifecycle rule moves an object here. */
  readonly transition?: string;
}

const KIB = 1024;
const LEAST = 128 * KIB;
/** "32 KB of metadata charged at the S3 Glacier Flexible Retrieval rate … and an additional 8 KB data charged at the S3 Standard rate." */
const ARCHIVE_INDEX_BYTES = 32 * KIB;
const ARCHIVE_NAME_BYTES = 8 * KIB;
export const STANDARD_STORAGE = 'TimedStorage-ByteHrs';

const EXPRESS_STORAGE = 'TimedStorage-XZ-ByteHrs';

const STANDARD: ClassBilling = { storage: STANDARD_STORAGE };

const infrequent = (code: string, minimumDays: number): ClassBilling => ({
  storage: `TimedStorage-${code}-ByteHrs`,
  requests: code,
  least: LEAST,
  small: `TimedStorage-${code}-SmObjects`,
  minimumDays,
  early: `EarlyDelete-${code}`,
  earlySmall: `EarlyDelete-${code}-SmObjects`,
  retrieval: `Retrieval-${code}`,
  transition: 'Requests-Tier4',
});

const CLASSES: Readonly<Record<string, ClassBilling>> = {
  EXPRESS_ONEZONE: { storage: EXPRESS_STORAGE },
  REDUCED_REDUNDANCY: { storage: 'TimedStorage-RRS-ByteHrs' },
  STANDARD_IA: infrequent('SIA', 30),
  ONEZONE_IA: infrequent('ZIA', 30),
  GLACIER_IR: infrequent('GIR', 90),
  // There are no retrieval fees; which storage type it is depends on the tier.
  INTELLIGENT_TIERING: { storage: 'TimedStorage-INT-FA-ByteHrs', requests: 'INT', transition: 'Requests-Tier4' },
  GLACIER: {
    storage: 'TimedStorage-GlacierByteHrs',
    requests: 'GLACIER',
    staging: 'TimedStorage-GlacierStaging',
    more: ARCHIVE_INDEX_BYTES,
    minimumDays: 90,
    early: 'EarlyDelete-ByteHrs',
    transition: 'Requests-Tier3',
  },
  DEEP_ARCHIVE: {
    storage: 'TimedStorage-GDA-ByteHrs',
    requests: 'GDA',
    staging: 'TimedStorage-GDA-Staging',
    more: ARCHIVE_INDEX_BYTES,
    minimumDays: 180,
    early: 'EarlyDelete-GDA',
    transition: 'Requests-Tier3',
  },
};

const TIERS: Readonly<Record<AccessTier, Pick<ClassBilling, 'storage' | 'more'>>> = {
  FREQUENT: { storage: 'TimedStorage-INT-FA-ByteHrs' },
  INFREQUENT: { storage: 'TimedStorage-INT-IA-ByteHrs' },
  ARCHIVE_INSTANT_ACCESS: { storage: 'TimedStorage-INT-AIA-ByteHrs' },
  // "S3 Intelligent-Tiering … Archive Access and Deep Archive Access tiers" have the index of archives too (S3 pricing).
  ARCHIVE_ACCESS: { storage: 'TimedStorage-INT-AA-ByteHrs', more: ARCHIVE_INDEX_BYTES },
  DEEP_ARCHIVE_ACCESS: { storage: 'TimedStorage-INT-DAA-ByteHrs', more: ARCHIVE_INDEX_BYTES },
};

function billingOf(row: VersionRow, now: number, day: number): ClassBilling {
  const tier = row.storageClass === INTELLIGENT_TIERING ? accessTierOf(row, now, day) : undefined;
  return tier === undefined ? billingOfClass(row.storageClass) : TIERS[tier];
}

export interface Billed {
  readonly usageType: string;
  readonly bytes: number;
}

/** What a version occupies, by usage type. */
export function storageOf(row: VersionRow, now: number, day: number): readonly Billed[] {
  const { storage, least = 0, small = storage, more = 0 } = billingOf(row, now, day);
  const own = row.bytes < least ? { usageType: small, bytes: least } : { usageType: storage, bytes: row.bytes + more };
  if (more === 0) return [own];
  const { restore } = row;
  const isRestored = restore !== undefined && restore.readyAt <= now && now < restore.expiresAt;
  return [own, { usageType: STANDARD_STORAGE, bytes: ARCHIVE_NAME_BYTES + (isRestored ? row.bytes : 0) }];
}

/** Bytes and hours that a version which goes now is charged for, as it has not been in its class long enough. */
export function earlyDeletion(row: VersionRow, now: number): { usageType: string; byteHours: number } | undefined {
  const billing = row.isDeleteMarker ? undefined : CLASSES[row.storageClass ?? ''];
  const { minimumDays = 0, early, least = 0, more = 0 } = billing ?? {};
  const end = (row.classSince ?? row.modifiedAt) + minimumDays * hours(24);
  if (early === undefined || now >= end) return undefined;
  const isSmall = row.bytes < least;
  const bytes = isSmall ? least : row.bytes + more;
  const usageType = isSmall ? (billing?.earlySmall ?? early) : early;
  return { usageType, byteHours: bytes * Math.ceil((end - now) / hours(1)) };
}

export function meterEarlyDeletion(tx: Transaction, bucket: string, row: VersionRow, now: number): void {
  const early = earlyDeletion(row, now);
  if (early === undefined) return;
  const dimension = { usageType: early.usageType, operation: 'EarlyDelete', resource: bucketArn(bucket) };
  meterIn(tx, now, dimension, early.byteHours);
}

const billingOfClass = (storageClass = ''): ClassBilling => CLASSES[storageClass] ?? STANDARD;

/** "The number of PUT, COPY, or POST requests on S3 Standard-IA objects" is tier 1, "GET and all other" are tier 2; so with other classes. */
export function billRequest(call: Pick<Call, 'billAs'>, storageClass: string | undefined, tier: 1 | 2): void {
  const { requests } = billingOfClass(storageClass);
  if (requests !== undefined) call.billAs(`Requests-${requests}-Tier${tier}`);
}

/** Of an upload in parts until it is completed: those of archives "are billed at S3 Standard request rates". */
export function billPart(call: Pick<Call, 'billAs'>, storageClass: string | undefined): void {
  if (billingOfClass(storageClass).staging === undefined) billRequest(call, storageClass, 1);
}

/** "Parts are charged according to the storage class specified when the parts were uploaded"; those of archives are staged. */
export function partStorage(storageClass: string | undefined): string {
  const { staging, storage } = billingOfClass(storageClass);
  return staging ?? storage;
}

export const retrievalType = ({ storageClass = '' }: VersionRow): string | undefined =>
  CLASSES[storageClass]?.retrieval;
export const transitionType = (storageClass: string): string | undefined => CLASSES[storageClass]?.transition;
