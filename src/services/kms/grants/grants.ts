/** Grants: made, listed, retired by those they name, revoked by who may. They count as soon as their call is answered. */
import { formatArn } from '#platform/base/arn.ts';
import { hexId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import { nameOfNow, savedId } from '#platform/policy/principal-ids.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { addToCount, countOf } from '#services/kms/counts.ts';
import { fail } from '#services/kms/errors.ts';
import { checkGrantTokens, grantToken } from '#services/kms/grants/tokens.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkState } from '#services/kms/keys/key-states.ts';
import { keyChanged, type OpenKey } from '#services/kms/keys/open-key.ts';
import { GRANTS_QUOTA } from '#services/kms/limits.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { type GrantRow, grants, grantsTo, retirable } from '#services/kms/state.ts';

const PRINCIPAL =
  /^arn:aws[\w-]*:(?:iam::\d{12}:(?:root|user\/.+|role\/.+)|sts::\d{12}:(?:assumed-role|federated-user)\/.+)$/;
const GRANT_ID = /^[0-9a-f]{64}$/;
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com$/;

export function createGrant(parts: KmsParts, input: Model.CreateGrantRequest, call: Call): Model.CreateGrantResponse {
  const { tx } = call;
  checkGrantTokens(parts, input.GrantTokens);
  const key = keyOf(tx, call, input.KeyId);
  checkState(key, 'use');
  const wanted = checkedGrant(parts, input, key, call);
  const same = input.Name === undefined ? undefined : sameGrant(tx, key, wanted);
  if (same === undefined) writeGrant(tx, key, wanted, call);
  if (input.DryRun) fail('DryRun');
  const grantId = (same ?? wanted).id;
  const { account, region } = call;
  return { GrantId: grantId, GrantToken: grantToken(parts, { account, region, keyId: key.row.id, grantId }) };
}

function checkedGrant(parts: KmsParts, input: Model.CreateGrantRequest, key: OpenKey, call: Call): GrantRow {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal } = input;
  const grantee = oneOf(GranteePrincipal, GranteeServicePrincipal, 'GranteePrincipal', 'GranteeServicePrincipal');
  if (grantee === undefined) fail('Validation', 'You must specify GranteePrincipal or GranteeServicePrincipal.');
  const retiring = oneOf(RetiringPrincipal, RetiringServicePrincipal, 'RetiringPrincipal', 'RetiringServicePrincipal');
  for (const name of [GranteePrincipal, RetiringPrincipal]) {
    if (name !== undefined && !PRINCIPAL.test(name) && !SERVICE.test(name)) fail('InvalidArn', name);
  }
  if (GranteeServicePrincipal !== undefined && (input.Constraints?.SourceArn === undefined || retiring === undefined)) {
    fail('Validation', 'A GranteeServicePrincipal needs a SourceArn constraint and a retiring principal.');
  }
  checkConstraints(input.Constraints, key);
  const unfit = input.Operations.find((operation) => !isFor(operation, key));
  if (unfit !== undefined) fail('Validation', `The operation ${unfit} is not valid for ${key.arn}.`);
  const { principal } = call;
  return {
    id: hexId(32),
    createdAt: call.now,
    ...(input.Name !== undefined && { name: input.Name }),
    grantee,
    ...idOf(parts, 'granteeId', GranteePrincipal),
    isGranteeService: GranteeServicePrincipal !== undefined,
    ...(retiring !== undefined && { retiring }),
    ...idOf(parts, 'retiringId', RetiringPrincipal),
    isRetiringService: RetiringServicePrincipal !== undefined,
    issuer: `arn:aws:iam::${'account' in principal ? principal.account : call.account}:root`,
    operations: [...new Set(input.Operations)],
    ...(input.Constraints && { constraints: input.Constraints }),
  };
}

/** "ARN does not refer to a valid principal" is from memory. */
function idOf(
  { principals }: KmsParts,
  column: 'granteeId' | 'retiringId',
  arn: string | undefined,
): { granteeId?: string; retiringId?: string } {
  const id = arn === undefined ? undefined : savedId(principals, arn, () => fail('NoSuchPrincipal', arn));
  return id === undefined ? {} : { [column]: id };
}

/** What the indexes know the principals of a grant by. */
export const granteeKey = ({ grantee, granteeId = grantee }: GrantRow): string => granteeId;
export const retiringKey = ({ retiring, retiringId = retiring }: GrantRow): string | undefined => retiringId;

/** Under which keys a principal may be found: grants of before ids were kept are under its ARN. */
export function keysOf({ principals }: KmsParts, name: string): readonly string[] {
  const id = principals.idOf(name);
  return id === undefined ? [name] : [id, name];
}

function oneOf(a: string | undefined, b: string | undefined, nameOfA: string, nameOfB: string): string | undefined {
  if (a !== undefined && b !== undefined) fail('Validation', `Specify ${nameOfA} or ${nameOfB}, not both.`);
  return a ?? b;
}

function checkConstraints(constraints: Model.GrantConstraints | undefined, { row }: OpenKey): void {
  const contexts = [constraints?.EncryptionContextEquals, constraints?.EncryptionContextSubset].filter(
    (one) => one !== undefined,
  );
  if (contexts.length > 1) {
    fail('Validation', 'A grant has an EncryptionContextEquals or an EncryptionContextSubset constraint, not both.');
  }
  for (const context of contexts) {
    const pairs = Object.entries(context);
    if (pairs.length > 8) fail('Validation', 'A grant constraint can have at most 8 encryption context pairs.');
    if (pairs.reduce((sum, [key, value]) => sum + key.length + value.length, 0) > 384) {
      fail('Validation', 'The encryption context of a grant constraint cannot exceed 384 characters.');
    }
    if (row.spec !== 'SYMMETRIC_DEFAULT') {
      fail('Validation', 'Encryption context constraints are supported on symmetric encryption keys only.');
    }
  }
}

const FOR_USAGE: Readonly<Record<Model.KeyUsageType, readonly Model.GrantOperation[]>> = {
  ENCRYPT_DECRYPT: ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'],
  SIGN_VERIFY: ['Sign', 'Verify'],
  GENERATE_VERIFY_MAC: ['GenerateMac', 'VerifyMac'],
  KEY_AGREEMENT: ['DeriveSharedSecret'],
  ENCAPSULATE_DECAPSULATE: ['Encapsulate', 'Decapsulate'],
};
const ALWAYS: readonly Model.GrantOperation[] = ['DescribeKey', 'CreateGrant', 'RetireGrant'];

/** "The operation must be supported on the KMS key." */
function isFor(operation: Model.GrantOperation, { row }: OpenKey): boolean {
  if (ALWAYS.includes(operation) || FOR_USAGE[row.usage].includes(operation)) return true;
  if (operation.startsWith('GenerateDataKey')) return row.spec === 'SYMMETRIC_DEFAULT';
  return operation === 'GetPublicKey' && row.spec !== 'SYMMETRIC_DEFAULT' && !row.spec.startsWith('HMAC_');
}

/** A named grant is made once, however often its call is tried. */
function sameGrant(tx: ReadTransaction, { row }: OpenKey, wanted: GrantRow): GrantRow | undefined {
  const facts = ({ id: _, createdAt: __, ...rest }: GrantRow): string => JSON.stringify(Object.entries(rest).sort());
  return tx
    .range(grantsTo, { prefix: [row.id, granteeKey(wanted)] })
    .flatMap(({ key }) => tx.get(grants, grants.key(row.id, grantsTo.parts(key)[2])) ?? [])
    .find((grant) => facts(grant) === facts(wanted));
}

function writeGrant(tx: Transaction, { row }: OpenKey, grant: GrantRow, call: Call): void {
  const limit = call.quota(GRANTS_QUOTA);
  const counter = `grants/${row.id}`;
  const usage = countOf(tx, counter);
  if (usage >= limit) fail('QuotaExceeded', 'Grants per key', limit, usage);
  addToCount(tx, counter, 1);
  tx.put(grants, grants.key(row.id, grant.id), grant);
  tx.put(grantsTo, grantsTo.key(row.id, granteeKey(grant), grant.id), {});
  const retiring = retiringKey(grant);
  if (retiring !== undefined) tx.put(retirable, retirable.key(retiring, row.id, grant.id), {});
  keyChanged(tx, row.id);
}

function dropGrant(tx: Transaction, keyId: string, grant: GrantRow): void {
  addToCount(tx, `grants/${keyId}`, -1);
  tx.delete(grants, grants.key(keyId, grant.id));
  tx.delete(grantsTo, grantsTo.key(keyId, granteeKey(grant), grant.id));
  const retiring = retiringKey(grant);
  if (retiring !== undefined) tx.delete(retirable, retirable.key(retiring, keyId, grant.id));
  keyChanged(tx, keyId);
}

/** Together with their key. */
export function dropGrantsOf(tx: Transaction, keyId: string): void {
  for (const { row } of tx.range(grants, { prefix: [keyId] })) dropGrant(tx, keyId, row);
}

export const grantOf = (tx: ReadTransaction, keyId: string, grantId: string): GrantRow | undefined =>
  tx.get(grants, grants.key(keyId, grantId));

export function revokeGrant(input: Model.RevokeGrantRequest, call: Call): void {
  const key = keyOf(call.tx, call, input.KeyId);
  endGrant(call.tx, key.row.id, input.GrantId, input.DryRun);
}

export function endGrant(tx: Transaction, keyId: string, grantId: string, dryRun: boolean | undefined): void {
  if (!GRANT_ID.test(grantId)) fail('InvalidGrantId', grantId);
  const grant = grantOf(tx, keyId, grantId) ?? fail('GrantNotFound', grantId);
  if (dryRun) fail('DryRun');
  dropGrant(tx, keyId, grant);
}

export function listGrants(parts: KmsParts, input: Model.ListGrantsRequest, call: Call): Model.ListGrantsResponse {
  const { tx } = call;
  const { GrantId, GranteePrincipal, GranteeServicePrincipal } = input;
  const { id } = keyOf(tx, call, input.KeyId).row;
  if (GranteePrincipal !== undefined && GranteeServicePrincipal !== undefined) {
    fail('Validation', 'Specify GranteePrincipal or GranteeServicePrincipal, not both.');
  }
  if (GrantId !== undefined && !GRANT_ID.test(GrantId)) fail('InvalidGrantId', GrantId);
  const grantee = GranteePrincipal ?? GranteeServicePrincipal;
  const keys = grantee === undefined ? undefined : keysOf(parts, grantee);
  const read = (after: string | undefined, limit: number): GrantRow[] => {
    if (GrantId !== undefined) return [grantOf(tx, id, GrantId) ?? []].flat().filter((grant) => isTo(grant, keys));
    if (keys === undefined) {
      return tx
        .range(grants, { prefix: [id], limit, ...(after !== undefined && { after: grants.key(id, after) }) })
        .map(({ row }) => row);
    }
    return keys
      .flatMap((key) =>
        tx.range(grantsTo, {
          prefix: [id, key],
          limit,
          ...(after !== undefined && { after: grantsTo.key(id, key, after) }),
        }),
      )
      .map(({ key }) => grantsTo.parts(key)[2])
      .sort()
      .slice(0, limit)
      .flatMap((grantId) => grantOf(tx, id, grantId) ?? []);
  };
  const query = { id, GrantId, grantee };
  const { items, more } = pageOf(
    parts.pages,
    call,
    input,
    query,
    { usual: 50, most: 100 },
    read,
    ({ id: grantId }) => grantId,
  );
  return { Grants: items.map((grant) => grantView(parts, grant, call, id)), ...more };
}

const isTo = (grant: GrantRow, keys: readonly string[] | undefined): boolean =>
  keys === undefined || keys.includes(granteeKey(grant));

/** Principals by the ARN of now, or by the id of who is gone. */
export const grantView = (
  { principals }: KmsParts,
  grant: GrantRow,
  { region, account }: Pick<Call, 'account' | 'region'>,
  keyId: string,
): Model.GrantListEntry => ({
  KeyId: formatArn('kms', region, account, `key/${keyId}`),
  GrantId: grant.id,
  Name: grant.name ?? '',
  CreationDate: grant.createdAt,
  ...(grant.isGranteeService
    ? { GranteeServicePrincipal: grant.grantee }
    : { GranteePrincipal: nameOfNow(grant.grantee, grant.granteeId, principals) }),
  ...(grant.retiring !== undefined &&
    (grant.isRetiringService
      ? { RetiringServicePrincipal: grant.retiring }
      : { RetiringPrincipal: nameOfNow(grant.retiring, grant.retiringId, principals) })),
  IssuingAccount: grant.issuer,
  Operations: grant.operations,
  ...(grant.constraints && { Constraints: grant.constraints }),
});
