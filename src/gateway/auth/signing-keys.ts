/**
 * Signing keys: four HMACs derive one from a secret, a date, a region and a service, so it is kept. The cache is bounded
 * and holds nothing that can go stale: what a key may do is asked anew for each request. Dropping a secret's keys is
 * housekeeping (a deleted access key should not linger in memory).
 */
import { type HmacKey, hmac, hmacKey } from '#gateway/auth/digest.ts';

const CAPACITY = 4096;
/** Services times regions, of today and yesterday. */
const SCOPES_OF_A_SECRET = 256;
/** Secret, scope -> key. */
const keys = new Map<string, Map<string, HmacKey>>();

/** `scope` is `20150830/us-east-1/sqs/aws4_request`. The caller has checked it: nobody else may fill the cache. */
export function signingKey(secretAccessKey: string, scope: string): HmacKey {
  // The text put together would have to be hashed anew for each request: the two are looked up one after the other.
  const known = keys.get(secretAccessKey)?.get(scope);
  if (known) return known;
  let key = hmacKey(Buffer.from(`AWS4${secretAccessKey}`, 'utf8'));
  for (const part of scope.split('/')) key = hmacKey(Buffer.from(hmac(key, part, 'binary'), 'binary'));
  let ofSecret = keys.get(secretAccessKey);
  if (ofSecret === undefined || ofSecret.size >= SCOPES_OF_A_SECRET) {
    // The map keeps the order of insertion: the first is the oldest.
    const [oldest] = keys.keys();
    if (keys.size >= CAPACITY && oldest !== undefined) keys.delete(oldest);
    ofSecret = new Map();
    keys.set(secretAccessKey, ofSecret);
  }
  ofSecret.set(scope, key);
  return key;
}

export function forgetSigningKeys(secretAccessKey: string): void {
  keys.delete(secretAccessKey);
}
