/**
 * Encrypted assertions (XML Encryption 1.1): a key for the content, wrapped by RSA-OAEP for one of the provider's private keys, and the
 * content under AES in GCM or CBC. RSA 1.5 is left out, since a server that answers can be made to decrypt with it (Bleichenbacher).
 * Every failure is the same refusal, and what comes out must still be signed.
 *
 * Nor is it told by the time that it takes which step has failed: a key that does not unwrap is replaced by another that depends on the
 * ciphertext alone (as RFC 9180's and OpenSSL's implicit rejection), and the content is deciphered with it all the same.
 */
import { constants, createDecipheriv, createHmac, privateDecrypt } from 'node:crypto';
import { randomBytes } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { attributeOf, childrenNamed, textOf } from '#platform/xml.ts';
import { ENCRYPTION, SIGNATURE } from '#services/sts/saml/names.ts';

const GCM = 'http://www.w3.org/2009/xmlenc11#';
const OAEP_MGF1P = `${ENCRYPTION}rsa-oaep-mgf1p`;
const OAEP = `${GCM}rsa-oaep`;

interface Cipher {
  readonly name: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' | 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc';
  readonly ivBytes: number;
  readonly tagBytes: number;
}

const gcm = (name: Cipher['name']): Cipher => ({ name, ivBytes: 12, tagBytes: 16 });
const cbc = (name: Cipher['name']): Cipher => ({ name, ivBytes: 16, tagBytes: 0 });

const CIPHERS: Readonly<Record<string, Cipher>> = {
  [`${GCM}aes128-gcm`]: gcm('aes-128-gcm'),
  [`${GCM}aes192-gcm`]: gcm('aes-192-gcm'),
  [`${GCM}aes256-gcm`]: gcm('aes-256-gcm'),
  [`${ENCRYPTION}aes128-cbc`]: cbc('aes-128-cbc'),
  [`${ENCRYPTION}aes192-cbc`]: cbc('aes-192-cbc'),
  [`${ENCRYPTION}aes256-cbc`]: cbc('aes-256-cbc'),
};

const DIGESTS: Readonly<Record<string, string>> = {
  [`${SIGNATURE}sha1`]: 'sha1',
  [`${ENCRYPTION}sha256`]: 'sha256',
  [`${ENCRYPTION}sha512`]: 'sha512',
};

export const undecipherable = (): never => fail('InvalidIdentityToken', 'Unable to decrypt the SAML assertion');

/** The text of the assertion in an EncryptedAssertion. `privateKeys` are PEM. */
export function decryptedAssertion(encrypted: Element, privateKeys: readonly string[]): string {
  const [data] = childrenNamed(encrypted, ENCRYPTION, 'EncryptedData');
  const wrapped = data === undefined ? [] : wrappedKeys(encrypted, data);
  for (const key of wrapped) {
    for (const privateKey of privateKeys) {
      const text = data && opened(data, key, privateKey);
      if (text !== undefined) return text;
    }
  }
  return undecipherable();
}

/** Inside of the data's KeyInfo, or beside the data. */
const wrappedKeys = (encrypted: Element, data: Element): Element[] =>
  [encrypted, ...childrenNamed(data, SIGNATURE, 'KeyInfo')]
    .flatMap((place) => childrenNamed(place, ENCRYPTION, 'EncryptedKey'))
    .slice(0, 2);

function opened(data: Element, wrapped: Element, privateKey: string): string | undefined {
  const cipher = CIPHERS[methodOf(data).algorithm];
  if (cipher === undefined) return undefined;
  try {
    const key = unwrapped(wrapped, privateKey, keyBytesOf(cipher));
    return key && new TextDecoder('utf-8', { fatal: true }).decode(deciphered(cipher, key, cipherValueOf(data)));
  } catch {
    return undefined;
  }
}

/** aes-256-gcm: 32. */
const keyBytesOf = ({ name }: Cipher): number => Number(name.slice(4, 7)) / 8;

/** Undefined for a way of wrapping that is not known here. */
function unwrapped(wrapped: Element, key: string, keyBytes: number): Buffer | undefined {
  const { algorithm, element } = methodOf(wrapped);
  if (algorithm !== OAEP_MGF1P && algorithm !== OAEP) return undefined;
  const [digest] = element === undefined ? [] : childrenNamed(element, SIGNATURE, 'DigestMethod');
  const [mgf] = element === undefined ? [] : childrenNamed(element, GCM, 'MGF');
  const oaepHash = DIGESTS[attributeOf(digest, 'Algorithm') ?? `${SIGNATURE}sha1`];
  const mask = algorithm === OAEP_MGF1P ? 'sha1' : (attributeOf(mgf, 'Algorithm')?.replace(`${GCM}mgf1`, '') ?? 'sha1');
  // Node takes one hash for both.
  if (oaepHash === undefined || oaepHash !== mask) return undefined;
  const bytes = cipherValueOf(wrapped);
  // Made in any case, so that it takes no longer when it is needed.
  const instead = createHmac('sha256', REJECTION_SECRET).update(key).update(bytes).digest().subarray(0, keyBytes);
  try {
    const found = privateDecrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, bytes);
    return found.length === keyBytes ? found : instead;
  } catch {
    return instead;
  }
}

const REJECTION_SECRET = randomBytes(32);

function deciphered({ name, ivBytes, tagBytes }: Cipher, key: Buffer, bytes: Buffer): Buffer {
  const iv = bytes.subarray(0, ivBytes);
  const body = bytes.subarray(ivBytes, bytes.length - tagBytes);
  if (name === 'aes-128-gcm' || name === 'aes-192-gcm' || name === 'aes-256-gcm') {
    const decipher = createDecipheriv(name, key, iv, { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    return Buffer.concat([decipher.update(body), decipher.final()]);
  }
  // XML Encryption 5.2: the last byte tells how many are padding, whatever the others are.
  const decipher = createDecipheriv(name, key, iv).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(body), decipher.final()]);
  // One that can't be is taken for some padding that can: the text that is left is no assertion, and is found out as such.
  const padding = (((padded.at(-1) ?? 0) - 1) & 15) + 1;
  return padded.subarray(0, padded.length - padding);
}

function methodOf(parent: Element): { readonly algorithm: string; readonly element: Element | undefined } {
  const [element] = childrenNamed(parent, ENCRYPTION, 'EncryptionMethod');
  return { algorithm: attributeOf(element, 'Algorithm') ?? '', element };
}

function cipherValueOf(parent: Element): Buffer {
  const [value] = childrenNamed(parent, ENCRYPTION, 'CipherData').flatMap((data) =>
    childrenNamed(data, ENCRYPTION, 'CipherValue'),
  );
  return Buffer.from(textOf(value), 'base64');
}
