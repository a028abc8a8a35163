/**
 * What CloudTrail keeps on disk, in the account's partition of each region: the event history (segments and their index), the
 * trails whose home the region is, what waits for delivery by the trails of this and other regions, and the rates that insights
 * are found in. Keys of the region that sign digest files lie in the partition of the account `global`.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import { jsonRows, type Key, type RowCodec, table, text, u64 } from '#platform/store/keys.ts';

/** Insights on management events, and on the data events of a trail, by its ARN. */
export type Category = 'management' | 'insight' | `insight ${string}`;

/** Of logging: from a start to a stop. */
export interface Period {
  readonly startedAt?: number;
  readonly stoppedAt?: number;
  /** The event of the call that stopped it, which is the last that the trail takes. */
  readonly stoppedBy?: string;
}

/** `stoppedAt` and `stoppedBy` are of the last stop, while it logs again too. */
export interface TrailRow extends Period {
  readonly name: string;
  readonly createdAt: number;
  readonly bucket: string;
  readonly prefix?: string;
  readonly isMultiRegion: boolean;
  readonly includesGlobalEvents: boolean;
  readonly validatesFiles: boolean;
  readonly kmsKey?: string;
  readonly isRecursive: boolean;
  readonly isLogging: boolean;
  /** Before the last start: its events may be collected after that. */
  readonly earlier?: Period;
  /** When its files began to be validated, where that was not from the start. */
  readonly validatedSince?: number;
  readonly selectors: Selectors;
  readonly insights: readonly Model.InsightSelector[];
  /** How its data events are aggregated; undefined: not at all. */
  readonly templates?: readonly Model.Template[];
}

/** One of both forms. */
export interface Selectors {
  readonly basic?: readonly Model.EventSelector[];
  readonly advanced?: readonly Model.AdvancedEventSelector[];
}

export interface DeliveryRow {
  readonly latestDelivery?: number;
  readonly latestError?: string;
  readonly latestDigest?: number;
  readonly latestDigestError?: string;
  /** Where the next digest begins: the end of the last, or when logging started. */
  readonly digestFrom?: number;
  readonly previousDigest?: DigestLink;
  /** Delivered since the last digest. */
  readonly files: readonly DeliveredFile[];
}

export interface DigestLink {
  readonly bucket: string;
  readonly key: string;
  readonly hash: string;
  readonly signature: string;
}

export interface DeliveredFile {
  readonly bucket: string;
  readonly key: string;
  /** Of the content before compression. */
  readonly hash: string;
  readonly oldest: number;
  readonly newest: number;
}

/** An unusual rate that has begun and not ended. */
export interface InsightRow {
  readonly sharedId: string;
  readonly startedAt: number;
  /** Of the minutes before it. */
  readonly baseline: number;
  readonly deviation: number;
  readonly baselineMinutes: number;
  /** Of its first minute. */
  readonly rate: number;
  readonly lastUnusual: number;
  /** Until the last unusual one, with the calls of those that were unusual. */
  readonly minutes: number;
  readonly sum: number;
}

export interface SigningKeyRow {
  /** PKCS#1, DER, base64. */
  readonly publicKey: string;
  readonly fingerprint: string;
  /** PKCS#8, PEM. */
  readonly sealedPrivateKey: string;
  readonly until: number;
}

/** Names -> calls. */
export type Counted = readonly (readonly [name: string, calls: number])[];

export interface AggregateRow {
  readonly count: number;
  /** By dimension. */
  readonly details: Readonly<Record<string, Counted>>;
}

/** Records as JSON text, one a line, compressed: they have most of their text in common. Zstandard costs a fifth of what deflating does. */
const compressedLines: RowCodec<readonly string[]> = {
  encode: (records) => zstdCompressSync(records.join('\n')),
  decode: (bytes) => zstdDecompressSync(bytes).toString('utf8').split('\n'),
};

/** Ascending positions below 65,536, two bytes each. */
const positions: RowCodec<readonly number[]> = {
  encode(at) {
    const bytes = Buffer.alloc(at.length * 2);
    for (const [index, position] of at.entries()) bytes.writeUInt16BE(position, index * 2);
    return bytes;
  },
  decode: (bytes) => Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(index * 2)),
};

/** By name. */
export const trails = table('trail', [text], jsonRows<TrailRow>(1));
/** Category, day, chapter, part: 32 records each, in the order of time. */
export const segments = table('segment', [text, u64, u64, u64], compressedLines);
/** Category, day, attribute, value, chapter -> which of its records. A day goes by one deletion. */
export const attributes = table('attribute', [text, u64, text, text, u64], positions);
/** Service and region of a partition -> the last pack of its journal that was taken. */
export const cursors = table('cursor', [text, text], jsonRows<{ after: Key }>(1));
/** Trail's ARN, number. */
export const waiting = table('waiting', [text, u64], compressedLines);
/** By the trail's ARN. */
export const deliveries = table('delivery', [text], jsonRows<DeliveryRow>(1));
/** Hour, trail's ARN (of data events) or '', event source, event name, error code or '' -> calls in each of its minutes. */
export const rates = table('rate', [u64, text, text, text, text], jsonRows<{ counts: readonly number[] }>(1));
/** The one row: the minutes before were looked at. */
export const insightsSeen = table('insight-seen', [], jsonRows<{ before: number }>(1));
/** Trail's ARN or '', event source, event name, error code or ''. */
export const insightStates = table('insight', [text, text, text, text], jsonRows<InsightRow>(1));
/** Window of five minutes, trail's ARN, template, event source, name in the template's first dimension. */
export const aggregates = table('aggregate', [u64, text, text, text, text], jsonRows<AggregateRow>(1));
/** When it came into use. */
export const signingKeys = table('signing-key', [u64], jsonRows<SigningKeyRow>(1));

/** Numbers that ascend with time, with room for many in a millisecond. */
const NUMBERS_PER_MILLISECOND = 1024;
export const firstNumberAt = (time: number): number => Math.max(0, Math.floor(time)) * NUMBERS_PER_MILLISECOND;
export const timeOfNumber = (number: number): number => Math.floor(number / NUMBERS_PER_MILLISECOND);
