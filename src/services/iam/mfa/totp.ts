/**
 * Time-based one-time passwords (RFC 6238 on RFC 4226) of six digits and thirty seconds, by HMAC-SHA-1: what every
 * authenticator app computes. A *step* is a period of thirty seconds, counted from 1970.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Milliseconds, seconds } from '#platform/base/clock.ts';

const STEP: Milliseconds = seconds(30);
const DIGITS = 6;

export const stepAt = (now: Milliseconds): number => Math.floor(now / STEP);

/** `digits` differs in the RFC's vectors only. */
export function codeOf(seed: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', seed).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 15;
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits;
  return String(number).padStart(digits, '0');
}

/** The first of the steps `from` to `to` that has this code. */
export function stepOfCode(seed: Uint8Array, code: string, from: number, to: number): number | undefined {
  let found: number | undefined;
  for (let step = Math.max(from, 0); step <= to; step++) {
    if (isSame(codeOf(seed, step), code)) found ??= step;
  }
  return found;
}

/** The step of the second of two consecutive codes, at most `reach` steps from `around`. */
export function stepOfPair(
  seed: Uint8Array,
  [first, second]: readonly [string, string],
  around: number,
  reach: number,
): number | undefined {
  // Nearest first: a pair may come again by chance.
  for (let distance = 0; distance <= reach; distance++) {
    for (const step of [around - distance, around + distance]) {
      if (step > 0 && isSame(codeOf(seed, step - 1), first) && isSame(codeOf(seed, step), second)) return step;
    }
  }
  return undefined;
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
