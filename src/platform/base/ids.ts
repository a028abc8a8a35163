/**
 * Branded ids: a string that was checked once is a type of its own from there on. Randomness is reached through this
 * file alone, so that tests and the tidy check know where it comes from.
 */
import { randomBytes as nodeRandomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Twelve digits. */
export type AccountId = Branded<'AccountId'>;
/** `us-east-1`; `aws-global` for services without regions (IAM). */
export type Region = Branded<'Region'>;
export type RequestId = Branded<'RequestId'>;

export const GLOBAL_REGION = 'aws-global' as Region;

export const isAccountId = (text: string): text is AccountId => /^\d{12}$/.test(text);

const ID_POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let poolOffset = 0;

const MOST_POOLED_BYTES = 64;

/** `count` random bytes (at most 64) from a pool that is refilled in one call: a request id costs no system call. */
export function pooledRandom(count: number): Buffer {
  if (poolOffset + count > pool.length) {
    pool = nodeRandomBytes(ID_POOL_BYTES);
    poolOffset = 0;
  }
  poolOffset += count;
  return pool.subarray(poolOffset - count, poolOffset);
}

/** For secrets: bytes of their own, which the pool forgets. Asking the system for few costs as much as encrypting under them. */
export function randomBytes(count: number): Buffer {
  if (count > MOST_POOLED_BYTES) return nodeRandomBytes(count);
  const pooled = pooledRandom(count);
  const bytes = Buffer.alloc(count);
  bytes.set(pooled);
  pooled.fill(0);
  return bytes;
}

/** A UUID, as AWS's request ids and message ids are. Node keeps a pool behind it. */
export const uuid = (): string => randomUUID();

let lastTime = { at: Number.NaN, text: '' };

/** A UUID whose first 48 bits are a time (version 7, RFC 9562): it says where to look for what it names. */
export function timedId(time: number): string {
  if (time !== lastTime.at) {
    const digits = Math.floor(time).toString(16).padStart(12, '0');
    lastTime = { at: time, text: `${digits.slice(0, 8)}-${digits.slice(8)}-7` };
  }
  return lastTime.text + randomUUID().slice(15);
}

/** The time of such an id; undefined for others. */
export const timeOfId = (id: string): number | undefined =>
  TIMED_ID.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;

const TIMED_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const newRequestId = (): RequestId => randomUUID() as RequestId;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** An id of IAM's form: a four-letter prefix (AIDA, AROA, AKIA …) and `length` further characters of base 32. */
export const iamId = (prefix: string, length = 16): string =>
  prefix + Array.from(nodeRandomBytes(length), (byte) => BASE32[byte % 32]).join('');

/** A secret access key: 40 characters of base 64. */
export const secretAccessKey = (): string =>
  Array.from(nodeRandomBytes(40), (byte) => ALPHANUMERIC[byte % 64]).join('');
