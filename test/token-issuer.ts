/** An OpenID Connect issuer for tests, on loopback, with keys that the test makes, rotates and withholds. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { TestContext } from 'node:test';
import { SignJWT } from 'jose';
import { type HttpsServer, httpsServer } from '#test/https-server.ts';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function signingKey(kid: string, alg: 'RS256' | 'RS512' | 'ES256' | 'ES384', modulusLength = 2048): SigningKey {
  const namedCurve = alg === 'ES384' ? 'P-384' : 'P-256';
  const pair = alg.startsWith('RS')
    ? generateKeyPairSync('rsa', { modulusLength })
    : generateKeyPairSync('ec', { namedCurve });
  return { kid, alg, ...pair };
}

export const publicJwk = ({ kid, alg, publicKey }: SigningKey): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

export interface TokenIssuer extends HttpsServer {
  /** The keys that the issuer shows; the test changes them. */
  shown: SigningKey[];
  /** What it answers instead, while the test wants to see a broken issuer. */
  broken: ((path: string) => { status?: number; body?: string } | 'silence' | undefined) | undefined;
  /** Paths asked for. */
  readonly asked: string[];
  /** A token of now, for the client `client`, unless told otherwise. */
  token(key: SigningKey, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export async function tokenIssuer(t: TestContext, now: () => number): Promise<TokenIssuer> {
  const asked: string[] = [];
  const server = await httpsServer(t, (request, answer) => {
    const path = request.url ?? '';
    asked.push(path);
    const instead = issuer.broken?.(path);
    if (instead === 'silence') return;
    const body = instead?.body ?? JSON.stringify(documents()[path] ?? {});
    answer.writeHead(instead?.status ?? 200, { 'content-type': 'application/json' }).end(body);
  });
  const documents = (): Record<string, unknown> => ({
    '/.well-known/openid-configuration': { issuer: server.url, jwks_uri: `${server.url}/keys` },
    '/keys': { keys: issuer.shown.map(publicJwk) },
  });
  const issuer: TokenIssuer = {
    ...server,
    shown: [],
    broken: undefined,
    asked,
    token(key, claims = {}, header = {}) {
      const second = Math.floor(now() / 1000);
      const whole = { iss: server.url, aud: 'client', sub: 'ann', iat: second, exp: second + 600, ...claims };
      return new SignJWT(whole).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
    },
  };
  return issuer;
}
