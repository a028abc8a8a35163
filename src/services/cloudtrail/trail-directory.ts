/** The trails of an account in all its regions, compiled and kept: every data event asks whether one of them wants it. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { DataEvent } from '#platform/cloud.ts';
import type { InsightType } from '#platform/model/generated/cloudtrail.ts';
import type { MemorySlot, Partition, Store } from '#platform/store/store.ts';
import { canFind, compileSelectors, type Matcher } from './match.ts';
import { type Period, type TrailRow, trails } from './state.ts';
import { trailArn } from './trail-names.ts';

export interface LiveTrail {
  readonly row: TrailRow;
  readonly arn: string;
  readonly homeRegion: Region;
  readonly matches: Matcher;
}

export class TrailDirectory {
  readonly #store: Store;
  readonly #trails = new Map<AccountId, readonly LiveTrail[]>();
  /** Dropped with the memory of a partition whose commit failed: the trails that were written in it are not there. */
  readonly #slot: MemorySlot<AccountId> = {
    name: 'trails',
    // Trails are in accounts' partitions.
    load: ({ name }) => name.account as AccountId,
    unload: (account) => this.changed(account),
  };

  constructor(store: Store) {
    this.#store = store;
  }

  of(account: AccountId): readonly LiveTrail[] {
    const known = this.#trails.get(account);
    if (known !== undefined) return known;
    const found = this.#store.partitions({ service: 'cloudtrail', account }).flatMap((name) => {
      const partition = this.#store.partition(name);
      partition.memory(this.#slot);
      return partition.read((tx) => tx.range(trails).map(({ row }) => liveTrail(account, name.region, row)));
    });
    this.#trails.set(account, found);
    return found;
  }

  /** Those that log what happens in a region. */
  in(account: AccountId, region: Region): readonly LiveTrail[] {
    return this.of(account).filter(({ row, homeRegion }) => row.isMultiRegion || homeRegion === region);
  }

  /** Where what a trail takes waits for it: in the regions that it logs. */
  partitionsOf(account: AccountId, { row, homeRegion }: LiveTrail): Partition[] {
    return this.#store
      .partitions({ service: 'cloudtrail', account })
      .filter(({ region }) => row.isMultiRegion || region === homeRegion)
      .map((name) => this.#store.partition(name));
  }

  changed(account: AccountId): void {
    this.#trails.delete(account);
  }

  wantsData(account: AccountId, event: DataEvent): boolean {
    const all = this.of(account);
    if (all.length === 0) return false;
    const wanted = this.in(account, event.region).filter(({ row }) => row.isLogging);
    if (wanted.length === 0) return false;
    const { principal } = event;
    const selectable = {
      category: 'Data',
      source: event.source,
      name: event.operation,
      type: 'AwsApiCall',
      isReadOnly: event.isReadOnly,
      userArn: 'arn' in principal ? principal.arn : undefined,
      isFromConsole: 'session' in principal && principal.session?.signInSessionArn !== undefined,
      resources: event.auditedResources,
    } as const;
    return wanted.some(({ matches }) => matches(selectable));
  }
}

const liveTrail = (account: AccountId, homeRegion: Region, row: TrailRow): LiveTrail => ({
  row,
  arn: trailArn(homeRegion, account, row.name),
  homeRegion,
  matches: compileSelectors(row.selectors),
});

/** Whether the trail was logging when the event ended and its selectors ask for it. */
export function takes(
  { row, matches }: LiveTrail,
  record: AuditRecord,
  time: Milliseconds,
  isGlobal: boolean,
): boolean {
  if (isGlobal && !row.includesGlobalEvents) return false;
  if (![row, { isLogging: false, ...row.earlier }].some((period) => isIn(period, record.eventID, time))) return false;
  const { userIdentity } = record;
  return matches({
    category: record.eventCategory,
    source: record.eventSource,
    name: record.eventName,
    type: record.eventType,
    isReadOnly: record.readOnly,
    userArn: typeof userIdentity['arn'] === 'string' ? userIdentity['arn'] : undefined,
    isFromConsole: record.sessionCredentialFromConsole === 'true',
    resources: record.resources ?? [],
  });
}

/** Whether insights on a category of events are wanted; of one type, or any. */
export const looksFor = ({ row }: LiveTrail, category: 'Management' | 'Data', type?: InsightType): boolean =>
  row.isLogging &&
  row.insights.some(
    ({ InsightType, EventCategories = ['Management'] }) =>
      EventCategories.includes(category) &&
      (type === undefined || InsightType === type) &&
      // Its selectors may have changed since.
      (category === 'Data' || (InsightType !== undefined && canFind(row.selectors, InsightType))),
  );

function isIn(period: Period & { isLogging: boolean }, event: string, time: Milliseconds): boolean {
  const { isLogging, startedAt, stoppedAt, stoppedBy } = period;
  if (event === stoppedBy) return true;
  if (startedAt === undefined || time < startedAt) return false;
  return isLogging || (stoppedAt !== undefined && time < stoppedAt);
}
