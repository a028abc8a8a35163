/** The process that is killed: a cloud on a data folder, which tells its parent when it is ready and what its books say. */
import { startCloud } from '#main';
import { auditOf } from '#platform/audit/journal.ts';
import { silent } from '#platform/base/log.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { readMasterKeys } from '#platform/secrets/master-key.ts';

/** Over all partitions. */
export interface Books {
  /** Operation -> requests metered. */
  readonly usage: Readonly<Record<string, number>>;
  /** Operation, and the error if there was one -> records. */
  readonly audit: Readonly<Record<string, number>>;
}

export interface Ready {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const [data = '', keyFile = '', port = '0'] = process.argv.slice(2);
const running = await startCloud({
  data,
  masterKeys: readMasterKeys(keyFile),
  port: Number(port),
  adminPort: 0,
  adminToken: 'test',
  listen: [],
  domains: ['localhost'],
  region: 'us-east-1',
  tlsFolder: undefined,
  log: silent,
  version: 'test',
});

function books(): Books {
  const usage: Record<string, number> = {};
  const audit: Record<string, number> = {};
  const { store, clock } = running.cloud;
  for (const place of store.partitions({})) {
    const partition = store.partition(place);
    for (const { usageType, operation, amount } of partition.read((tx) => usageOf(tx, 0, clock.now() + 1))) {
      if (usageType === 'Requests') usage[operation] = (usage[operation] ?? 0) + amount;
    }
    for (const { eventName, errorCode } of partition.read((tx) => auditOf(tx, 0, clock.now() + 1, 1e9))) {
      const what = errorCode === undefined ? eventName : `${eventName} ${errorCode}`;
      audit[what] = (audit[what] ?? 0) + 1;
    }
  }
  return { usage, audit };
}

process.on('message', () => process.send?.(books()));
// A parent that dies must not leave a server behind.
process.on('disconnect', () => process.exit());
const { administrator } = running.keys().first ?? {};
process.send?.({ port: running.port, ...administrator });
