/** RetireGrant and ListRetirableGrants: grants from the side of who may end them, also on keys of other accounts. */
import type { AuditAdditions } from '#platform/audit/record.ts';
import { type Arn, parseArn } from '#platform/base/arn.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { fail } from '#services/kms/errors.ts';
import { endGrant, grantOf, grantView, keysOf } from '#services/kms/grants/grants.ts';
import { type GrantName, readGrantToken } from '#services/kms/grants/tokens.ts';
import { whoMayRetire } from '#services/kms/grants/weigh.ts';
import { accountNamed, keyArn, keyOf } from '#services/kms/identify.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { retirable } from '#services/kms/state.ts';

/** By token, or by key and id. */
function namedBy(parts: KmsParts, input: Model.RetireGrantRequest): Partial<GrantName> {
  if (input.GrantToken !== undefined) return readGrantToken(parts, input.GrantToken);
  const { KeyId, GrantId } = input;
  if (KeyId === undefined || GrantId === undefined) {
    return fail('Validation', 'You must specify a GrantToken, or a KeyId and a GrantId.');
  }
  return { ...accountNamed(KeyId), keyId: KeyId, grantId: GrantId };
}

export const ofGrant = (parts: KmsParts) => ({
  owner: (input: Model.RetireGrantRequest) => {
    const { account } = namedBy(parts, input);
    return account === undefined ? {} : { account };
  },
  resource: (input: Model.RetireGrantRequest, scope: CallScope) => keyArn(namedBy(parts, input).keyId ?? '', scope),
  grants: (input: Model.RetireGrantRequest, scope: CallScope, resource: string) => {
    const keyId = resource.slice(resource.lastIndexOf('/') + 1);
    const grant = scope.read((tx) => grantOf(tx, keyId, namedBy(parts, input).grantId ?? ''));
    return grant === undefined ? [] : whoMayRetire(grant);
  },
});

export function retireGrant(parts: KmsParts, input: Model.RetireGrantRequest, call: Call): void {
  const { keyId = '', grantId = '', region = call.region } = namedBy(parts, input);
  if (region !== call.region) fail('InvalidRegion', region);
  endGrant(call.tx, keyOf(call.tx, call, keyId).row.id, grantId, input.DryRun);
}

/** A token is in no record: the grant's id stands beside. */
export const retiredGrant =
  (parts: KmsParts) =>
  (input: Model.RetireGrantRequest): AuditAdditions => ({
    additionalEventData: { grantId: namedBy(parts, input).grantId ?? '' },
  });

const position = ({ account, keyId, grantId }: Found): string => `${account} ${keyId} ${grantId}`;

interface Found {
  readonly account: AccountId;
  readonly keyId: string;
  readonly grantId: string;
}

/** Over the partitions of the region: any account's keys may have grants that the principal can retire. */
export async function listRetirableGrants(
  parts: KmsParts,
  input: Model.ListRetirableGrantsRequest,
  call: Call,
): Promise<Model.ListGrantsResponse> {
  const principal = retiringPrincipal(input, call);
  const names = keysOf(parts, principal);
  const { region } = call;
  const accounts = parts.store
    .partitions({ service: 'kms', region })
    .flatMap(({ account }) => (account === 'global' ? [] : account))
    .sort();
  const read = (after: string | undefined, limit: number): Found[] => {
    const [fromAccount = '', fromKey = '', fromGrant = ''] = after?.split(' ') ?? [];
    const found: Found[] = [];
    for (const account of accounts.filter((each) => each >= fromAccount)) {
      const startOf = (name: string) =>
        account === fromAccount ? { after: retirable.key(name, fromKey, fromGrant) } : {};
      const rows = parts
        .partitionOf(account, region)
        .read((tx) =>
          names.flatMap((name) =>
            tx.range(retirable, { prefix: [name], limit: limit - found.length, ...startOf(name) }),
          ),
        );
      for (const { key } of rows) {
        const [, keyId, grantId] = retirable.parts(key);
        found.push({ account, keyId, grantId });
      }
      if (found.length >= limit) break;
    }
    return found.sort((a, b) => (position(a) < position(b) ? -1 : 1)).slice(0, limit);
  };
  const { items, more } = pageOf(parts.pages, call, input, { principal }, { usual: 50, most: 100 }, read, position);
  const views = items.flatMap(({ account, keyId, grantId }) => {
    const grant = parts.partitionOf(account, region).read((tx) => grantOf(tx, keyId, grantId));
    return grant === undefined ? [] : grantView(parts, grant, { account, region }, keyId);
  });
  await Promise.all(
    [...new Set(items.map(({ account }) => account))].map((account) => parts.partitionOf(account, region).durable()),
  );
  return { Grants: views, ...more };
}

function retiringPrincipal(
  { RetiringPrincipal, RetiringServicePrincipal }: Model.ListRetirableGrantsRequest,
  call: Call,
): string {
  if (RetiringServicePrincipal !== undefined) {
    if (call.principal.kind !== 'service' || call.principal.service !== RetiringServicePrincipal) {
      fail('Validation', 'RetiringServicePrincipal is for callers that are service principals.');
    }
    return RetiringServicePrincipal;
  }
  if (RetiringPrincipal === undefined) {
    return fail('Validation', 'You must specify RetiringPrincipal or RetiringServicePrincipal.');
  }
  const arn: Arn = parseArn(RetiringPrincipal) ?? fail('InvalidArn', RetiringPrincipal);
  if (arn.account !== call.account) fail('InvalidArn', RetiringPrincipal);
  return RetiringPrincipal;
}
