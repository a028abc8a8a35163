/**
 * Proof of possession (RFC 9449) as AWS's clients send it: a JWT of a P-256 key that is in its own header. Whoever exchanged a code
 * with a key needs the same key to refresh: a refresh token that was copied is worth nothing.
 *
 * A proof is for one answer: who sees a request on its way can't send it again. One that got no answer but an error may come again, as
 * botocore sends it when it retries (tokens.ts uses it up).
 */
import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { type Milliseconds, minutes, seconds } from '#platform/base/clock.ts';
import { invalidRequest } from '#services/signin/errors.ts';

export interface ProvenRequest {
  readonly method: string;
  /** `http://localhost:4566/v1/token` */
  readonly url: string;
  readonly now: Milliseconds;
}

const LONGEST_PROOF = 4096;
const FRESH: Milliseconds = minutes(5);
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;

export interface Proof {
  /** RFC 7638's of the key. */
  readonly thumbprint: string;
  /** Of this proof among all. */
  readonly id: string;
  /** From when on it is not fresh any more. */
  readonly endsAt: Milliseconds;
}

/** What the proof says; throws unless it is good for this request. */
export function readProof(proof: string | undefined, request: ProvenRequest): Proof {
  if (proof === undefined) return invalidRequest('The DPoP header is missing.');
  const parts = proof.length <= LONGEST_PROOF ? proof.split('.') : [];
  const [head = '', body = '', signature = ''] = parts;
  const header = objectOf(head);
  const payload = objectOf(body);
  const key = parts.length === 3 && header && payload && publicKeyOf(header);
  if (!key) return invalid();
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const said = isSigned ? saidOf(payload, request) : undefined;
  if (said === undefined) return invalid();
  const { crv, kty, x, y } = key;
  const thumbprint = sha256(JSON.stringify({ crv, kty, x, y }));
  return { thumbprint, id: sha256(`${thumbprint} ${said.jti}`), endsAt: seconds(Math.floor(said.iat) + 1) + FRESH };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export const invalid = (): never => invalidRequest('The DPoP proof is invalid.');

type Json = Readonly<Record<string, unknown>>;

function objectOf(part: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function publicKeyOf({ typ, alg, jwk }: Json): JsonWebKey | undefined {
  if (typ !== 'dpop+jwt' || alg !== 'ES256' || typeof jwk !== 'object' || jwk === null) return undefined;
  const { kty, crv, x, y } = jwk as Json;
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string') return undefined;
  if (!COORDINATE.test(x) || !COORDINATE.test(y)) return undefined;
  const key = { kty, crv, x, y };
  try {
    // A point that is not on the curve is no key.
    createPublicKey({ key, format: 'jwk' });
    return key;
  } catch {
    return undefined;
  }
}

/** Undefined if it is not about this request. */
function saidOf(
  { htm, htu, iat, jti }: Json,
  { method, url, now }: ProvenRequest,
): { readonly iat: number; readonly jti: string } | undefined {
  if (htm !== method || typeof htu !== 'string' || typeof iat !== 'number' || typeof jti !== 'string') return undefined;
  return sameAddress(htu, url) && Math.abs(now - seconds(iat)) <= FRESH ? { iat, jti } : undefined;
}

/** Without the scheme: behind a proxy that ends TLS the client's is another. */
function sameAddress(named: string, url: string): boolean {
  if (!URL.canParse(named)) return false;
  const [a, b] = [new URL(named), new URL(url)];
  return a.host === b.host && a.pathname === b.pathname;
}
