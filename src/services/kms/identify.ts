/**
 * How a call names its key: id, key ARN, alias, alias ARN; and whose it is. An ARN may name another account, never another
 * region. What can't be resolved is authorised under the name that was given, so who may not see a key doesn't learn whether
 * there is one.
 */
import { formatArn, parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import type { Call, CallScope } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { aliasTarget, findKey, type OpenKey } from '#services/kms/keys/open-key.ts';

export interface OnKey {
  readonly KeyId: string;
}

/** What of a call decides where its key is. */
type Place = Pick<CallScope, 'account' | 'region'>;

const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

/** The `key/…` or `alias/…` that a KeyId names. */
function resourceNamed(keyId: string, { account, region }: Place): string {
  if (!keyId.startsWith('arn:')) return keyId.startsWith('alias/') ? keyId : `key/${keyId}`;
  const arn = parseArn(keyId) ?? fail('InvalidArn', keyId);
  if (arn.service !== 'kms' || !/^(?:key|alias)\/./.test(arn.resource)) fail('InvalidArn', keyId);
  if (arn.region !== region) fail('InvalidRegion', arn.region);
  if (arn.account !== account) fail('InvalidArn', keyId);
  return arn.resource;
}

/** The account that an ARN names. */
export function accountNamed(keyId: string | undefined): { account?: AccountId } {
  if (keyId === undefined || !keyId.startsWith('arn:')) return {};
  const account = parseArn(keyId)?.account ?? '';
  return isAccountId(account) ? { account } : {};
}

const ownerOfKey = ({ KeyId }: { readonly KeyId?: string }): { account?: AccountId } => accountNamed(KeyId);

/** Where a key is looked for. */
export type KeyScope = Pick<CallScope, 'account' | 'region' | 'read'>;

/** The key's ARN; of an alias that nobody made, the alias's. An open key has its own at hand. */
export function keyArn(keyId: string, scope: KeyScope): string {
  const named = resourceNamed(keyId, scope);
  return scope.read((tx) => {
    const id = idNamed(tx, named);
    if (id === undefined) return formatArn('kms', scope.region, scope.account, named);
    return findKey(tx, id)?.arn ?? formatArn('kms', scope.region, scope.account, `key/${id}`);
  });
}

/** Undefined of an alias that nobody made. */
const idNamed = (tx: ReadTransaction, named: string): string | undefined =>
  named.startsWith('alias/') ? aliasTarget(tx, named) : named.slice('key/'.length);

/** Also by alias, also in other accounts: cryptographic operations, DescribeKey, GetPublicKey. */
export const anyKey = {
  resource: ({ KeyId }: OnKey, scope: CallScope) => keyArn(KeyId, scope),
  owner: ownerOfKey,
} as const;

/** By id or key ARN, also in other accounts: grants, GetKeyRotationStatus. */
export const keyItself = {
  resource: ({ KeyId }: OnKey, scope: CallScope) => keyArn(withoutAlias(KeyId), scope),
  owner: ownerOfKey,
} as const;

/** By id or key ARN, in the caller's own account: management. */
export const ownKey = {
  resource: ({ KeyId }: OnKey, scope: CallScope) => keyArn(ownOnly(withoutAlias(KeyId), scope), scope),
  owner: ownerOfKey,
} as const;

function withoutAlias(keyId: string): string {
  if (aliasIn(keyId) !== undefined) fail('NoAliases');
  return keyId;
}

function ownOnly(keyId: string, scope: CallScope): string {
  if (scope.callerAccount !== scope.account) fail('OtherAccount', keyId);
  return keyId;
}

/** The key that a handler works on. */
export function keyOf(tx: ReadTransaction, call: Pick<Call, 'account' | 'region'>, keyId: string): OpenKey {
  const named = resourceNamed(keyId, call);
  const id = idNamed(tx, named);
  const key = id === undefined ? undefined : findKey(tx, id);
  if (key !== undefined) return key;
  const arn = formatArn('kms', call.region, call.account, named);
  if (named.startsWith('alias/')) return fail('AliasNotFound', arn);
  return KEY_ID.test(id ?? '') ? fail('KeyNotFound', arn) : fail('InvalidKeyId', keyId);
}

/** `alias/…`, where the call names the key so: kms:RequestAlias. */
export const aliasIn = (keyId: string | undefined): string | undefined =>
  keyId === undefined ? undefined : /(?:^|:)(alias\/.+)$/.exec(keyId)?.[1];
