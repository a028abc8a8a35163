/** An instance type: its figures by its name. */
import { FAMILIES, type Family, type SizeFigures } from '#services/ec2/instance-types/families.ts';

export interface InstanceType {
  /** `t3.micro` */
  readonly name: string;
  readonly family: Family;
  readonly size: string;
  readonly clockGHz: number;
  readonly vcpus: number;
  readonly threadsPerCore: number;
  readonly memoryMiB: number;
  readonly interfaces: number;
  /** IPv4, of each interface. */
  readonly addresses: number;
  readonly network: string;
  readonly ebs: SizeFigures[6];
}

const typeOf = (family: Family, [size, vcpus, memoryGiB, interfaces, addresses, network, ebs]: SizeFigures) => ({
  name: `${family.name}.${size}`,
  family,
  size,
  clockGHz: family.clocks?.[size] ?? family.clockGHz,
  vcpus,
  // T2's vCPUs are cores; those of larger types, and of all others, are threads.
  threadsPerCore: family.hypervisor === 'xen' || vcpus === 1 ? 1 : 2,
  memoryMiB: memoryGiB * 1024,
  interfaces,
  addresses,
  network,
  ebs,
});

/** In the order of families and sizes. */
export const instanceTypes: readonly InstanceType[] = FAMILIES.flatMap((family) =>
  family.sizes.map((size) => typeOf(family, size)),
);

const byName: ReadonlyMap<string, InstanceType> = new Map(instanceTypes.map((type) => [type.name, type]));

export const instanceType = (name: string): InstanceType | undefined => byName.get(name);

/** Cores that may be asked for (CPU options): even numbers, and one where a type has no more. */
export function validCores({ vcpus, threadsPerCore }: InstanceType): readonly number[] {
  const most = vcpus / threadsPerCore;
  if (most <= 2) return Array.from({ length: most }, (_, index) => index + 1);
  return Array.from({ length: most / 2 }, (_, index) => 2 * (index + 1));
}

/** Network interfaces and volumes share this many slots on Nitro. */
const NITRO_SLOTS = 28;
const XEN_VOLUMES = 39;

export const mostVolumes = ({ family }: InstanceType): number =>
  family.hypervisor === 'nitro' ? NITRO_SLOTS - 1 : XEN_VOLUMES;
