/** What those who look after instances share, as there is one host for all accounts and regions. */
import { seconds } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Host } from '#platform/compute/host.ts';
import type { Ending, EndListener, MachineId } from '#platform/compute/machine.ts';
import type { Partition } from '#platform/store/store.ts';
import { type BootGate, bootGate } from '#services/ec2/instances/boot-gate.ts';
import { type Orphans, orphansOf, ownerOf } from '#services/ec2/orphans/orphans.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export interface Crew {
  readonly gate: BootGate;
  /** What the host runs, looked at after the call: those who ask at the same time look once. */
  observe(): Promise<ReadonlySet<MachineId>>;
  /** What has ended is noted: before that nobody acts on its being gone. */
  noted(id: MachineId): Promise<void> | undefined;
  /** Who is told when one of the partition's machines ends, until `leave`; also of those that ended before. */
  join(partition: Partition, onEnd: EndListener): { leave(): void };
  readonly orphans: Orphans;
}

const BOOTS_PER_CORE = 2;
/** Until a guest's services are up, roughly. */
const SETTLING = { kvm: seconds(1), tcg: seconds(5) } as const;

export function newCrew(parts: Pick<Ec2Parts, 'store' | 'clock' | 'networks'>, host: Host): Crew {
  const { machines } = host;
  const members = new Map<Partition, EndListener>();
  /** Machines are found again before their accounts' partitions are: who ended meanwhile waits for its own. */
  const waiting = new Map<Partition, ((tell: EndListener) => void)[]>();
  let next: Promise<ReadonlySet<MachineId>> | undefined;
  const ends = new Map<MachineId, Promise<void>>();

  async function note(id: MachineId, ending: Ending): Promise<void> {
    const owner = await ownerOf(parts.store, id);
    if (owner === undefined) return;
    const tell = members.get(owner);
    if (tell !== undefined) return tell(id, ending);
    return new Promise((resolve) => {
      getOrInsert(waiting, owner, () => []).push((later) => resolve(later(id, ending)));
    });
  }

  machines.onEnd((id, ending) => {
    const noted = note(id, ending).finally(() => {
      if (ends.get(id) === noted) ends.delete(id);
    });
    ends.set(id, noted);
    return noted;
  });

  return {
    noted: (id) => ends.get(id)?.catch(() => {}),
    gate: bootGate(parts.clock, BOOTS_PER_CORE * machines.capacity.vcpus, SETTLING[machines.accelerator]),
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
      // At once: who looks at its instances next must not start again what has ended.
      for (const tell of waiting.get(partition) ?? []) tell(onEnd);
      waiting.delete(partition);
      return { leave: () => members.delete(partition) };
    },
    orphans: orphansOf(parts, host),
  };
}
