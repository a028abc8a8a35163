/**
 * The ciphertext of a symmetric key. It names the account, the key and the material, so that Decrypt needs no key id, finds the
 * material of before a rotation, and works in each region that has a related multi-Region key:
 *
 *   format 2 | flags | account (6, decimal digits) | key id (16) | material id (32) | salt (16) | count (4) | tag (16) | encrypted
 *
 * The material itself never meets a nonce, so no count of messages wears it out (NIST SP 800-38D 8.3): it is encrypted under keys that are
 * derived from the material and a salt. A salt serves one process for a while; its messages are counted, and the count is their nonce.
 * All that stands before the salt, and the encryption context, are additional data: a ciphertext that was altered, moved to another key
 * or account, or comes with another context does not open. Format 1 had a salt for each message, and no count.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type AccountId, randomBytes } from '#platform/base/ids.ts';
import { jsonText } from '#platform/base/json-text.ts';

export interface CiphertextHead {
  readonly account: AccountId;
  readonly keyId: string;
  readonly materialId: string;
}

export type EncryptionContext = Readonly<Record<string, string>>;

const FORMAT = 2;
const UNCOUNTED = 1;
const MULTI_REGION = 1;
const HEAD_BYTES = 2 + 6 + 16 + 32;
const SALT_BYTES = 16;
const COUNT_AT = HEAD_BYTES + SALT_BYTES;
const COUNT_BYTES = 4;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const MESSAGES_PER_SALT = 2 ** 20;

const tagAt = (blob: Buffer): number => COUNT_AT + (blob[0] === UNCOUNTED ? 0 : COUNT_BYTES);

/** A key's ciphertexts all begin alike, and a call asks several times: for its owner, its resource, its key. Nothing here is secret. */
const heads = new BoundedMap<CiphertextHead>({ entries: 5000, characters: 5000 * HEAD_BYTES });

let last: { readonly blob?: Buffer; readonly head?: CiphertextHead | undefined } = {};

/** Undefined for what is no ciphertext of ours. */
export function readHead(blob: Buffer): CiphertextHead | undefined {
  if (last.blob !== blob) last = { blob, head: findHead(blob) };
  return last.head;
}

function findHead(blob: Buffer): CiphertextHead | undefined {
  if (blob.length <= tagAt(blob) + TAG_BYTES) return undefined;
  const text = blob.toString('latin1', 0, HEAD_BYTES);
  const known = heads.get(text);
  if (known !== undefined) return known;
  const head = parseHead(blob);
  if (head !== undefined) heads.set(text, head);
  return head;
}

function parseHead(blob: Buffer): CiphertextHead | undefined {
  if ((blob[0] !== FORMAT && blob[0] !== UNCOUNTED) || (blob[1] ?? 0) > MULTI_REGION) return undefined;
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
  return Buffer.from(`02${flags}${account}${id}${materialId}`, 'hex');
}

export function encryptUnder(
  material: KeyObject,
  head: CiphertextHead,
  plaintext: Uint8Array,
  context: EncryptionContext | undefined,
): Buffer {
  const start = writeHead(head);
  const { salt, key, messages } = nextOf(material);
  const nonce = nonceOf(messages);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(additionalData(start, context));
  const body = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([start, salt, nonce.subarray(-COUNT_BYTES), cipher.getAuthTag(), body]);
}

/** Undefined if it was altered, moved, or encrypted with another context. */
export function decryptUnder(
  material: KeyObject,
  blob: Buffer,
  context: EncryptionContext | undefined,
): Buffer | undefined {
  const at = tagAt(blob);
  const nonce = nonceOf(blob[0] === UNCOUNTED ? 0 : blob.readUInt32BE(COUNT_AT));
  const decipher = createDecipheriv('aes-256-gcm', messageKey(material, blob), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(blob, context));
  decipher.setAuthTag(blob.subarray(at, at + TAG_BYTES));
  const plaintext = decipher.update(blob.subarray(at + TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** Both are read at once by whom they are given to. */
const nonceBytes = Buffer.alloc(NONCE_BYTES);
const dataBytes = Buffer.alloc(4096);

function nonceOf(count: number): Buffer {
  nonceBytes.writeUInt32BE(count, NONCE_BYTES - COUNT_BYTES);
  return nonceBytes;
}

/** The messages of a salt, which nobody but this process encrypts with. */
interface Series {
  readonly salt: Buffer;
  readonly key: KeyObject;
  messages: number;
}

/** What follows from a material goes with its key object, which is dropped with its open key (open-key.ts). */
const series = new WeakMap<KeyObject, Series>();

function nextOf(material: KeyObject): Readonly<Series> {
  let current = series.get(material);
  if (current === undefined || current.messages === MESSAGES_PER_SALT) {
    const salt = randomBytes(SALT_BYTES);
    current = { salt, key: derive(material, salt), messages: 0 };
    series.set(material, current);
  }
  current.messages++;
  return current;
}

const derived = new WeakMap<KeyObject, Map<string, KeyObject>>();
const MOST_DERIVED = 32;

function messageKey(material: KeyObject, blob: Buffer): KeyObject {
  const make = (): KeyObject => derive(material, blob.subarray(HEAD_BYTES, COUNT_AT));
  // No other message has this salt.
  if (blob[0] === UNCOUNTED) return make();
  const known = getOrInsert(derived, material, () => new Map<string, KeyObject>());
  if (known.size > MOST_DERIVED) known.clear();
  return getOrInsert(known, blob.toString('latin1', HEAD_BYTES, COUNT_AT), make);
}

/** The counter of the first step, which is the only one. */
const FIRST = Buffer.from([0, 0, 0, 1]);

/** What is hashed, but for the salt. */
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
function derive(material: KeyObject, salt: Buffer): KeyObject {
  const input = beginningOf(material);
  input.set(salt, input.length - SALT_BYTES);
  return createSecretKey(hash('sha256', input, 'binary'), 'latin1');
}

/** A ciphertext's head, and the pairs in one order, in a form that no other pairs have. No context is an empty one. */
function additionalData(blob: Buffer, context: EncryptionContext | undefined): Buffer {
  const keys = Object.keys(context ?? {});
  if (context === undefined || keys.length === 0) return blob.subarray(0, HEAD_BYTES);
  let text = '';
  for (const key of keys.sort()) text += `${text === '' ? '[' : ','}[${jsonText(key)},${jsonText(context[key] ?? '')}]`;
  text += ']';
  // Up to three bytes a character.
  const most = HEAD_BYTES + 3 * text.length;
  const bytes = most > dataBytes.length ? Buffer.alloc(most) : dataBytes;
  blob.copy(bytes, 0, 0, HEAD_BYTES);
  return bytes.subarray(0, HEAD_BYTES + bytes.write(text, HEAD_BYTES));
}
