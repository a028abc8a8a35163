/**
 * Signature Version 4A: ECDSA over P-256, with a key pair that both sides derive from the access key (IAM User Guide,
 * "Signing key derivation for SigV4a": NIST SP 800-108 in counter mode, one block, until the candidate is in range).
 * The scope has no region; the signed header X-Amz-Region-Set says where the request may be used.
 */
import { createECDH, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { hmac, hmacKey, wireEncoding } from '#gateway/auth/digest.ts';

const LABEL = 'AWS4-ECDSA-P256-SHA256';
/** The order of P-256's group, less two. */
const LARGEST_CANDIDATE = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n - 2n;
/** 72 bytes of DER in hexadecimal, which is also the length that chunks pad to. */
const LONGEST_SIGNATURE = 144;
const CAPACITY = 1000;
const publicKeys = new Map<string, KeyObject>();

export function publicKeyOf(accessKeyId: string, secretAccessKey: string): KeyObject {
  const name = `${accessKeyId} ${secretAccessKey}`;
  const known = publicKeys.get(name);
  if (known) return known;
  const key = derivePublicKey(accessKeyId, secretAccessKey);
  if (publicKeys.size >= CAPACITY) publicKeys.clear();
  publicKeys.set(name, key);
  return key;
}

function derivePublicKey(accessKeyId: string, secretAccessKey: string): KeyObject {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(Buffer.from(derivePrivateKey(accessKeyId, secretAccessKey).toString(16).padStart(64, '0'), 'hex'));
  const point = pair.getPublicKey(); // 04, x, y
  return createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33, 65).toString('base64url'),
    },
  });
}

function derivePrivateKey(accessKeyId: string, secretAccessKey: string): bigint {
  const key = hmacKey(Buffer.from(`AWS4A${secretAccessKey}`, 'utf8'));
  for (let counter = 1; counter < 255; counter++) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      Buffer.from(LABEL),
      Buffer.from([0]),
      Buffer.from(accessKeyId, 'utf8'),
      Buffer.from([counter]),
      Buffer.from([0, 0, 1, 0]), // 256 bits
    ]);
    const candidate = BigInt(`0x${hmac(key, input, 'hex')}`);
    if (candidate <= LARGEST_CANDIDATE) return candidate + 1n;
  }
  throw new Error('no signing key can be derived'); // two chances in 2^8000
}

/** `signature` is hexadecimal DER; chunks pad it with asterisks to a fixed length. */
export function verifyEcdsa(key: KeyObject, stringToSign: string, signature: string): boolean {
  if (signature.length > LONGEST_SIGNATURE) return false;
  const hex = signature.replace(/\*+$/, '');
  if (hex.length % 2 !== 0 || !/^[0-9a-f]+$/.test(hex)) return false;
  const message = Buffer.from(stringToSign, wireEncoding(stringToSign));
  return verify('sha256', message, { key, dsaEncoding: 'der' }, Buffer.from(hex, 'hex'));
}

const patternsOf = (regionSet: string): string[] =>
  regionSet
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');

/** Whether a request with this region set may be used in `region`. */
export const regionSetCovers = (regionSet: string, region: string): boolean =>
  patternsOf(regionSet).some((pattern) => matches(pattern, region));

/** A star stands for any run of characters. Linear: each literal piece is found once, from the left. */
function matches(pattern: string, region: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return pattern === region;
  if (!region.startsWith(first) || !region.endsWith(last) || region.length < first.length + last.length) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = region.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from <= region.length - last.length;
}

/** The first pattern that no region can satisfy: one without a star that `accepts` refuses. */
export const refusedRegion = (regionSet: string, accepts: (region: string) => boolean): string | undefined => {
  const patterns = patternsOf(regionSet);
  if (patterns.length === 0) return regionSet;
  return patterns.some((pattern) => pattern.includes('*') || accepts(pattern)) ? undefined : patterns[0];
};
