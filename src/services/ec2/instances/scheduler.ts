/**
 * Whether a host has room for an instance. There is one host so far: it stands in every zone that it says, and what is up anywhere, in
 * whichever account or region, shares its processors and its memory. Processors are promised several times over, as most guests idle;
 * memory is not, unless a host says so.
 */

import type { Region } from '#platform/base/ids.ts';
import type { Host } from '#platform/compute/host.ts';
import type { Store } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { type InstanceType, instanceType } from '#services/ec2/instance-types/types.ts';
import { upInstances } from '#services/ec2/instances/up.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';

const OVERCOMMIT = { vcpus: 8, memory: 1 };

/** How many more instances of this type there is room for. */
export function roomFor({ host, store }: Pick<Ec2Parts, 'host' | 'store'>, type: InstanceType, zone: string): number {
  if (host === undefined || !isIn(host, zone)) return 0;
  const { capacity } = host.machines;
  // A machine can't have more processors than there are.
  if (type.vcpus > capacity.vcpus) return 0;
  const { vcpus, memory } = host.overcommit ?? OVERCOMMIT;
  const used = usedOf(store);
  const byProcessors = (capacity.vcpus * vcpus - used.vcpus) / type.vcpus;
  const byMemory = (capacity.memoryMiB * memory - used.memoryMiB) / type.memoryMiB;
  return Math.max(0, Math.floor(Math.min(byProcessors, byMemory)));
}

const isIn = ({ zones }: Host, zone: string): boolean => zones === undefined || zones.includes(zone);

function usedOf(store: Store): { readonly vcpus: number; readonly memoryMiB: number } {
  let [vcpus, memoryMiB] = [0, 0];
  for (const name of store.partitions({ service: 'ec2' })) {
    for (const up of upInstances(store.partition(name)).values()) {
      vcpus += up.vcpus;
      memoryMiB += instanceType(up.type)?.memoryMiB ?? 0;
    }
  }
  return { vcpus, memoryMiB };
}

export function refuseForCapacity(parts: Ec2Parts, type: InstanceType, zone: string, region: Region): never {
  const others = zonesOf(region).flatMap(({ name }) => (name !== zone && roomFor(parts, type, name) > 0 ? name : []));
  return fail('InsufficientInstanceCapacity', type.name, zone, others);
}
