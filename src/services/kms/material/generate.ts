/** New key material, as bytes or key pairs. RSA pairs take up to seconds, so they are made off the engine's thread. */
import {
  createPublicKey,
  createSecretKey,
  type ED25519KeyPairKeyObjectOptions,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { randomBytes } from '#platform/base/ids.ts';
import type { Make } from '#services/kms/specs.ts';

const generateRsa = promisify(generateKeyPair);

/** A secret key, or a private one. */
export function generateMaterial(make: Make): KeyObject | Promise<KeyObject> {
  switch (make.kind) {
    case 'bytes':
      return createSecretKey(randomBytes(make.length));
    case 'rsa':
      return generateRsa('rsa', { modulusLength: make.bits }).then(({ privateKey }) => privateKey);
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: make.curve }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519', NO_OPTIONS).privateKey;
    case 'ml-dsa':
      return generateKeyPairSync(make.name, {}).privateKey;
    case 'ml-kem':
      return generateKeyPairSync(make.name, {}).privateKey;
  }
}

const NO_OPTIONS: ED25519KeyPairKeyObjectOptions = {};

/** What is sealed of it: the bytes, or PKCS #8. */
export const exportMaterial = (key: KeyObject): Buffer =>
  key.type === 'secret' ? key.export() : key.export({ type: 'pkcs8', format: 'der' });

export const exportPublic = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
