/**
 * RSA signatures over a digest that the caller has made: node:crypto hashes what it signs, so the encodings of RFC 8017 are
 * written here (9.1 PSS, 9.2 PKCS #1 v1.5) around OpenSSL's plain RSA operation. As on AWS the salt is as long as the digest.
 */
import { constants, hash, type KeyObject, privateEncrypt, publicDecrypt, timingSafeEqual } from 'node:crypto';
import { randomBytes } from '#platform/base/ids.ts';

export type HashName = 'sha256' | 'sha384' | 'sha512';

/** DigestInfo up to the digest (RFC 8017, 9.2, note 1). */
const PREFIXES: Readonly<Record<HashName, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

export const signPkcs1 = (key: KeyObject, name: HashName, digest: Uint8Array): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([PREFIXES[name], digest]));

/** OpenSSL takes one without its leading zeros; RFC 8017 (8.1.2, 8.2.2) does not. */
const isWhole = (key: KeyObject, signature: Uint8Array): boolean => signature.length === bytesOf(key);

export function verifyPkcs1(key: KeyObject, name: HashName, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!isWhole(key, signature)) return false;
  try {
    const encoded = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return encoded.equals(Buffer.concat([PREFIXES[name], digest]));
  } catch {
    return false;
  }
}

export const signPss = (key: KeyObject, name: HashName, digest: Uint8Array): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(bytesOf(key), name, digest));

/** `length` is the modulus's, a multiple of 8 bits: the encoding has one bit less, so its first bit is 0. */
function encodePss(length: number, name: HashName, digest: Uint8Array): Buffer {
  const salt = randomBytes(digest.length);
  const check = hashOfSalted(name, digest, salt);
  const data = Buffer.alloc(length - check.length - 1);
  data[data.length - salt.length - 1] = 1;
  salt.copy(data, data.length - salt.length);
  mask(data, name, check);
  return Buffer.concat([data, check, Buffer.from([0xbc])]);
}

export function verifyPss(key: KeyObject, name: HashName, digest: Uint8Array, signature: Uint8Array): boolean {
  if (!isWhole(key, signature)) return false;
  let encoded: Buffer;
  try {
    encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return false;
  }
  if (encoded.at(-1) !== 0xbc || (encoded[0] ?? 0) >= 128) return false;
  const data = Buffer.from(encoded.subarray(0, encoded.length - digest.length - 1));
  const check = encoded.subarray(data.length, encoded.length - 1);
  mask(data, name, check);
  const salt = data.subarray(data.length - digest.length);
  const padding = data.subarray(0, data.length - salt.length);
  if (padding.at(-1) !== 1 || padding.subarray(0, -1).some((byte) => byte !== 0)) return false;
  return timingSafeEqual(hashOfSalted(name, digest, salt), check);
}

const bytesOf = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;

const hashOfSalted = (name: HashName, digest: Uint8Array, salt: Uint8Array): Buffer =>
  hash(name, Buffer.concat([Buffer.alloc(8), digest, salt]), 'buffer');

/** MGF1, in place; the first bit stays 0. */
function mask(data: Buffer, name: HashName, seed: Uint8Array): void {
  const counter = Buffer.alloc(4);
  for (let at = 0, count = 0; at < data.length; count++) {
    counter.writeUInt32BE(count);
    for (const byte of hash(name, Buffer.concat([seed, counter]), 'buffer')) {
      if (at >= data.length) break;
      // Within the bounds just checked.
      data[at] = (data[at] as number) ^ byte;
      at++;
    }
  }
  data[0] = (data[0] ?? 0) & 0x7f;
}
