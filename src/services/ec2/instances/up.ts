/**
 * Instances that are up, in the partition's memory: what quotas count and a host's capacity is taken by, without reading thousands of
 * rows. Whoever changes an instance's state or type writes it by `putInstance`.
 */
import type { MemorySlot, Partition, Transaction } from '#platform/store/store.ts';
import { isUp } from '#services/ec2/instances/lifecycle.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';

export interface UpInstance {
  readonly type: string;
  readonly zone: string;
  readonly vcpus: number;
}

const vcpusOf = ({ cpu }: InstanceRow): number => cpu.cores * cpu.threadsPerCore;

const slot: MemorySlot<Map<string, UpInstance>> = {
  name: 'instances/up',
  load: (partition) => {
    const rows = partition.read((tx) => instances.all(tx)).filter(isUp);
    return new Map(rows.map((row) => [row.id, upOf(row)]));
  },
};

const upOf = (row: InstanceRow): UpInstance => ({ type: row.type, zone: row.zone, vcpus: vcpusOf(row) });

export const upInstances = (partition: Partition): ReadonlyMap<string, UpInstance> => partition.memory(slot);

export function putInstance(tx: Transaction, row: InstanceRow): InstanceRow {
  const up = tx.partition.memory(slot);
  const before = up.get(row.id);
  instances.put(tx, row);
  set(up, row.id, isUp(row) ? upOf(row) : undefined);
  tx.onUndo(() => set(up, row.id, before));
  return row;
}

function set(up: Map<string, UpInstance>, id: string, value: UpInstance | undefined): void {
  if (value === undefined) up.delete(id);
  else up.set(id, value);
}
