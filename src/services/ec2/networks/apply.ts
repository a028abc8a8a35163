/**
 * Brings a host's networks to what the rows say: of each VPC that has an attached interface its plan, of all others none. Only what is on
 * disk is applied. Whoever starts a machine waits for `apply` first, so that its taps are there; all else follows by the reconciler,
 * which every change of a row wakes.
 */
import type { Duplex } from 'node:stream';
import { type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { isAccountId } from '#platform/base/ids.ts';
import { newInTurn } from '#platform/base/in-turn.ts';
import { lazy } from '#platform/base/lazy.ts';
import type { Networks, TunnelWay, VpcId } from '#platform/network/network.ts';
import type { Reconciler } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Store } from '#platform/store/store.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { namesOf, type Resolve } from '#services/ec2/networks/names.ts';
import { planOf, readVpc } from '#services/ec2/networks/plan.ts';
import { partitionWhere } from '#services/ec2/partitions.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';
import { wakeNow, woken } from '#services/ec2/wakes.ts';

export interface VpcNetworks {
  /** Resolves when guests see what the rows say now. */
  apply(partition: Partition, vpc: VpcId): Promise<void>;
  /** For guests of a VPC: see names.ts. */
  resolve(vpc: VpcId, name: string): readonly string[] | undefined;
  /** Whose a network on the host is. */
  partitionOf(vpc: VpcId): Partition | undefined;
  /** By what the rows say now. */
  connect(partition: Partition, way: TunnelWay): Promise<Duplex>;
  /** Networks on the host that no row names go. */
  removeOrphans(): Promise<void>;
  readonly reconcile: Reconciler;
}

const RETRY: Milliseconds = seconds(10);

interface Applied {
  readonly partition: Partition;
  /** The plan as text; undefined: it is there from before, in whatever state. */
  readonly plan: string | undefined;
  readonly resolve: Resolve;
}

const unknown: Resolve = () => undefined;

const ownerOf = (store: Store, vpc: VpcId): Promise<Partition | undefined> =>
  partitionWhere(store, (tx) => vpcs.find(tx, vpc) !== undefined);

type Apply = VpcNetworks['apply'];

/** Of each VPC the next attempt that has not begun: what many ask for at once is done once. */
function joined(inTurn: ReturnType<typeof newInTurn>, follow: Apply): Apply {
  const waiting = new Map<VpcId, Promise<void>>();
  return (partition, vpc) => {
    const next =
      waiting.get(vpc) ??
      inTurn(vpc, () => {
        waiting.delete(vpc);
        return follow(partition, vpc);
      });
    waiting.set(vpc, next);
    return next;
  };
}

export function vpcNetworks(networks: Networks, store: Store): VpcNetworks {
  const there = new Map<VpcId, Applied>();
  const inTurn = newInTurn();

  const apply = joined(inTurn, follow);

  async function follow(partition: Partition, vpc: VpcId): Promise<void> {
    const rows = await again(() => partition.read((tx) => readVpc(tx, vpc)));
    await partition.durable();
    const present = there.get(vpc);
    if (!rows?.interfaces.some(({ attachment }) => attachment !== undefined)) {
      if (present === undefined) return;
      await networks.remove(vpc);
      there.delete(vpc);
      return;
    }
    const plan = planOf(rows);
    const text = JSON.stringify(plan);
    const resolve = namesOf(rows);
    if (present?.plan !== text) {
      // Until it is applied nobody knows what is there.
      there.set(vpc, { partition, plan: undefined, resolve });
      await networks.apply(plan);
    }
    there.set(vpc, { partition, plan: text, resolve });
  }

  /** What is there from before belongs to somebody, or goes. */
  const takeUp = lazy(async () => {
    await removeOrphans();
    for (const vpc of await networks.list()) {
      const partition = await ownerOf(store, vpc);
      if (partition === undefined || there.has(vpc)) continue;
      there.set(vpc, { partition, plan: undefined, resolve: unknown });
    }
  });

  async function removeOrphans(): Promise<void> {
    for (const vpc of await networks.list()) {
      if ((await ownerOf(store, vpc)) !== undefined) continue;
      await inTurn(vpc, () => networks.remove(vpc));
      there.delete(vpc);
    }
    await networks.tidy();
  }

  return {
    apply,
    removeOrphans,
    connect: (partition, way) => apply(partition, way.vpc).then(() => networks.connect(way)),
    resolve: (vpc, name) => there.get(vpc)?.resolve(name),
    partitionOf: (vpc) => there.get(vpc)?.partition,
    async reconcile({ partition, clock, log }, signal) {
      if (!isAccountId(partition.name.account)) return undefined;
      await takeUp();
      let retry: TimerHandle | undefined;
      for (;;) {
        await woken(partition, 'networks', signal);
        if (signal.aborted) return undefined;
        const own = [...there].flatMap(([vpc, applied]) => (applied.partition === partition ? vpc : []));
        const wanted = new Set([...(await again(() => partition.read(attachedVpcs))), ...own]);
        const results = await Promise.allSettled([...wanted].map((vpc) => apply(partition, vpc)));
        const failures = results.flatMap((result) => (result.status === 'rejected' ? String(result.reason) : []));
        for (const reason of failures) log.log('error', 'a network could not be brought about', { reason });
        retry?.cancel();
        retry = failures.length > 0 ? clock.after(RETRY, () => wakeNow(partition, 'networks')) : undefined;
      }
    },
  };
}

const attachedVpcs = (tx: ReadTransaction): string[] =>
  networkInterfaces.all(tx).flatMap(({ vpc, attachment }) => (attachment === undefined ? [] : vpc));
