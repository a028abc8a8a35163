/**
 * Sealing: AES-256-GCM with keys that HKDF derives from the master keys, one for each purpose, so that a row's seal
 * never opens as a session token. The additional data ties a sealed value to its place (account, record, version):
 * moved to another row, or altered in one bit, it does not open. A sealed value is
 * `format byte, key id byte, nonce (12), tag (16), ciphertext`.
 *
 * Nonces are random. At 2^32 values under one key the chance of a repeated nonce nears 2^-32 (NIST SP 800-38D 8.3):
 * a rotation is due long before, and each purpose counts by itself.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { pooledRandom } from '#platform/base/ids.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';

/** Where a sealed value belongs. `record` is its key within the account's partition. */
export interface SealedPlace {
  readonly account: string;
  readonly record: string;
  readonly version: number;
}

/** A sealed value was altered, moved, or sealed by a key that is not in the master key file. */
export class SealBroken extends Error {
  override name = 'SealBroken';
}

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 2 + NONCE_BYTES + TAG_BYTES;

/** Seals for one purpose. */
export interface PurposeSealer {
  /** `room` is left in front of the sealed value, for the caller to fill: large values are copied once. */
  seal(plaintext: string | Uint8Array, additionalData: string, room?: number): Buffer;
  /** Undefined for anything that was not sealed here for this purpose with this additional data. */
  open(sealed: Buffer, additionalData: string): Buffer | undefined;
}

/**
 * Opens what a client hands back as text. The decoder passes over what is no base 64, and several texts stand for the same bytes:
 * only the one that was given out counts.
 */
export function openText(
  sealer: PurposeSealer,
  text: string,
  additionalData: string,
  encoding: 'base64' | 'base64url',
): Buffer | undefined {
  const sealed = Buffer.from(text, encoding);
  return sealed.toString(encoding) === text ? sealer.open(sealed, additionalData) : undefined;
}

function purposeSealer(masterKeys: MasterKeys, purpose: string): PurposeSealer {
  const keys = new Map<number, KeyObject>();
  for (const [id, key] of masterKeys.keys) {
    const derived = hkdfSync('sha256', key, '', `makonis/${purpose}`, 32);
    keys.set(id, createSecretKey(Buffer.from(derived)));
  }
  // The file's reader makes sure that the current key is one of the keys.
  const current = keys.get(masterKeys.current) as KeyObject;
  return {
    seal(plaintext, additionalData, room = 0) {
      const nonce = pooledRandom(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current, nonce);
      cipher.setAAD(Buffer.from(additionalData));
      const body = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
      cipher.final();
      const sealed = Buffer.allocUnsafe(room + HEAD_BYTES + body.length);
      sealed[room] = FORMAT;
      sealed[room + 1] = masterKeys.current;
      nonce.copy(sealed, room + 2);
      cipher.getAuthTag().copy(sealed, room + 2 + NONCE_BYTES);
      body.copy(sealed, room + HEAD_BYTES);
      return sealed;
    },
    open(sealed, additionalData) {
      if (sealed.length < HEAD_BYTES || sealed[0] !== FORMAT) return undefined;
      const key = keys.get(sealed[1] as number);
      if (!key) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(2, 2 + NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(additionalData));
      decipher.setAuthTag(sealed.subarray(2 + NONCE_BYTES, HEAD_BYTES));
      const plaintext = decipher.update(sealed.subarray(HEAD_BYTES));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plaintext;
    },
  };
}

export interface Sealer {
  /** For a row: base 64 text. */
  seal(plaintext: string | Uint8Array, place: SealedPlace): string;
  /** Throws SealBroken. */
  open(sealed: string, place: SealedPlace): Buffer;
  /** Sealing with a key of its own, for tokens that clients carry. Call once and keep it: it derives keys. */
  purpose(name: string): PurposeSealer;
}

const placeText = (place: SealedPlace): string => JSON.stringify([place.account, place.record, place.version]);

export function createSealer(masterKeys: MasterKeys): Sealer {
  const records = purposeSealer(masterKeys, 'record');
  return {
    seal: (plaintext, place) => records.seal(plaintext, placeText(place)).toString('base64'),
    open(sealed, place) {
      const plaintext = records.open(Buffer.from(sealed, 'base64'), placeText(place));
      if (!plaintext) throw new SealBroken(`the sealed value of ${place.record} in ${place.account} does not open`);
      return plaintext;
    },
    purpose: (name) => purposeSealer(masterKeys, `purpose/${name}`),
  };
}
