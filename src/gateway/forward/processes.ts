/**
 * Joins a process to the others of its cloud: its lease (platform/cluster), its port for their calls, its calls to them, and what the
 * store, the jobs and the audit have to do when accounts come and go. A cloud of one process has none of this.
 */
import { unlessNotSent } from '#gateway/forward/connection.ts';
import { Forwarder } from '#gateway/forward/forwarder.ts';
import { startForwardServer } from '#gateway/forward/server.ts';
import type { Listener } from '#gateway/http/listener.ts';
import { present } from '#platform/base/assert.ts';
import { type Clock, type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import type { Logger } from '#platform/base/log.ts';
import type { BlobSharing } from '#platform/blobs/blobs.ts';
import type { Cloud, Placement } from '#platform/cloud.ts';
import { formatNodeAddress, type NodeAddress } from '#platform/cluster/address.ts';
import { keepBooks } from '#platform/cluster/books.ts';
import type { Ledger, LiveNode } from '#platform/cluster/ledger.ts';
import { ClusterNode } from '#platform/cluster/node.ts';
import { slotOf } from '#platform/cluster/slots.ts';
import type { Connections } from '#platform/connections.ts';
import type { Metrics } from '#platform/metrics.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { SharedDriver, StoreDrivers } from '#platform/store/driver.ts';
import type { SharedStore, Sharing } from '#platform/store/open-store.ts';
import { type Partition, type PartitionName, StoreUnavailable } from '#platform/store/store.ts';

export interface ProcessesOptions {
  readonly ledger: Ledger;
  /** Commits by them are refused when the incarnation has been struck off the roll. */
  readonly drivers: (incarnation: () => number) => StoreDrivers<SharedDriver>;
  /** Where the others call this process. It names it to operators too. */
  readonly node: NodeAddress;
}

/** What stands on the store, and is told of accounts that come and go. */
export interface Parts {
  readonly cloud: Cloud;
  readonly store: SharedStore;
  readonly connections: Connections;
  readonly onOwned: (isOwned: (name: PartitionName) => boolean) => void;
  readonly onRetired: (partition: Partition) => void;
  readonly onAdopted: (partition: Partition) => void;
}

export interface NodeStatus extends LiveNode {
  readonly slots: number;
  readonly partitions: number;
}

/** Calls of accounts that are to be handed over may end for so long; long polls go on where the account goes. */
const ENDING: Milliseconds = seconds(1);
const START_LIMIT: Milliseconds = seconds(60);
const DIRECTORY = 'global';

export class Processes {
  readonly drivers: StoreDrivers<SharedDriver>;
  readonly sharing: Sharing;
  readonly placement: Placement;
  readonly blobs: BlobSharing;
  readonly #node: ClusterNode;
  readonly #forwarder: Forwarder;
  readonly #listener: Listener;
  readonly #ledger: Ledger;
  /** Calls under way, by slot. */
  readonly #calls = new Map<number, number>();
  readonly #late: { parts?: Parts };

  private constructor(node: ClusterNode, listener: Listener, given: Given) {
    this.#node = node;
    this.#listener = listener;
    this.#forwarder = given.forwarder;
    this.#ledger = given.options.ledger;
    this.#calls = given.calls;
    this.#late = given.late;
    this.drivers = given.options.drivers(() => node.incarnation);
    this.placement = placementOf(node, given);
    this.sharing = sharingOf(node, given);
    this.blobs = blobSharingOf(node);
  }

  static async open(
    options: ProcessesOptions,
    sealer: Sealer,
    log: Logger,
    onFault: (error: unknown) => void,
  ): Promise<Processes> {
    const late: { parts?: Parts; node?: ClusterNode } = {};
    const calls = new Map<number, number>();
    const node = (): ClusterNode => present(late.node, 'a process has joined before it is called');
    const parts = (): Parts => present(late.parts, 'a process has begun before it is called');
    const purpose = sealer.purpose('forward');
    const sealerOf = (number: string) => sealer.purpose(`forward/${number}`);
    const forwarder = new Forwarder({
      sealer: purpose,
      sealerOf,
      clock: systemClock,
      incarnation: () => node().incarnation,
      holderOf: (account) => node().holderOf(account),
      isListed: (incarnation) => node().isListed(incarnation),
      look: () => node().look(),
    });
    const listener = await startForwardServer({
      hosts: [options.node.host],
      port: options.node.port,
      clock: systemClock,
      onFault,
      cloud: () => parts().cloud,
      sealer: purpose,
      sealerOf,
      incarnation: () => late.node?.incarnation ?? 0,
      async isHeld(account) {
        // Handed over a moment ago: the sender knows it before this process does.
        if (!node().admits(account))
          await node()
            .look()
            .catch(() => {});
        return node().admits(account);
      },
      isAlive: (incarnation) => node().isAlive(incarnation),
      enter: (account) => enter(calls, account),
      adopt: (proposal) => parts().store.adopt(proposal),
      taken: (requestId) => parts().connections.taken(requestId),
    });
    const given: Given = { options, forwarder, calls, late };
    const address = formatNodeAddress({ ...options.node, port: listener.port });
    late.node = new ClusterNode({
      ledger: options.ledger,
      id: address,
      address,
      clock: systemClock,
      log,
      duties: {
        gained(slots) {
          const { store, onOwned } = parts();
          store.opens((account) => slots.has(slotOf(account)));
          onOwned(({ account }) => slots.has(slotOf(account)) && node().owns(account));
        },
        async release(slots) {
          parts().store.leave((account) => slots.has(slotOf(account)));
          await ended(calls, slots);
          await parts().store.retire((account) => slots.has(slotOf(account)));
        },
        lost: () => parts().store.abandon(),
        changed: (paths) => late.parts?.store.changed(paths),
      },
    });
    return new Processes(late.node, listener, given);
  }

  /** Joins the others: from here on the store owns what falls to this process. */
  async begin(parts: Parts): Promise<void> {
    this.#late.parts = parts;
    await this.patiently(() => this.#node.start());
  }

  /** Runs `first` where the directories are held, and waits elsewhere until that has been done. */
  async onceForAll(first: () => Promise<unknown>, isDone: () => boolean): Promise<void> {
    for (;;) {
      if (this.#node.admits(DIRECTORY)) return await this.patiently(first);
      if (isDone()) return;
      await new Promise<void>((resolve) => void systemClock.after(100, resolve));
    }
  }

  /** Again while the store takes nothing: a lease may end under a start on a busy machine. */
  async patiently(action: () => Promise<unknown>): Promise<void> {
    const until = systemClock.monotonic() + START_LIMIT;
    for (;;) {
      try {
        await action();
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || systemClock.monotonic() > until) throw error;
      }
      await new Promise<void>((resolve) => void systemClock.after(500, resolve));
    }
  }

  /** By which operators know this process. */
  get id(): string {
    return this.#node.id;
  }

  status(): NodeStatus[] {
    const { nodes, holders } = this.#node.roll;
    const names = present(this.#late.parts, 'it has begun').store.partitions({});
    return nodes.map((node) => ({
      ...node,
      slots: holders.filter((holder) => holder === node.incarnation).length,
      partitions: names.filter(({ account }) => holders[slotOf(account)] === node.incarnation).length,
    }));
  }

  /** False: there is no such process. */
  setDraining(id: string, isDraining: boolean): Promise<boolean> {
    return this.#ledger.setDraining(id, isDraining);
  }

  /** All processes of the cloud have one time. */
  clockFrom(own: Clock): Clock {
    return {
      now: () => this.#node.time() ?? own.now(),
      monotonic: () => own.monotonic(),
      after: (delay, action) => own.after(delay, action),
    };
  }

  count(metrics: Metrics): void {
    const { moves } = this.#node;
    const { counts } = this.#forwarder;
    metrics.counters('slot_moves_total', 'Slots that came to this process and left it.', () =>
      Object.entries(moves).map(([way, count]) => [`way="${way}"`, count] as const),
    );
    metrics.counters('forwards_total', 'Calls sent to other processes, by what became of them.', () =>
      Object.entries(counts).map(([outcome, count]) => [`outcome="${outcome}"`, count] as const),
    );
    metrics.gauge('slots_held', 'Slots that this process holds.', () => this.#node.held.size);
    const { store } = present(this.#late.parts, 'it has begun');
    metrics.gauge('commits_total', 'Batches that are on disk.', () => store.commitTimes.count);
    metrics.gauge(
      'commit_seconds_total',
      'From a batch’s close to its being on disk.',
      () => store.commitTimes.milliseconds / 1000,
    );
  }

  /** Hands all over; other processes still have their calls run while that lasts. */
  async drain(): Promise<void> {
    await this.#node.stop();
  }

  async close(): Promise<void> {
    this.#forwarder.close();
    await this.#listener.stop(0);
  }
}

interface Given {
  readonly options: ProcessesOptions;
  readonly forwarder: Forwarder;
  readonly calls: Map<number, number>;
  readonly late: { parts?: Parts; node?: ClusterNode };
}

function placementOf(node: ClusterNode, { forwarder, calls }: Given): Placement {
  return {
    enter: (account) => (node.admits(account) ? enter(calls, account) : undefined),
    forward: (account, invocation) => forwarder.call(account, invocation, () => node.admits(account)),
    connect: (account, requestId) => forwarder.connect(account, requestId).catch(unlessNotSent),
  };
}

function sharingOf(node: ClusterNode, { forwarder, late }: Given): Sharing {
  const parts = (): Parts => present(late.parts, 'a store is opened before it is used');
  return {
    owns: (account) => node.owns(account),
    holds: (account) => node.holds(account),
    isAnnounced: ({ service, account }) => account === DIRECTORY || service === 'iam',
    isFeedFresh: () => node.isFeedFresh,
    async propose({ account }, proposal) {
      const isTaken = await forwarder.propose(account, proposal, () => node.admits(account));
      if (!isTaken) await parts().store.adopt(proposal);
    },
    keepBooks,
    onAdopted: (partition) => parts().onAdopted(partition),
    onRetired: (partition) => parts().onRetired(partition),
  };
}

/** A blob's row is written by the life of a process that put the blob, or never: of one that is off the roll all is settled. */
function blobSharingOf(node: ClusterNode): BlobSharing {
  return {
    writer() {
      if (node.incarnation === 0) throw new StoreUnavailable('a process that was struck off writes nothing');
      return node.incarnation;
    },
    inheritance: () => node.inheritance(),
  };
}

function enter(calls: Map<number, number>, account: PartitionName['account']): () => void {
  const slot = slotOf(account);
  calls.set(slot, (calls.get(slot) ?? 0) + 1);
  return () => void calls.set(slot, (calls.get(slot) ?? 1) - 1);
}

/** When nothing is under way for these slots, or it took too long. */
async function ended(calls: ReadonlyMap<number, number>, slots: ReadonlySet<number>): Promise<void> {
  const until = systemClock.monotonic() + ENDING;
  const isBusy = (): boolean => [...slots].some((slot) => (calls.get(slot) ?? 0) > 0);
  while (isBusy() && systemClock.monotonic() < until) {
    await new Promise<void>((resolve) => void systemClock.after(5, resolve));
  }
}
