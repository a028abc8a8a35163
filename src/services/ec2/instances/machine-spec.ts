/** An instance as a host is told of it. */
import { present } from '#platform/base/assert.ts';
import type { MachineDisk, MachineNic, MachineSpec } from '#platform/compute/machine.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { diskLimits } from '#services/ec2/volumes/types.ts';

/** What is attached to it, or about to be. */
export interface Attached {
  readonly volumes: readonly VolumeRow[];
  readonly interfaces: readonly NetworkInterfaceRow[];
}

export function attachedTo(tx: ReadTransaction, row: InstanceRow): Attached {
  const isOwn = (one: { readonly attachment?: { readonly instance: string } } | undefined): boolean =>
    one?.attachment?.instance === row.id;
  return {
    volumes: row.devices.flatMap(({ volume }) => volumes.find(tx, volume) ?? []).filter(isOwn),
    interfaces: row.interfaces.flatMap((id) => networkInterfaces.find(tx, id) ?? []).filter(isOwn),
  };
}

export const diskOf = (row: InstanceRow, volume: VolumeRow, key: VolumeKey | undefined): MachineDisk => {
  const { device } = present(volume.attachment, 'only attached volumes are disks');
  return {
    volume: volume.id,
    device,
    isBoot: device === row.rootDevice,
    limits: diskLimits(volume),
    ...(key && { key }),
  };
};

export const nicOf = ({ id, mac, attachment }: NetworkInterfaceRow): MachineNic => ({
  interface: id,
  mac,
  deviceIndex: present(attachment, 'only attached interfaces are in a machine').deviceIndex,
});

export function machineSpec(row: InstanceRow, disks: readonly MachineDisk[], nics: readonly MachineNic[]): MachineSpec {
  const type = present(instanceType(row.type), 'a type that an instance was launched with stays');
  return {
    id: row.id,
    vcpus: row.cpu.cores * row.cpu.threadsPerCore,
    memoryMiB: type.memoryMiB,
    product: row.type,
    uuid: row.uuid,
    boot: row.boot,
    vpc: row.vpc,
    disks,
    nics,
  };
}
