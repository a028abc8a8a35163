/**
 * New key pairs, and their private half in the forms that clients read: RSA as PKCS #1 ("BEGIN RSA PRIVATE KEY"), ED25519 as OpenSSH's
 * own (PROTOCOL.key of OpenSSH), and either as PuTTY's file of version 2 (appendix C of PuTTY's manual).
 */
import { createHmac, generateKeyPair, hash, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { randomBytes } from '#platform/base/ids.ts';
import type { KeyFormat, KeyType } from '#platform/model/generated/ec2.ts';
import { blobOf, sshInteger, sshString } from '#services/ec2/key-pairs/public-key.ts';

export interface NewKeyPair {
  readonly type: KeyType;
  readonly privateKey: KeyObject;
  readonly blob: Buffer;
}

/** Off the engine's thread: an RSA pair takes some hundred milliseconds. */
export async function newKeyPair(type: KeyType): Promise<NewKeyPair> {
  const { publicKey, privateKey } =
    type === 'rsa'
      ? await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
      : await promisify(generateKeyPair)('ed25519', {});
  return { type, privateKey, blob: blobOf(publicKey) };
}

export function privateKeyText(pair: NewKeyPair, format: KeyFormat, comment: string): string {
  if (format === 'ppk') return putty(pair, comment);
  if (pair.type === 'rsa') return String(pair.privateKey.export({ format: 'pem', type: 'pkcs1' })).trimEnd();
  return openSsh(pair, comment);
}

const linesOf = (base64: string, width: number): string[] => base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];

function openSsh({ privateKey, blob }: NewKeyPair, comment: string): string {
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const [publicBytes, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  // The same number twice: with a passphrase it would tell whether that was the right one.
  const check = randomBytes(4);
  const secret = [
    check,
    check,
    sshString('ssh-ed25519'),
    sshString(publicBytes),
    sshString(Buffer.concat([seed, publicBytes])),
    sshString(comment),
  ];
  const length = secret.reduce((sum, part) => sum + part.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, index) => index + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    count,
    sshString(blob),
    sshString(Buffer.concat([...secret, padding])),
  ]);
  const lines = linesOf(whole.toString('base64'), 70);
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----'].join('\n');
}

function putty({ type, privateKey, blob }: NewKeyPair, comment: string): string {
  const { d = '', p = '', q = '', qi = '' } = privateKey.export({ format: 'jwk' });
  const secret = type === 'rsa' ? Buffer.concat([d, p, q, qi].map(sshInteger)) : sshString(Buffer.from(d, 'base64url'));
  const name = type === 'rsa' ? 'ssh-rsa' : 'ssh-ed25519';
  const signed = Buffer.concat([name, 'none', comment, blob, secret].map(sshString));
  const macKey = hash('sha1', 'putty-private-key-file-mac-key', 'buffer');
  const publicLines = linesOf(blob.toString('base64'), 64);
  const privateLines = linesOf(secret.toString('base64'), 64);
  return [
    `PuTTY-User-Key-File-2: ${name}`,
    'Encryption: none',
    `Comment: ${comment}`,
    `Public-Lines: ${publicLines.length}`,
    ...publicLines,
    `Private-Lines: ${privateLines.length}`,
    ...privateLines,
    `Private-MAC: ${createHmac('sha1', macKey).update(signed).digest('hex')}`,
  ].join('\r\n');
}
