/**
 * What the suite has of Keycloak: tokens for a program and for a person, of an issuer that the cloud is given the keys of (`makonis issuer`)
 * and so need not ask. The person is tagged, by AWS's claim, with one department: of two, which the suite has, AWS takes no tag.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

const REALM = 'demo';
/** Where the suite says that it is. */
const URL = `https://localhost:8080/auth/realms/${REALM}`;
const CLIENT = 'suite';
const LIFE_SECONDS = 12 * 3600;

export interface Issuer {
  readonly url: string;
  /** A JSON Web Key Set. */
  readonly keySet: string;
  /** The suite's section on it. */
  readonly section: Readonly<Record<string, string>>;
}

export async function newIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const header = { alg: 'RS256', kid: '1' };
  const sub = randomUUID();
  const token = (more: object = {}): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: URL, sub, aud: CLIENT, azp: CLIENT, iat, exp: iat + LIFE_SECONDS, ...more };
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  };
  const tags = { 'https://aws.amazon.com/tags': { principal_tags: { Department: ['Engineering'] } } };
  return {
    url: URL,
    keySet: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...header, use: 'sig' }] }),
    section: {
      token: await token(),
      user_token: await token(tags),
      aud: CLIENT,
      azp: CLIENT,
      sub,
      // Of nobody: the issuer is not asked.
      thumbprint: '0'.repeat(40),
      KC_REALM: REALM,
    },
  };
}
