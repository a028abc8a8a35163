/** What those who look after instances share, as there is one host for all accounts and regions. */
import { minutes, seconds } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { Ending, MachineId } from '#platform/compute/machine.ts';
import type { Partition, Store } from '#platform/store/store.ts';
import { type BootGate, bootGate } from '#services/ec2/instances/boot-gate.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { upInstances } from '#services/ec2/instances/up.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export interface Crew {
  readonly gate: BootGate;
  /** What the host runs, looked at after the call: those who ask at the same time look once. */
  observe(): Promise<ReadonlySet<MachineId>>;
  /** Who is told when one of the partition's machines ends, until `leave`. */
  join(partition: Partition, onEnd: (id: MachineId, ending: Ending) => void): { leave(): void };
  /** Kills what runs and is nobody's. */
  clear(): Promise<void>;
}

const BOOTS_PER_CORE = 2;
/** Until a guest's services are up, roughly. */
const SETTLING = { kvm: seconds(1), tcg: seconds(5) } as const;
/** A machine is started after its row was written, so what has no row for this long is left over. */
const GRACE = minutes(1);

export function newCrew({ store, clock }: Pick<Ec2Parts, 'store' | 'clock'>, { machines }: Host): Crew {
  const members = new Map<Partition, (id: MachineId, ending: Ending) => void>();
  const orphans = new Map<MachineId, number>();
  let next: Promise<ReadonlySet<MachineId>> | undefined;

  machines.onEnd((id, ending) => {
    const owner = ownerOf(store, id);
    if (owner !== undefined) members.get(owner)?.(id, ending);
  });

  return {
    gate: bootGate(clock, BOOTS_PER_CORE * machines.capacity.vcpus, SETTLING[machines.accelerator]),
    observe() {
      // Who asks in this turn shares the look of the next.
      next ??= Promise.resolve().then(() => {
        next = undefined;
        return machines.running();
      });
      return next;
    },
    join(partition, onEnd) {
      members.set(partition, onEnd);
      return { leave: () => members.delete(partition) };
    },
    async clear() {
      const running = await machines.running();
      const now = clock.now();
      for (const id of orphans.keys()) if (!running.has(id)) orphans.delete(id);
      const up = new Set(partitionsOf(store).flatMap((partition) => [...upInstances(partition).keys()]));
      for (const id of running) {
        if (up.has(id) || ownerOf(store, id) !== undefined) continue;
        const since = orphans.get(id) ?? now;
        orphans.set(id, since);
        if (now - since < GRACE) continue;
        await machines.kill(id);
        await machines.forget(id);
      }
    },
  };
}

const partitionsOf = (store: Store): Partition[] =>
  store.partitions({ service: 'ec2' }).map((name) => store.partition(name));

const ownerOf = (store: Store, id: MachineId): Partition | undefined =>
  partitionsOf(store).find((partition) => partition.read((tx) => instances.find(tx, id)) !== undefined);
