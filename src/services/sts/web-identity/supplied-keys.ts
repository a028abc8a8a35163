/**
 * Keys of OpenID Connect issuers that the operator has given, for clouds that have no way out to ask the issuer, or should not. They hold
 * for every account that has a provider of that issuer, and until they are changed: whoever rotates its keys brings them here.
 */
import { createPublicKey } from 'node:crypto';
import type { JWK } from 'jose';
import type { Milliseconds } from '#platform/base/clock.ts';
import { GLOBAL_REGION } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { again } from '#platform/store/again.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { Partition, Store, Transaction } from '#platform/store/store.ts';
import type { SuppliedKeys, SuppliedKeysApi } from '#services/sts/api.ts';
import { isVerificationKey } from '#services/sts/web-identity/verification-keys.ts';

interface SuppliedRow {
  readonly keys: readonly JWK[];
  readonly changedAt: Milliseconds;
}

/** An issuer's URL without its scheme, as IAM names providers. */
const suppliedKeys = table('issuer-keys', [text], jsonRows<SuppliedRow>(1));

const MOST_ISSUERS = 1000;
const MOST_KEYS = 100;

const SCHEME = 'https://';
const everywhere = (store: Store): Partition =>
  store.partition({ service: 'sts', account: 'global', region: GLOBAL_REGION });
const keyOf = (issuer: string) => suppliedKeys.key(issuer.slice(SCHEME.length));

/** Undefined if none are given for this issuer. `url` without its scheme. */
export const keysSuppliedFor = (store: Store, url: string): readonly JWK[] | undefined =>
  everywhere(store).read((tx) => tx.get(suppliedKeys, suppliedKeys.key(url)))?.keys;

/** A rolled-back set must not decide: resolves when what was read is on disk. */
export const suppliedDurable = (store: Store): Promise<void> | undefined => everywhere(store).durable();

export function createSuppliedKeys(store: Store): SuppliedKeysApi {
  const change = async (action: (tx: Transaction) => void): Promise<void> => {
    const partition = await again(() => everywhere(store));
    await again(() => partition.transact(action));
    await partition.durable();
  };
  return {
    async put(issuer, keySet, now) {
      const row: SuppliedRow = { keys: readKeySet(keySet), changedAt: now };
      await change((tx) => {
        const isNew = tx.get(suppliedKeys, keyOf(issuer)) === undefined;
        if (isNew && tx.range(suppliedKeys).length >= MOST_ISSUERS) {
          fail('ServiceQuotaExceededException', `Keys of at most ${MOST_ISSUERS} issuers are kept.`);
        }
        tx.put(suppliedKeys, keyOf(issuer), row);
      });
      return view(issuer, row);
    },
    async remove(issuer) {
      await change((tx) => {
        if (tx.get(suppliedKeys, keyOf(issuer)) === undefined) {
          fail('NoSuchResourceException', `There are no keys of ${issuer}.`);
        }
        tx.delete(suppliedKeys, keyOf(issuer));
      });
    },
    list: () =>
      everywhere(store)
        .read((tx) => tx.range(suppliedKeys))
        .map(({ key, row }) => view(SCHEME + suppliedKeys.parts(key)[0], row)),
  };
}

const view = (issuer: string, { keys, changedAt }: SuppliedRow): SuppliedKeys => ({
  issuer,
  keyIds: keys.map(({ kid = '' }) => kid),
  changedAt,
});

/** What tokens can be verified with, and nothing that they could be signed with. */
function readKeySet(keySet: string): readonly JWK[] {
  const { keys } = parsed(keySet);
  if (!Array.isArray(keys)) return invalid('it has no list of keys');
  if (keys.some((key: unknown) => typeof key === 'object' && key !== null && ('d' in key || 'k' in key))) {
    return invalid('it has a private key, which belongs to the issuer alone');
  }
  const usable = keys.filter(isVerificationKey).filter(isReadable);
  if (usable.length === 0) return invalid('it has no RSA or EC key to verify with');
  if (usable.length > MOST_KEYS) return invalid(`it has more than ${MOST_KEYS} keys`);
  return usable;
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  return invalid('it is not a JSON object');
}

function isReadable(key: JWK): boolean {
  try {
    // Node's own type of the same thing.
    createPublicKey({ key: key as Record<string, unknown>, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

const invalid = (why: string): never =>
  fail('ValidationException', `The key set is not a JSON Web Key Set of public keys: ${why}.`);
