/**
 * The ciphertext of a symmetric key. It names the account, the key and the material, so that Decrypt needs no key id, finds the
 * material of before a rotation, and works in each region that has a related multi-Region key:
 *
 *   format 1 | flags | account (6, decimal digits) | key id (16) | material id (32) | salt (16) | tag (16) | encrypted
 *
 * Each is encrypted under a key of its own, derived from the material and the salt: the material itself never meets a nonce,
 * so no count of messages wears it out (NIST SP 800-38D 8.3). All that stands before the salt, and the encryption context, are
 * additional data: a ciphertext that was altered, moved to another key or account, or comes with another context does not open.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type AccountId, pooledRandom } from '#platform/base/ids.ts';

export interface CiphertextHead {
  readonly account: AccountId;
  readonly keyId: string;
  readonly materialId: string;
}

export type EncryptionContext = Readonly<Record<string, string>>;

const FORMAT = 1;
const MULTI_REGION = 1;
const HEAD_BYTES = 2 + 6 + 16 + 32;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const BODY_AT = HEAD_BYTES + SALT_BYTES + TAG_BYTES;
/** Each key encrypts one message. */
const NONCE = Buffer.alloc(12);

/** A key's ciphertexts all begin alike, and a call asks several times: for its owner, its resource, its key. Nothing here is secret. */
const heads = new BoundedMap<CiphertextHead>({ entries: 5000, characters: 5000 * HEAD_BYTES });

/** Undefined for what is no ciphertext of ours. */
export function readHead(blob: Buffer): CiphertextHead | undefined {
  if (blob.length <= BODY_AT) return undefined;
  const text = blob.toString('latin1', 0, HEAD_BYTES);
  const known = heads.get(text);
  if (known !== undefined) return known;
  const head = parseHead(blob);
  if (head !== undefined) heads.set(text, head);
  return head;
}

function parseHead(blob: Buffer): CiphertextHead | undefined {
  if (blob[0] !== FORMAT || (blob[1] ?? 0) > MULTI_REGION) return undefined;
  const account = blob.toString('hex', 2, 8);
  if (!/^\d{12}$/.test(account)) return undefined;
  const id = blob.toString('hex', 8, 24);
  return {
    account: account as AccountId, // just checked
    keyId: blob[1] === MULTI_REGION ? `mrk-${id}` : uuidOf(id),
    materialId: blob.toString('hex', 24, 56),
  };
}

const uuidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

function writeHead({ account, keyId, materialId }: CiphertextHead): Buffer {
  const isMultiRegion = keyId.startsWith('mrk-');
  const id = isMultiRegion ? keyId.slice(4) : keyId.replaceAll('-', '');
  const flags = isMultiRegion ? '01' : '00';
  return Buffer.from(`01${flags}${account}${id}${materialId}`, 'hex');
}

export function encryptUnder(
  material: KeyObject,
  head: CiphertextHead,
  plaintext: Uint8Array,
  context: EncryptionContext | undefined,
): Buffer {
  const start = writeHead(head);
  const salt = pooledRandom(SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', messageKey(material, salt), NONCE);
  cipher.setAAD(additionalData(start, context));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([start, salt, cipher.getAuthTag(), body]);
}

/** Undefined if it was altered, moved, or encrypted with another context. */
export function decryptUnder(
  material: KeyObject,
  blob: Buffer,
  context: EncryptionContext | undefined,
): Buffer | undefined {
  const salt = blob.subarray(HEAD_BYTES, HEAD_BYTES + SALT_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', messageKey(material, salt), NONCE, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(blob.subarray(0, HEAD_BYTES), context));
  decipher.setAuthTag(blob.subarray(HEAD_BYTES + SALT_BYTES, BODY_AT));
  const plaintext = decipher.update(blob.subarray(BODY_AT));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** The counter of the first step, which is the only one. */
const FIRST = Buffer.from([0, 0, 0, 1]);

/** What is hashed, but for the salt. It goes with the key object, which is dropped with its open key (open-key.ts). */
const beginnings = new WeakMap<KeyObject, Buffer>();

function beginningOf(material: KeyObject): Buffer {
  const known = beginnings.get(material);
  if (known !== undefined) return known;
  const bytes = material.export();
  // Memory of its own: not of the pool that other buffers are cut from.
  const made = Buffer.alloc(FIRST.length + bytes.length + SALT_BYTES);
  made.set(FIRST);
  made.set(bytes, FIRST.length);
  beginnings.set(material, made);
  return made;
}

/**
 * NIST SP 800-56C, 4.1, with SHA-256. A key object: Node takes three times as long to make a cipher of a key's bytes. The hash as
 * text: a buffer of the native side would cost three times as much again.
 */
function messageKey(material: KeyObject, salt: Buffer): KeyObject {
  const input = beginningOf(material);
  input.set(salt, input.length - SALT_BYTES);
  return createSecretKey(hash('sha256', input, 'binary'), 'latin1');
}

/** The pairs in one order, in a form that no other pairs have. No context is an empty one. */
function additionalData(head: Buffer, context: EncryptionContext | undefined): Buffer {
  const keys = Object.keys(context ?? {});
  if (context === undefined || keys.length === 0) return head;
  const pairs = keys.sort().map((key) => [key, context[key]]);
  return Buffer.concat([head, Buffer.from(JSON.stringify(pairs))]);
}
