/**
 * Who tried what when, from the event history of an account: the one place of IAM that reads it. Refused calls count, as with
 * AWS's access advisor.
 */
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Clock, days, type Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { EventHistoryApi } from '#services/cloudtrail/api.ts';
import type { Access } from '#services/iam/reports/state.ts';

/** AWS keeps "at least the last 400 days"; the history ends earlier by itself. */
const PERIOD: Milliseconds = days(400);
/** Of each region, the newest: a report must not read a busy account's whole past. */
const MOST_RECORDS = 100_000;

export interface Sources {
  readonly eventHistory: EventHistoryApi;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** The last access of each of these entities (by unique id) to each action. */
export async function lastAccesses(
  { eventHistory, registry, clock }: Sources,
  account: AccountId,
  entities: ReadonlySet<string>,
): Promise<Access[]> {
  const found = new Map<string, Access>();
  if (entities.size === 0) return [];
  const services = new Map(registry.services.map(({ declaration, prefix }) => [declaration.principal, prefix]));
  for await (const record of eventHistory.events(account, clock.now() - PERIOD, MOST_RECORDS)) {
    const entity = entityOf(record);
    const service = services.get(record.eventSource);
    if (entity === undefined || service === undefined || !entities.has(entity)) continue;
    const { eventName: action, awsRegion: region } = record;
    const at = Date.parse(record.eventTime);
    const key = `${entity} ${service}:${action}`;
    if ((found.get(key)?.at ?? 0) < at) found.set(key, { entity, service, action, at, region });
  }
  return [...found.values()];
}

interface Identity {
  readonly type?: string;
  readonly principalId?: string;
  readonly sessionContext?: { readonly sessionIssuer?: { readonly principalId?: string } };
}

/** The unique id of the user, or of the role of a session. */
function entityOf({ userIdentity }: AuditRecord): string | undefined {
  // Written by audit/record.ts in CloudTrail's form.
  const identity = userIdentity as Identity;
  if (identity.type === 'IAMUser') return identity.principalId;
  return identity.type === 'AssumedRole' ? identity.sessionContext?.sessionIssuer?.principalId : undefined;
}
