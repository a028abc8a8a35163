/**
 * What happens to an interface, whoever asks for it: its own operations, or those of instances. Each function writes the row in the
 * caller's transaction and answers it. The host follows (networks/apply.ts).
 */
import { randomBytes } from '#platform/base/ids.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags, type Tags } from '#platform/tags.ts';
import { disassociated } from '#services/ec2/addresses/associate.ts';
import { givePublicIpUp, type PublicAddresses } from '#services/ec2/addresses/public-addresses.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { releaseAddresses, takeAddresses } from '#services/ec2/network-interfaces/addresses.ts';
import { addToCount, countInterfaces } from '#services/ec2/network-interfaces/count.ts';
import {
  type Attachment,
  type InterfaceManager,
  isBorrowed,
  type NetworkInterfaceRow,
  networkInterfaces,
  type PrivateAddress,
} from '#services/ec2/network-interfaces/state.ts';
import { GROUPS_PER_INTERFACE, NETWORK_INTERFACES } from '#services/ec2/network-limits.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { DEFAULT_GROUP } from '#services/ec2/security-groups/make-group.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { type SubnetRow, subnets } from '#services/ec2/subnets/state.ts';

export interface InterfaceDraft {
  readonly subnet: string;
  /** None: the VPC's default group. */
  readonly groups?: readonly string[];
  /** The first one is the primary; what is missing to `addressCount` (one, if it is not said) is free ones. */
  readonly privateIps?: readonly string[];
  readonly addressCount?: number;
  readonly description?: string;
  readonly isSourceChecked?: boolean;
  readonly tags?: Tags;
  readonly manager?: InterfaceManager;
}

export function createInterface(
  tx: Transaction,
  call: Pick<Call, 'account' | 'region' | 'now' | 'quota'>,
  draft: InterfaceDraft,
): NetworkInterfaceRow {
  const subnet = subnets.find(tx, draft.subnet) ?? fail('NoSuchSubnet', draft.subnet);
  const most = call.quota(NETWORK_INTERFACES);
  if (countInterfaces(tx.partition) >= most) fail('InterfaceLimit');
  const groups = groupsIn(tx, call, subnet, draft.groups);
  const id = newId('eni');
  const ips = takeAddresses(tx, subnet, id, draft.privateIps ?? [], draft.addressCount ?? 1);
  const row: NetworkInterfaceRow = {
    id,
    vpc: subnet.vpc,
    subnet: subnet.id,
    zone: subnet.zone,
    mac: newMac(),
    description: draft.description ?? '',
    groups,
    addresses: ips.map((ip) => ({ ip })),
    isSourceChecked: draft.isSourceChecked ?? true,
    requester: call.account,
    ...(draft.manager && { manager: draft.manager }),
    createdAt: call.now,
  };
  addToCount(tx, 1);
  networkInterfaces.put(tx, row);
  setTags(tx, resourceArn(call, 'network-interface', id), draft.tags ?? {});
  return row;
}

/** Locally administered, as QEMU's and AWS's own are. */
const newMac = (): string =>
  ['02', ...Array.from(randomBytes(5), (byte) => byte.toString(16).padStart(2, '0'))].join(':');

/** Those given, checked: of the subnet's VPC, each once. */
export function groupsIn(
  tx: ReadTransaction,
  call: Pick<Call, 'quota'>,
  { id, vpc }: Pick<SubnetRow, 'id' | 'vpc'>,
  given: readonly string[] = [],
): readonly string[] {
  if (given.length === 0) return securityGroups.all(tx).flatMap((row) => (isDefaultOf(vpc, row) ? row.id : []));
  const most = call.quota(GROUPS_PER_INTERFACE);
  const groups = [...new Set(given)];
  if (groups.length > most) fail('GroupsPerInterfaceLimit');
  for (const group of groups) {
    const row = securityGroups.find(tx, group) ?? fail('NoSuchGroup', group);
    if (row.vpc !== vpc) fail('GroupElsewhere', group, id);
  }
  return groups;
}

const isDefaultOf = (vpc: string, row: { readonly vpc: string; readonly name: string }): boolean =>
  row.vpc === vpc && row.name === DEFAULT_GROUP;

type NewAttachment = Pick<Attachment, 'instance' | 'deviceIndex' | 'deletesOnTermination'>;

/** It is `attaching` until the instance's reconciler has seen it attached. */
export function attachInterface(
  tx: Transaction,
  row: NetworkInterfaceRow,
  { instance, deviceIndex, deletesOnTermination }: NewAttachment,
  now: number,
): NetworkInterfaceRow {
  if (row.attachment !== undefined) fail('InterfaceInUse', row.id);
  const id = newId('eni-attach');
  const attachment: Attachment = {
    id,
    instance,
    deviceIndex,
    deletesOnTermination,
    attachedAt: now,
    status: 'attaching',
  };
  return put(tx, { ...row, attachment });
}

/** It belongs to no instance any more, and has no borrowed address. */
export function detachInterface(tx: Transaction, row: NetworkInterfaceRow, now: number): NetworkInterfaceRow {
  const { attachment: _, ...detached } = takeBorrowedPublicIp(tx, row, now);
  return put(tx, detached);
}

/** With its tags. Elastic addresses that led to it lead nowhere, and are still the account's. */
export function deleteInterface(
  tx: Transaction,
  call: Pick<Call, 'account' | 'region' | 'now'>,
  row: NetworkInterfaceRow,
): void {
  if (row.attachment !== undefined) fail('InterfaceInUse', row.id);
  takeBorrowedPublicIp(tx, row, call.now);
  for (const { allocation } of row.addresses) {
    const elastic = allocation === undefined ? undefined : addresses.find(tx, allocation);
    if (elastic !== undefined) disassociated(tx, elastic, call.now);
  }
  releaseAddresses(
    tx,
    row.subnet,
    row.addresses.map(({ ip }) => ip),
  );
  addToCount(tx, -1);
  networkInterfaces.drop(tx, row.id);
  deleteTags(tx, resourceArn(call, 'network-interface', row.id));
}

/** For the primary address, as long as its instance runs. Throws Suspend where one has to be asked for first. */
export function giveBorrowedPublicIp(
  tx: Transaction,
  row: NetworkInterfaceRow,
  publicAddresses: Pick<PublicAddresses, 'take'>,
): NetworkInterfaceRow {
  const [primary, ...others] = row.addresses;
  if (primary === undefined || primary.publicIp !== undefined) return row;
  return put(tx, { ...row, addresses: [{ ...primary, publicIp: publicAddresses.take(tx) }, ...others] });
}

export function takeBorrowedPublicIp(tx: Transaction, row: NetworkInterfaceRow, now: number): NetworkInterfaceRow {
  if (!row.addresses.some(isBorrowed)) return row;
  const kept = row.addresses.map((address): PrivateAddress => {
    if (!isBorrowed(address)) return address;
    givePublicIpUp(tx, address.publicIp ?? '', now);
    return { ip: address.ip };
  });
  return put(tx, { ...row, addresses: kept });
}

function put(tx: Transaction, row: NetworkInterfaceRow): NetworkInterfaceRow {
  networkInterfaces.put(tx, row);
  return row;
}
