/**
 * A cloud of several processes' worth of nodes in one process: over a disk and a ledger in memory, each with its own ports. What is
 * the same between real processes (leases, calls from one to the other, the feed) is the same here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ProcessesOptions } from '#gateway/forward/processes.ts';
import { type RunningCloud, startCloud } from '#main';
import { type Milliseconds, SimulatedClock } from '#platform/base/clock.ts';
import { type Logger, silent } from '#platform/base/log.ts';
import { MemoryLedger } from '#platform/cluster/memory/ledger.ts';
import { rightfulHolder, SLOTS } from '#platform/cluster/slots.ts';
import { createMasterKeys, type MasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { memoryDisk } from '#platform/store/memory/drivers.ts';
import { rowSeals } from '#platform/store/row-seals.ts';
import { StoreUnavailable } from '#platform/store/store.ts';
import { PLAIN } from '#test/plain-cloud.ts';
import type { ClientConfig, Credentials } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

export interface SeveralClouds {
  readonly nodes: readonly RunningCloud[];
  readonly ledger: MemoryLedger;
  readonly clock: SimulatedClock;
  readonly administrator: Credentials;
  readonly operator: Credentials;
  readonly account: string;
  /** Of one of the nodes. */
  client<T extends { destroy(): void }>(
    Class: new (config: ClientConfig) => T,
    node: RunningCloud,
    options?: { credentials?: Credentials; maxAttempts?: number },
  ): T;
  /** One more. */
  join(): Promise<RunningCloud>;
  /** Slots held, by the nodes' names. */
  slots(): Record<string, number>;
  /** When every slot is where it belongs. */
  settled(): Promise<void>;
}

/** What nodes share: a disk, and the ledger of who is alive. */
export interface Farm {
  readonly ledger: MemoryLedger;
  member(): ProcessesOptions;
}

/** `lasts`: how long a lease is believed in; that of the product by default. */
export function memoryFarm(masterKeys: MasterKeys, lasts?: Milliseconds): Farm {
  const disk = memoryDisk({ seals: rowSeals(createSealer(masterKeys)), isRemote: true });
  const ledger = new MemoryLedger(() => performance.now(), lasts);
  return {
    ledger,
    member: () => ({
      ledger,
      node: { host: '127.0.0.1', port: 0 },
      drivers: (incarnation) =>
        disk.drivers({
          check() {
            if (!ledger.isOnRoll(incarnation())) throw new StoreUnavailable('struck off the roll');
          },
          committed: (announced) => ledger.changed([...announced]),
        }),
    }),
  };
}

/** When every slot is where it belongs, as each of them sees it. */
export const settled = (nodes: readonly RunningCloud[]): Promise<void> =>
  until(() => nodes.every((node) => isSettled(node, nodes.length)), 'every slot is where it belongs');

function isSettled({ processes }: RunningCloud, count: number): boolean {
  const status = processes?.status() ?? [];
  const rightful = Array.from({ length: SLOTS }, (_, slot) => rightfulHolder(slot, status)?.incarnation);
  return (
    status.length === count &&
    status.every(({ incarnation, slots }) => slots === rightful.filter((each) => each === incarnation).length)
  );
}

export async function severalClouds(t: TestContext, count: number, log: Logger = silent): Promise<SeveralClouds> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-several-'));
  const masterKeys = createMasterKeys(join(folder, 'master-key.json'));
  const farm = memoryFarm(masterKeys);
  const clock = new SimulatedClock();
  const nodes: RunningCloud[] = [];
  t.after(async () => {
    await Promise.all(nodes.map((node) => node.stop(0)));
    rmSync(folder, { recursive: true, force: true });
  });

  async function join_(): Promise<RunningCloud> {
    const id = `node-${nodes.length}`;
    const node = await startCloud({
      ...PLAIN,
      data: join(folder, id),
      blobs: join(folder, 'blobs'),
      masterKeys,
      log,
      clock,
      processes: farm.member(),
    });
    nodes.push(node);
    return node;
  }

  for (let started = 0; started < count; started++) await join_();
  const [first] = nodes;
  const keys = first?.keys();
  if (keys?.first === undefined) throw new Error('the first account has no administrator');
  const { administrator, account } = keys.first;
  const several: SeveralClouds = {
    nodes,
    ledger: farm.ledger,
    clock,
    administrator,
    operator: keys.operator,
    account,
    client(Class, node, { credentials = administrator, maxAttempts = 1 } = {}) {
      const client = new Class({
        endpoint: node.url,
        region: 'us-east-1',
        credentials,
        maxAttempts,
        systemClockOffset: clock.offset,
      });
      t.after(() => client.destroy());
      return client;
    },
    join: join_,
    slots: () => Object.fromEntries((nodes[0]?.processes?.status() ?? []).map(({ id, slots }) => [id, slots])),
    settled: () => settled(nodes),
  };
  await several.settled();
  return several;
}
