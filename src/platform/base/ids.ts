/**
 * Branded ids: a string that was checked once is a type of its own from there on. Randomness is reached through this
 * file alone, so that tests and the tidy check know where it comes from.
 */
import { randomBytes as nodeRandomBytes } from 'node:crypto';
import { madeUp } from '#platform/base/made-up.ts';

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
  const at = takeFromPool(count);
  return pool.subarray(at, at + count);
}

/** Where in the pool they are. */
function takeFromPool(count: number): number {
  if (poolOffset + count > pool.length) {
    pool = nodeRandomBytes(ID_POOL_BYTES);
    poolOffset = 0;
  }
  poolOffset += count;
  return poolOffset - count;
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

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const UUID_BYTES = 16;
const uuidText = Buffer.from('xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx', 'latin1');
/** Where each byte's two digits stand. */
const UUID_PLACES = Buffer.from([0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]);

/**
 * A UUID (version 4, RFC 9562), as AWS's request ids and message ids are. In one piece: Node's own is put together of twenty, and
 * costs twice as much once somebody writes it.
 */
export const uuid = (): string => madeUp('uuid', newUuid);

function newUuid(): string {
  const at = takeFromPool(UUID_BYTES);
  for (let i = 0; i < UUID_BYTES; i++) {
    // All indexes are in range.
    const byte = pool[at + i] as number;
    const place = UUID_PLACES[i] as number;
    uuidText[place] = HEX[byte >> 4] as number;
    uuidText[place + 1] = HEX[byte & 15] as number;
  }
  uuidText[14] = HEX[4] as number;
  uuidText[19] = HEX[8 | (((pool[at + 8] as number) >> 4) & 3)] as number;
  return uuidText.toString('latin1');
}

let lastTime = { at: Number.NaN, text: '' };

/** A UUID whose first 48 bits are a time (version 7, RFC 9562): it says where to look for what it names. */
export function timedId(time: number): string {
  if (time !== lastTime.at) {
    const digits = Math.floor(time).toString(16).padStart(12, '0');
    lastTime = { at: time, text: `${digits.slice(0, 8)}-${digits.slice(8)}-7` };
  }
  return lastTime.text + uuid().slice(15);
}

/** The time of such an id; undefined for others. */
export const timeOfId = (id: string): number | undefined =>
  TIMED_ID.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;

const TIMED_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const newRequestId = (): RequestId => uuid() as RequestId;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** An id of IAM's form: a four-letter prefix (AIDA, AROA, AKIA …) and `length` further characters of base 32. */
export const iamId = (prefix: string, length = 16): string =>
  prefix + madeUp(`iam ${length}`, () => Array.from(nodeRandomBytes(length), (byte) => BASE32[byte % 32]).join(''));

/** `bytes` at random, for an id, as digits. */
export const hexId = (bytes: number): string => madeUp(`hex ${bytes}`, () => randomBytes(bytes).toString('hex'));

/** At random, below `count`: where to look first. */
export const guessBelow = (count: number): number => Number.parseInt(hexId(4), 16) % count;

/** A secret access key: 40 characters of base 64. */
export const secretAccessKey = (): string =>
  Array.from(nodeRandomBytes(40), (byte) => ALPHANUMERIC[byte % 64]).join('');
