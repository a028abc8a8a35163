/**
 * The resources that an audit record names. A busy key or role is named by record after record, so what follows from its ARN alone
 * (type, owner, the text) is found once.
 */
import { parseArn } from '#platform/base/arn.ts';
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import type { RegisteredService } from '#platform/registry.ts';

export interface AuditedResource {
  readonly ARN: string;
  readonly accountId?: string;
  /** `AWS::SQS::Queue`, where the service's kinds tell. */
  readonly type?: string;
}

export interface AuditedResources {
  readonly list: readonly AuditedResource[];
  /** As JSON text; empty if there are none. */
  readonly text: string;
  readonly owners: readonly AccountId[];
}

const NONE: AuditedResources = { list: [], text: '', owners: [] };
const KEPT = { entries: 10_000, characters: 2_000_000 };
const known = new WeakMap<RegisteredService, BoundedMap<AuditedResources>>();

/** Of a call in `account` about these ARNs; `*` names nothing. */
export function auditedResources(
  service: RegisteredService,
  arns: readonly string[],
  account: AccountId,
): AuditedResources {
  const [only] = arns;
  if (only === undefined || (arns.length === 1 && only === '*')) return NONE;
  const own = service.declaration.auditedResources;
  if (own !== undefined || arns.length > 1) {
    const named = arns.filter((arn) => arn !== '*');
    return asAudited(named.flatMap((arn) => own?.(arn, account) ?? resourceOf(service, arn)));
  }
  const ofService = getOrInsert(known, service, () => new BoundedMap<AuditedResources>(KEPT));
  return getOrInsert(ofService, only, () => asAudited([resourceOf(service, only)]));
}

export function asAudited(list: readonly AuditedResource[]): AuditedResources {
  if (list.length === 0) return NONE;
  const owners = list.flatMap(({ accountId = '' }) => (isAccountId(accountId) ? accountId : []));
  return { list, text: JSON.stringify(list), owners };
}

function resourceOf(service: RegisteredService, ARN: string): AuditedResource {
  const accountId = parseArn(ARN)?.account;
  const type = service.resourceType(ARN);
  return { ...(accountId && { accountId }), ...(type !== undefined && { type }), ARN };
}
