/**
 * Public keys in the forms that ImportKeyPair takes (User Guide, "Create a key pair using a third-party tool and import the public
 * key"): a line of OpenSSH's authorized_keys, base 64 of DER, RFC 4716 (SSH2). RSA of 1024, 2048 and 4096 bits, and ED25519.
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import type { KeyType } from '#platform/model/generated/ec2.ts';
import { fail } from '#services/ec2/errors.ts';

export interface PublicKey {
  readonly type: KeyType;
  /** What stands in base 64 in a line of OpenSSH's. */
  readonly blob: Buffer;
  readonly key: KeyObject;
}

const SSH_NAMES: Readonly<Record<KeyType, string>> = { rsa: 'ssh-rsa', ed25519: 'ssh-ed25519' };
const RSA_BITS: ReadonlySet<number> = new Set([1024, 2048, 4096]);
/** What a key of 4096 bits takes in any of the forms, and as much for comments. */
const MOST_BYTES = 16 * 1024;

export function readPublicKey(material: Uint8Array): PublicKey {
  if (material.length > MOST_BYTES) fail('InvalidKeyFormat');
  const text = Buffer.from(material).toString('utf8').trim();
  const [, inner] = /^---- BEGIN SSH2 PUBLIC KEY ----\r?\n(.*)\r?\n---- END SSH2 PUBLIC KEY ----$/s.exec(text) ?? [];
  if (inner !== undefined) return ofBlob(decoded(withoutHeaders(inner)));
  const [, , base64] = /^(ssh-rsa|ssh-ed25519)\s+([A-Za-z0-9+/]+={0,2})(?:\s.*)?$/.exec(text) ?? [];
  if (base64 !== undefined) return ofBlob(decoded(base64));
  return ofDer(decoded(text.replace(/-----(?:BEGIN|END) PUBLIC KEY-----|\s/g, '')));
}

/** Header lines of RFC 4716 have a colon; one that ends in a backslash goes on. */
function withoutHeaders(text: string): string {
  const lines = text.replace(/\\\r?\n/g, '').split(/\r?\n/);
  return lines.filter((line) => !line.includes(':')).join('');
}

function decoded(base64: string): Buffer {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) fail('InvalidKeyFormat');
  return Buffer.from(base64, 'base64');
}

/** RFC 4253, 6.6 and RFC 8709: strings with their lengths before them. */
function ofBlob(blob: Buffer): PublicKey {
  const [name = Buffer.alloc(0), first, second, ...more] = fieldsOf(blob);
  if (more.length > 0 || first === undefined) return fail('InvalidKeyFormat');
  if (name.toString('latin1') === SSH_NAMES.rsa && second !== undefined) {
    return checked('rsa', { kty: 'RSA', e: unsigned(first), n: unsigned(second) }, blob);
  }
  if (name.toString('latin1') === SSH_NAMES.ed25519 && second === undefined && first.length === 32) {
    return checked('ed25519', { kty: 'OKP', crv: 'Ed25519', x: first.toString('base64url') }, blob);
  }
  return fail('InvalidKeyFormat');
}

function ofDer(der: Buffer): PublicKey {
  try {
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    // Of another kind there is no form of SSH's.
    return key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ed25519'
      ? ofBlob(blobOf(key))
      : fail('InvalidKeyFormat');
  } catch {
    return fail('InvalidKeyFormat');
  }
}

function checked(type: KeyType, jwk: { readonly kty: string } & Record<string, string>, blob: Buffer): PublicKey {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (type === 'rsa' && (bits === undefined || !RSA_BITS.has(bits))) fail('InvalidKeyFormat');
    return { type, blob, key };
  } catch {
    return fail('InvalidKeyFormat');
  }
}

const unsigned = (integer: Buffer): string => (integer[0] === 0 ? integer.subarray(1) : integer).toString('base64url');

function fieldsOf(blob: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    const length = at + 4 > blob.length ? blob.length : blob.readUInt32BE(at);
    const end = at + 4 + length;
    if (end > blob.length) fail('InvalidKeyFormat');
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** A string as SSH writes it. */
export function sshString(content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** An integer as SSH writes it: with a zero before it where its first bit is set. */
export function sshInteger(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return sshString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}

export function blobOf(key: KeyObject): Buffer {
  const { kty, n = '', e = '', x = '' } = key.export({ format: 'jwk' });
  return kty === 'RSA'
    ? Buffer.concat([sshString(SSH_NAMES.rsa), sshInteger(e), sshInteger(n)])
    : Buffer.concat([sshString(SSH_NAMES.ed25519), sshString(Buffer.from(x, 'base64url'))]);
}

/** A line of authorized_keys. */
export const openSshLine = ({ type, blob }: Pick<PublicKey, 'type' | 'blob'>, comment: string): string =>
  `${SSH_NAMES[type]} ${blob.toString('base64')} ${comment}`;

const colons = (hexadecimal: string): string => (hexadecimal.match(/../g) ?? []).join(':');

/** OpenSSH's own, without the name of the digest before it. */
const sha256Fingerprint = (blob: Uint8Array): string => hash('sha256', blob, 'base64');

/** "the MD5 public key fingerprint as specified in section 4 of RFC4716"; EC2 takes the digest of the DER form. */
export const importedFingerprint = ({ type, blob, key }: PublicKey): string =>
  type === 'ed25519'
    ? sha256Fingerprint(blob)
    : colons(hash('md5', key.export({ format: 'der', type: 'spki' }), 'hex'));

/** "the SHA-1 digest of the DER encoded private key" (PKCS #8). */
export const createdFingerprint = (type: KeyType, privateKey: KeyObject, blob: Uint8Array): string =>
  type === 'ed25519'
    ? sha256Fingerprint(blob)
    : colons(hash('sha1', privateKey.export({ format: 'der', type: 'pkcs8' }), 'hex'));
