/**
 * The account as an OpenID Connect issuer. The issuer's URL is `<origin>/~sts/issuers/<account>/<id>`: where this cloud is reached, a
 * path that no bucket can have (a tilde is in no bucket's name, old or new), and an id that nobody can guess. Below it lie the two
 * documents that verifiers ask for. Private keys are sealed and opened for each signature.
 */
import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, isAccountId, uuid } from '#platform/base/ids.ts';
import { jose } from '#platform/packages.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import type { PublicDocument } from '#platform/web.ts';
import type { SigningAlgorithm, TokenIssuerApi } from '#services/iam/api.ts';
import type { IamIdentity } from '#services/iam/identity/identity.ts';
import { needsNewKey, outdatedKeys, signingKey } from '#services/iam/outbound-federation/signing-keys.ts';
import { type SigningKeyRow, signingKeys, tokenIssuers } from '#services/iam/outbound-federation/state.ts';
import { partitionOf } from '#services/iam/state.ts';

export const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES384'];
const PATH = /^issuers\/(\d{12})\/([0-9a-f-]{36})\/\.well-known\/(openid-configuration|jwks\.json)$/;

export interface IssuerParts {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly identity: IamIdentity;
  /** `https://cloud.example`, where others reach this cloud. */
  readonly origin: () => string;
}

export interface TokenIssuer extends TokenIssuerApi {
  issuerUrl(account: AccountId, id: string): string;
  /** Makes the keys that are due. */
  renewKeys(account: AccountId, algorithms: readonly SigningAlgorithm[], now: Milliseconds): Promise<void>;
}

const keysIn = (tx: ReadTransaction): SigningKeyRow[] => tx.range(signingKeys).map(({ row }) => row);
const placeOf = (account: AccountId, kid: string) => ({ account, record: `token-key/${kid}`, version: 1 });

export function createTokenIssuer({ store, sealer, identity, origin }: IssuerParts): TokenIssuer {
  const issuerUrl = (account: AccountId, id: string): string => `${origin()}/~sts/issuers/${account}/${id}`;

  async function renewKeys(account: AccountId, algorithms: readonly SigningAlgorithm[], now: Milliseconds) {
    const partition = partitionOf(store, account);
    const keys = partition.read(keysIn);
    const due = algorithms.filter((algorithm) => needsNewKey(keys, algorithm, now));
    if (due.length === 0) return;
    const made = await Promise.all(due.map((algorithm) => newKey(sealer, account, algorithm, now)));
    partition.transact((tx) => replaceKeys(tx, made, now));
    await partition.durable();
  }

  return {
    issuerUrl,
    renewKeys,
    issuerOf(account) {
      const row = partitionOf(store, account).read((tx) => tx.get(tokenIssuers, tokenIssuers.key()));
      return row?.isEnabled ? issuerUrl(account, row.id) : undefined;
    },
    async sign(account, algorithm, claims, now) {
      await renewKeys(account, [algorithm], now);
      const key = signingKey(partitionOf(store, account).read(keysIn), algorithm, now);
      if (key === undefined) throw new Error(`account ${account} has no key for ${algorithm}`);
      const { SignJWT } = await jose();
      const privateKey = createPrivateKey(sealer.open(key.sealed, placeOf(account, key.kid)));
      const header = { alg: algorithm, kid: key.kid, typ: 'JWT' };
      return await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
    },
    async document(path) {
      const [, account = '', id, name] = PATH.exec(path) ?? [];
      if (!isAccountId(account) || !identity.isAccount(account)) return undefined;
      const partition = partitionOf(store, account);
      const row = partition.read((tx) => tx.get(tokenIssuers, tokenIssuers.key()));
      // Tokens from before the feature was disabled can still be verified.
      if (row === undefined || row.id !== id) return undefined;
      const document = name === 'jwks.json' ? keySet(partition.read(keysIn)) : discovery(issuerUrl(account, row.id));
      await partition.durable();
      return document;
    },
  };
}

async function newKey(
  sealer: Sealer,
  account: AccountId,
  algorithm: SigningAlgorithm,
  createdAt: Milliseconds,
): Promise<SigningKeyRow> {
  const { publicKey, privateKey } = await (algorithm === 'RS256'
    ? promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    : promisify(generateKeyPair)('ec', { namedCurve: 'P-384' }));
  const kid = uuid();
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
  return { kid, algorithm, createdAt, sealed: sealer.seal(pem, placeOf(account, kid)), jwk };
}

/** Two calls may have made a key at the same time: both are good. */
function replaceKeys(tx: Transaction, made: readonly SigningKeyRow[], now: Milliseconds): void {
  for (const key of made) tx.put(signingKeys, signingKeys.key(key.kid), key);
  for (const { kid } of outdatedKeys(keysIn(tx), now)) tx.delete(signingKeys, signingKeys.key(kid));
}

const json = (value: object): PublicDocument => ({
  contentType: 'application/json',
  body: JSON.stringify(value),
  maxAgeSeconds: 3600,
});

const keySet = (keys: readonly SigningKeyRow[]): PublicDocument => json({ keys: keys.map(({ jwk }) => jwk) });

const discovery = (issuer: string): PublicDocument =>
  json({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ALGORITHMS,
  });
