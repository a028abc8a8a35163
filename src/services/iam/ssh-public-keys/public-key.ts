/**
 * RSA public keys in the two forms that IAM takes: a line of OpenSSH (RFC 4253, section 6.6: the name, then exponent and modulus
 * as numbers with their lengths before them) and PEM (PKCS #1 or SubjectPublicKeyInfo). Both are read into one key, so that
 * either can be answered and two spellings of the same key are known as one.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

export interface RsaPublicKey {
  readonly key: KeyObject;
  readonly bits: number;
}

export type ReadKey = RsaPublicKey | 'unrecognized' | 'broken';

const SSH_RSA = 'ssh-rsa';
const OPENSSH = /^ssh-rsa[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t][^\r\n]*)?$/;
const PEM = /^-----BEGIN (RSA )?PUBLIC KEY-----[\s\S]+-----END \1?PUBLIC KEY-----$/;

export function readPublicKey(text: string): ReadKey {
  const body = text.trim();
  const blob = OPENSSH.exec(body)?.[1];
  if (blob !== undefined) return rsa(() => openSshKey(Buffer.from(blob, 'base64')));
  if (body.startsWith('ssh-rsa')) return 'broken';
  return PEM.test(body) ? rsa(() => createPublicKey(body)) : 'unrecognized';
}

function rsa(read: () => KeyObject | undefined): ReadKey {
  try {
    const key = read();
    const bits = key?.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined;
    return key && bits !== undefined ? { key, bits } : 'broken';
  } catch {
    return 'broken';
  }
}

function openSshKey(blob: Buffer): KeyObject | undefined {
  const parts = fields(blob);
  const [name, e, n] = parts ?? [];
  if (parts?.length !== 3 || name?.toString('latin1') !== SSH_RSA || !e || !n) return undefined;
  const jwk = { kty: 'RSA', e: withoutSign(e).toString('base64url'), n: withoutSign(n).toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function fields(blob: Buffer): Buffer[] | undefined {
  const found: Buffer[] = [];
  let offset = 0;
  while (offset < blob.length) {
    if (offset + 4 > blob.length || found.length === 3) return undefined;
    const end = offset + 4 + blob.readUInt32BE(offset);
    if (end > blob.length) return undefined;
    found.push(blob.subarray(offset + 4, end));
    offset = end;
  }
  return found;
}

/** Numbers are signed in SSH: a high first bit is led by a zero byte. */
const withoutSign = (number: Buffer): Buffer => (number[0] === 0 ? number.subarray(1) : number);
const withSign = (number: Buffer): Buffer => ((number[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), number]) : number);

function withLength(field: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(field.length);
  return Buffer.concat([length, field]);
}

function sshBlob(key: KeyObject): Buffer {
  const { e = '', n = '' } = key.export({ format: 'jwk' });
  const numbers = [e, n].map((number) => withSign(Buffer.from(number, 'base64url')));
  return Buffer.concat([Buffer.from(SSH_RSA), ...numbers].map(withLength));
}

export const sshText = ({ key }: RsaPublicKey): string => `${SSH_RSA} ${sshBlob(key).toString('base64')}`;
export const pemText = ({ key }: RsaPublicKey): string => key.export({ format: 'pem', type: 'spki' }).toString();

/** As `ssh-keygen -l -E md5` prints it: sixteen bytes with colons between. */
export const fingerprintOf = ({ key }: RsaPublicKey): string =>
  (createHash('md5').update(sshBlob(key)).digest('hex').match(/../g) ?? []).join(':');
