/** All partitions of a cloud over the drivers of its regions. A region is opened when something asks for it. */

import type { Clock } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { Committer, DEFAULT_PENDING_LIMITS, type PendingLimits } from '#platform/store/commit.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import { OwnedPartition } from '#platform/store/partition.ts';
import { dayOf, type RowSeals } from '#platform/store/row-seals.ts';
import type { Partition, PartitionName, Store } from '#platform/store/store.ts';

export interface StoreOptions {
  readonly drivers: StoreDrivers;
  readonly limits?: Partial<PendingLimits>;
  /** The drivers have the same seals. Without them (in tests) sealed tables lie as others do. */
  readonly sealing?: { readonly seals: RowSeals; readonly clock: Clock };
  /** A fault in a callback of ours, which no request can be told about. By default it ends the process. */
  readonly onFault?: (error: unknown) => void;
  /** A partition was opened by its first use in this process: its timers and outbox start. */
  readonly onOpen?: (partition: Partition) => void;
}

const pathOf = ({ service, account, region }: PartitionName): string => `${service}/${account}/${region}`;

function nameOf(path: string): PartitionName {
  const [service = '', account = '', region = ''] = path.split('/');
  // Written by pathOf, so the parts are what they were.
  return { service, account: account as AccountId, region: region as Region };
}

const rethrow = (error: unknown): void => {
  queueMicrotask(() => {
    throw error;
  });
};

export function openStore({ drivers, limits, sealing, onFault = rethrow, onOpen }: StoreOptions): Store {
  const committers = new Map<Region, Committer>();
  /** Service, account, region: looked up several times a request, so no text is put together for it. */
  const partitions = new Map<string, Map<string, Map<string, Partition>>>();

  function committerOf(region: Region): Committer {
    let committer = committers.get(region);
    if (!committer) {
      committer = new Committer(drivers.open(region), { ...DEFAULT_PENDING_LIMITS, ...limits }, onFault);
      committers.set(region, committer);
    }
    return committer;
  }

  function openPartition(name: PartitionName): Partition {
    const path = pathOf(name);
    const own = sealing && { open: sealing.seals(path).open, today: () => dayOf(sealing.clock) };
    const partition = new OwnedPartition(name, path, committerOf(name.region), own);
    const accounts = getOrInsert(partitions, name.service, () => new Map<string, Map<string, Partition>>());
    getOrInsert(accounts, name.account, () => new Map<string, Partition>()).set(name.region, partition);
    onOpen?.(partition);
    return partition;
  }

  return {
    partition(name) {
      return partitions.get(name.service)?.get(name.account)?.get(name.region) ?? openPartition(name);
    },

    partitions({ service, account, region }) {
      const regions = region ? [region] : new Set([...drivers.regions(), ...committers.keys()]);
      return [...regions]
        .flatMap((each) => committerOf(each).driver.names().map(nameOf))
        .filter((name) => (service ?? name.service) === name.service && (account ?? name.account) === name.account);
    },

    async close() {
      const ends = [...committers.values()].map(async (committer) => {
        try {
          await committer.drain();
        } finally {
          await committer.driver.close();
        }
      });
      const [failure] = (await Promise.allSettled(ends)).filter((end) => end.status === 'rejected');
      await drivers.close();
      if (failure) throw failure.reason;
    },
  };
}
