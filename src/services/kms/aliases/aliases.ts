/** Aliases: names for keys, unique in an account and region. Those below `alias/aws/` are AWS's own. */
import { formatArn } from '#platform/base/arn.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, CallScope, Permission } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/kms/errors.ts';
import { keyArn, keyOf, ownKey } from '#services/kms/identify.ts';
import { checkCustomerManaged, checkState } from '#services/kms/keys/key-states.ts';
import { aliasChanged, aliasTarget, type OpenKey } from '#services/kms/keys/open-key.ts';
import { ALIASES_QUOTA } from '#services/kms/limits.ts';
import { PREDEFINED_ALIASES } from '#services/kms/managed/services.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { aliases, aliasesOf } from '#services/kms/state.ts';

const aliasArn = ({ account, region }: Pick<Call, 'account' | 'region'>, name: string): string =>
  formatArn('kms', region, account, name);

interface OnAlias {
  readonly AliasName: string;
  readonly TargetKeyId?: string;
}

/** Permission is needed on the alias and on each key that it stands for, or will. */
export const aliasPermissions =
  (action: string) =>
  ({ AliasName, TargetKeyId }: OnAlias, scope: CallScope): Permission[] => {
    const current = scope.read((tx) => aliasTarget(tx, AliasName));
    const targets = [
      ...(current === undefined ? [] : [keyArn(current, scope)]),
      ...(TargetKeyId === undefined ? [] : [targetArn(TargetKeyId, scope)]),
    ];
    return [aliasArn(scope, AliasName), ...new Set(targets)].map((resource) => ({ action, resource }));
  };

/** CreateAlias and UpdateAlias have no error of their own for what is no key's name. */
const targetArn = (KeyId: string, scope: CallScope): string =>
  KeyId.startsWith('alias/') ? fail('InvalidKeyId', KeyId) : ownKey.resource({ KeyId }, scope);

function checkName(name: string): void {
  if (!name.startsWith('alias/')) fail('AliasPrefix');
  if (name.startsWith('alias/aws/')) fail('ReservedAlias');
  if (!/^alias\/[A-Za-z0-9/_-]+$/.test(name)) fail('InvalidAlias', name);
}

export function createAlias({ AliasName: name, TargetKeyId }: Model.CreateAliasRequest, call: Call): void {
  const { tx, now } = call;
  checkName(name);
  const target = targetOf(tx, call, TargetKeyId);
  if (tx.get(aliases, aliases.key(name)) !== undefined) fail('AliasExists', aliasArn(call, name));
  checkRoom(call, target.row.id);
  writeAlias(tx, name, target.row.id, { createdAt: now, updatedAt: now });
}

export function updateAlias({ AliasName: name, TargetKeyId }: Model.UpdateAliasRequest, call: Call): void {
  const { tx, now } = call;
  checkName(name);
  const row = tx.get(aliases, aliases.key(name)) ?? fail('AliasNotFound', aliasArn(call, name));
  const target = targetOf(tx, call, TargetKeyId);
  const before = keyOf(tx, call, row.target);
  // A user of the alias must be able to go on with what the new key can't do less of.
  if (before.row.usage !== target.row.usage || isSymmetric(before) !== isSymmetric(target)) {
    fail('Validation', 'The current and new KMS keys must be the same type and have the same key usage.');
  }
  if (row.target !== target.row.id) checkRoom(call, target.row.id);
  tx.delete(aliasesOf, aliasesOf.key(row.target, name));
  writeAlias(tx, name, target.row.id, { createdAt: row.createdAt, updatedAt: now });
}

const isSymmetric = ({ row: { spec } }: OpenKey): boolean => spec === 'SYMMETRIC_DEFAULT' || spec.startsWith('HMAC_');

export function deleteAlias({ AliasName: name }: Model.DeleteAliasRequest, call: Call): void {
  checkName(name);
  const row = call.tx.get(aliases, aliases.key(name)) ?? fail('AliasNotFound', aliasArn(call, name));
  dropAlias(call.tx, name, row.target);
}

function targetOf(tx: ReadTransaction, call: Call, keyId: string): OpenKey {
  const target = keyOf(tx, call, keyId);
  checkCustomerManaged(target);
  checkState(target, 'change');
  return target;
}

function checkRoom(call: Call, keyId: string): void {
  const limit = call.quota(ALIASES_QUOTA);
  const held = call.tx.range(aliasesOf, { prefix: [keyId], limit });
  if (held.length >= limit) fail('QuotaExceeded', 'Aliases per key', limit, held.length);
}

export function writeAlias(
  tx: Transaction,
  name: string,
  target: string,
  times: { createdAt: number; updatedAt: number },
): void {
  tx.put(aliases, aliases.key(name), { target, ...times });
  tx.put(aliasesOf, aliasesOf.key(target, name), {});
  aliasChanged(tx, name);
}

function dropAlias(tx: Transaction, name: string, target: string): void {
  tx.delete(aliases, aliases.key(name));
  tx.delete(aliasesOf, aliasesOf.key(target, name));
  aliasChanged(tx, name);
}

export const aliasNamesOf = (tx: ReadTransaction, keyId: string): string[] =>
  tx.range(aliasesOf, { prefix: [keyId] }).map(({ key }) => aliasesOf.parts(key)[1]);

/** Together with their key. */
export function dropAliasesOf(tx: Transaction, keyId: string): void {
  for (const name of aliasNamesOf(tx, keyId)) dropAlias(tx, name, keyId);
}

export function listAliases(
  { pages }: KmsParts,
  input: Model.ListAliasesRequest,
  call: Call,
): Model.ListAliasesResponse {
  const { tx } = call;
  const keyId = input.KeyId === undefined ? undefined : keyOf(tx, call, input.KeyId).row.id;
  const names = (after: string | undefined, limit: number): string[] =>
    keyId === undefined
      ? allNames(tx, after, limit)
      : tx
          .range(aliasesOf, {
            prefix: [keyId],
            limit,
            ...(after !== undefined && { after: aliasesOf.key(keyId, after) }),
          })
          .map(({ key }) => aliasesOf.parts(key)[1]);
  const { items, more } = pageOf(pages, call, input, { keyId }, { usual: 50, most: 100 }, names, (name) => name);
  return { Aliases: items.map((name) => entryOf(call, name)), ...more };
}

/** Among them the "predefined aliases that AWS has created but has not yet associated with a KMS key" (ListAliases). */
function allNames(tx: ReadTransaction, after: string | undefined, limit: number): string[] {
  const made = tx
    .range(aliases, { limit, ...(after !== undefined && { after: aliases.key(after) }) })
    .map(({ key }) => aliases.parts(key)[0]);
  const predefined = PREDEFINED_ALIASES.filter((name) => after === undefined || name > after);
  return [...new Set([...made, ...predefined])].sort().slice(0, limit);
}

function entryOf(call: Call, name: string): Model.AliasListEntry {
  const row = call.tx.get(aliases, aliases.key(name));
  return {
    AliasName: name,
    AliasArn: aliasArn(call, name),
    ...(row && { TargetKeyId: row.target, CreationDate: row.createdAt, LastUpdatedDate: row.updatedAt }),
  };
}
