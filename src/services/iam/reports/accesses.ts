/**
 * Who tried what when, from the audit of an account: the one place of IAM that reads it. Refused calls count, as with AWS's
 * access advisor; data events do only where the audit has them. Records are read newest first, some at a time, so that other
 * requests go on in between.
 */
import { auditOf } from '#platform/audit/journal.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Clock, days, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import type { Registry } from '#platform/registry.ts';
import type { PartitionName, Store } from '#platform/store/store.ts';
import type { Access } from '#services/iam/reports/state.ts';

/** AWS keeps "at least the last 400 days"; the audit ends earlier by itself. */
const PERIOD: Milliseconds = days(400);
const RECORDS_A_TURN = 500;
/** Of each partition, the newest: a report must not read a busy service's whole past. */
const MOST_RECORDS = 100_000;

export interface Sources {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
}

/** The last access of each of these entities (by unique id) to each action. */
export async function lastAccesses(
  sources: Sources,
  account: AccountId,
  entities: ReadonlySet<string>,
): Promise<Access[]> {
  const found = new Map<string, Access>();
  if (entities.size === 0) return [];
  for (const place of sources.store.partitions({ account })) {
    const service = sources.registry.service(place.service)?.model.authorization?.prefix;
    if (service === undefined) continue;
    for await (const record of recordsOf(sources, place)) {
      const entity = entityOf(record);
      if (entity === undefined || !entities.has(entity)) continue;
      const region = record.awsRegion === GLOBAL_REGION ? 'us-east-1' : record.awsRegion;
      const at = Date.parse(record.eventTime);
      const key = `${entity} ${service}:${record.eventName}`;
      if ((found.get(key)?.at ?? 0) < at) found.set(key, { entity, service, action: record.eventName, at, region });
    }
  }
  return [...found.values()];
}

async function* recordsOf({ store, clock }: Sources, place: PartitionName): AsyncGenerator<AuditRecord> {
  const partition = store.partition(place);
  const now = clock.now();
  let before = now + 1;
  for (let read = 0; read < MOST_RECORDS; read += RECORDS_A_TURN) {
    const to = before;
    const records = partition.read((tx) => auditOf(tx, now - PERIOD, to, RECORDS_A_TURN));
    yield* records;
    const oldest = records.at(-1);
    if (records.length < RECORDS_A_TURN || oldest === undefined) return;
    // Times are told in seconds. The rest of that second comes again, unless it alone fills a turn.
    const second = Date.parse(oldest.eventTime);
    before = second + seconds(1) < before ? second + seconds(1) : second;
    await new Promise<void>((resolve) => clock.after(0, resolve));
  }
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
