/** Who asks the metadata service, found by the interface that the question came from: never by what the guest says. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { MetadataConnection } from '#platform/network/network.ts';
import type { Partition, ReadTransaction } from '#platform/store/store.ts';
import { type Tags, tagsOf } from '#platform/tags.ts';
import { attachedTo } from '#services/ec2/instances/machine-spec.ts';
import { type InstanceRow, instances, userData } from '#services/ec2/instances/state.ts';
import { viewerOf } from '#services/ec2/instances/view.ts';
import { findKeyPair, type KeyPairRow } from '#services/ec2/key-pairs/state.ts';
import type { InstanceIdentity } from '#services/ec2/metadata/identity-document.ts';
import type { Directory } from '#services/ec2/metadata/tree.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import type { VolumeRow } from '#services/ec2/volumes/state.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

/** The rows, as they are at one time. */
export interface GuestRows {
  readonly account: AccountId;
  readonly region: Region;
  readonly row: InstanceRow;
  readonly primary: NetworkInterfaceRow | undefined;
  readonly interfaces: readonly NetworkInterfaceRow[];
  readonly volumes: readonly VolumeRow[];
  readonly key: KeyPairRow | undefined;
  readonly tags: Tags;
  readonly userData: Buffer | undefined;
  readonly zoneId: string;
  readonly hasHostnames: boolean;
  readonly vpcCidrs: readonly string[];
  groupNames(ids: readonly string[]): readonly string[];
  subnetCidr(id: string): string | undefined;
}

export interface Guest extends GuestRows {
  readonly identity: InstanceIdentity;
  /** By the user of the guest: who may log in as them at present (EC2 Instance Connect). */
  readonly activeKeys: ReadonlyMap<string, string>;
  /** `iam/`, if it has a profile. */
  readonly iam: Directory;
}

/** Undefined: nobody whom anything is to be told. */
export function guestOf(partition: Partition, { interface: id, source }: MetadataConnection): GuestRows | undefined {
  return partition.read((tx) => {
    const asked = networkInterfaces.find(tx, id);
    const row = asked?.attachment && instances.find(tx, asked.attachment.instance);
    if (row === undefined || row.state === 'terminated') return undefined;
    // The network has proven it; what it says must still be so.
    if (!asked?.addresses.some(({ ip }) => ip === source)) return undefined;
    return rowsOf(tx, row);
  });
}

function rowsOf(tx: ReadTransaction, row: InstanceRow): GuestRows {
  const viewer = viewerOf(tx);
  const { interfaces, volumes } = attachedTo(tx, row);
  const vpc = vpcs.find(tx, row.vpc);
  const kept = userData.find(tx, row.id);
  // Read now: what is told is of one time.
  const cidrs = new Map(interfaces.map(({ subnet }) => [subnet, subnets.find(tx, subnet)?.cidr]));
  const names = new Map(interfaces.flatMap(({ groups }) => groups).map((id) => [id, viewer.groupName(id)]));
  return {
    account: viewer.account,
    region: viewer.region,
    row,
    interfaces,
    volumes,
    primary: interfaces.find(({ attachment }) => attachment?.deviceIndex === 0) ?? interfaces[0],
    key: row.keyName === undefined ? undefined : findKeyPair(tx, row.keyName),
    tags: tagsOf(tx, resourceArn(viewer, 'instance', row.id)),
    userData: kept && Buffer.from(kept.base64, 'base64'),
    zoneId: viewer.zoneId(row.zone),
    hasHostnames: vpc?.hasDnsHostnames ?? false,
    vpcCidrs: vpc?.cidrs.map(({ cidr }) => cidr) ?? [],
    groupNames: (ids) => ids.map((id) => names.get(id) ?? ''),
    subnetCidr: (id) => cidrs.get(id),
  };
}
