/** What storage class analysis keeps: a day, a storage class and an age group of objects have a row each. */
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';

export interface AccessRow {
  /** Successful GETs, and what they sent. */
  readonly requests: number;
  readonly retrieved: number;
  readonly uploaded: number;
}

export interface StoredRow {
  readonly objects: number;
  readonly bytes: number;
}

/** Bucket's id, configuration's id, day since 1970, storage class, index of the age group. */
export const accesses = table('analysis-access', [u64, text, u64, text, u64], jsonRows<AccessRow>(1));
export const stored = table('analysis-stored', [u64, text, u64, text, u64], jsonRows<StoredRow>(1));
