/**
 * Signing keys: four HMACs derive one from a secret, a date, a region and a service, so it is kept. The cache is bounded
 * and holds nothing that can go stale: what a key may do is asked anew for each request. Dropping a secret's keys is
 * housekeeping (a deleted access key should not linger in memory).
 */
import { type HmacKey, hmac, hmacKey } from '#gateway/auth/digest.ts';

const CAPACITY = 4096;
const keys = new Map<string, HmacKey>();

/** `scope` is `20150830/us-east-1/sqs/aws4_request`. The caller has checked it: nobody else may fill the cache. */
export function signingKey(secretAccessKey: string, scope: string): HmacKey {
  const name = `${scope} ${secretAccessKey}`;
  const known = keys.get(name);
  if (known) return known;
  let key = hmacKey(Buffer.from(`AWS4${secretAccessKey}`, 'utf8'));
  for (const part of scope.split('/')) key = hmacKey(Buffer.from(hmac(key, part, 'binary'), 'binary'));
  if (keys.size >= CAPACITY) {
    // The map keeps the order of insertion: the first is the oldest, most likely of a day gone by.
    const oldest = keys.keys().next();
    if (!oldest.done) keys.delete(oldest.value);
  }
  keys.set(name, key);
  return key;
}

export function forgetSigningKeys(secretAccessKey: string): void {
  for (const name of keys.keys()) if (name.endsWith(` ${secretAccessKey}`)) keys.delete(name);
}
