/**
 * Id tokens (OpenID Connect): AWS's clients read from them who signed in. Signed by ES384, as AWS's are, with a key that is made
 * at the first one; nobody publishes it yet, and no client asks.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Store } from '#platform/store/store.ts';
import { everywhere, signingKeys } from '#services/signin/state.ts';

export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly now: Milliseconds;
  readonly expiresAt: Milliseconds;
}

const PLACE = { account: 'global', record: 'signin/signing-key', version: 1 };

export function idToken(store: Store, sealer: Sealer, { now, expiresAt, ...claims }: Claims): string {
  const key = signingKey(store, sealer);
  const kid = createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  const whole = { ...claims, iat: Math.floor(now / 1000), exp: Math.floor(expiresAt / 1000) };
  const text = `${encoded({ typ: 'JWT', alg: 'ES384', kid })}.${encoded(whole)}`;
  return `${text}.${sign('sha384', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signingKey(store: Store, sealer: Sealer): KeyObject {
  const partition = everywhere(store);
  const row = partition.read((tx) => tx.get(signingKeys, signingKeys.key()));
  if (row) return createPrivateKey({ key: sealer.open(row.sealed, PLACE), format: 'der', type: 'pkcs8' });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const sealed = sealer.seal(privateKey.export({ format: 'der', type: 'pkcs8' }), PLACE);
  partition.transact((tx) => tx.put(signingKeys, signingKeys.key(), { sealed }));
  return privateKey;
}
