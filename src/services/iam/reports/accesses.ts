/**
 * Who tried what when, from the audit of an account: the one place of IAM that reads it. Refused calls count, as with AWS's
 * access advisor; data events do not, which the event history does not hold.
 */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { AuditHistory } from '#services/cloudtrail/api.ts';
import type { Access } from '#services/iam/reports/state.ts';

export interface Sources {
  readonly history: AuditHistory;
  readonly registry: Registry;
}

/** The last access of each of these entities (by unique id) to each action. */
export async function lastAccesses(
  { history, registry }: Sources,
  account: AccountId,
  entities: ReadonlySet<string>,
): Promise<Access[]> {
  const found = new Map<string, Access>();
  if (entities.size === 0) return [];
  const prefixes = new Map(registry.services.map(({ entry, prefix }) => [entry.principal, prefix]));
  for await (const record of history.recordsOf(account)) {
    const { eventName: action, awsRegion: region } = record;
    const entity = entityOf(record);
    const service = prefixes.get(record.eventSource);
    if (service === undefined || entity === undefined || !entities.has(entity)) continue;
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
