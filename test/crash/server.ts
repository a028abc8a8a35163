/**
 * The process that is killed: a cloud on a data folder, which tells its parent when it is ready and what its books say. What waits for
 * minutes there waits for milliseconds here: the upkeep of blobs goes on all the time.
 */
import { startCloud } from '#main';
import { packsAfter } from '#platform/audit/journal.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import { type Clock, minutes, systemClock } from '#platform/base/clock.ts';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { silent } from '#platform/base/log.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';
import type { Partition } from '#platform/store/store.ts';
import { parseStoreAddress } from '#platform/store/store-address.ts';
import { cursors, segments } from '#services/cloudtrail/state.ts';
import { PLAIN } from '#test/plain-cloud.ts';

/** Over all partitions. */
export interface Books {
  /** Operation -> requests metered. */
  readonly usage: Readonly<Record<string, number>>;
  /** Operation, and the error if there was one -> records. */
  readonly audit: Readonly<Record<string, number>>;
  /** Blobs that the scrub has found damaged. */
  readonly damaged: readonly string[];
}

export interface Ready {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const [data = '', keyFile = '', port = '0', store, blobs, skew = '0'] = process.argv.slice(2);

/** This process's wall clock is wrong by so many milliseconds. */
const rightTime = Date.now;
Date.now = () => rightTime() + Number(skew);

const QUICKER = 4000;
const clock: Clock = {
  ...systemClock,
  after: (delay, action) => systemClock.after(delay < minutes(10) ? delay : delay / QUICKER, action),
};
const damaged: string[] = [];
/** With blobs that others have too it is one of several processes. */
const several = blobs === undefined ? {} : { node: { host: '127.0.0.1', port: 0 }, blobs };
const shared = store === undefined ? {} : { store: parseStoreAddress(store), ...several };
const running = await startCloud({
  ...PLAIN,
  data,
  masterKeys: readMasterKeys(keyFile),
  port: Number(port),
  clock,
  log: { ...silent, log: (_, event, fields) => event === 'a blob is damaged' && damaged.push(JSON.stringify(fields)) },
  ...shared,
});

/** Those that CloudTrail has taken, and those that wait for it. */
function recordsOf(partition: Partition): AuditRecord[] {
  const { service, account, region } = partition.name;
  if (account === 'global') return [];
  const home = region === GLOBAL_REGION ? ('us-east-1' as Region) : region;
  const cloudTrail = running.cloud.store.partition({ service: 'cloudtrail', account, region: home });
  const taken = cloudTrail.read((tx) => tx.get(cursors, cursors.key(service, region)))?.after;
  const waiting = partition.read((tx) => packsAfter(tx, taken, 1e9)).flatMap(({ records }) => records);
  const history = service === 'cloudtrail' ? partition.read((tx) => tx.range(segments)).flatMap(({ row }) => row) : [];
  // Written by the audit.
  return [...history, ...waiting].map((text) => JSON.parse(text) as AuditRecord);
}

function books(): Books {
  const usage: Record<string, number> = {};
  const audit: Record<string, number> = {};
  const { store } = running.cloud;
  for (const place of store.partitions({})) {
    const partition = store.partition(place);
    for (const { usageType, operation, amount } of partition.read((tx) => usageOf(tx, 0, clock.now() + 1))) {
      if (usageType.startsWith('Requests')) usage[operation] = (usage[operation] ?? 0) + amount;
    }
    for (const { eventName, errorCode } of recordsOf(partition)) {
      const what = errorCode === undefined ? eventName : `${eventName} ${errorCode}`;
      audit[what] = (audit[what] ?? 0) + 1;
    }
  }
  return { usage, audit, damaged };
}

process.on('message', () => process.send?.(books()));
// A parent that dies must not leave a server behind.
process.on('disconnect', () => process.exit());
const { administrator } = running.keys().first ?? {};
process.send?.({ port: running.port, ...administrator });
