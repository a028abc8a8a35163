/** Network interfaces, and who has which address of a subnet. */
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import { attachmentChanges } from '#services/ec2/instances/changes.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface PrivateAddress {
  readonly ip: string;
  /** An elastic address is the `eipalloc-…` that is associated with it; another public one is borrowed as long as its instance runs. */
  readonly publicIp?: string;
  readonly allocation?: string;
  /** `eipassoc-…` */
  readonly association?: string;
}

export const isBorrowed = ({ publicIp, allocation }: PrivateAddress): boolean =>
  publicIp !== undefined && allocation === undefined;

export interface Attachment {
  /** `eni-attach-…` */
  readonly id: string;
  readonly instance: string;
  readonly deviceIndex: number;
  readonly deletesOnTermination: boolean;
  readonly attachedAt: number;
  readonly status: 'attaching' | 'attached' | 'detaching';
  /** While detaching: the guest is not waited for. */
  readonly isForced?: true;
}

/** What an interface belongs to that EC2 has made itself: its account can look at it, and do nothing with it. */
export interface InterfaceManager {
  readonly kind: 'instance-connect-endpoint';
  readonly id: string;
  /** `ela-attach-…`: shown in the place of an instance's. */
  readonly attachment: string;
}

export interface NetworkInterfaceRow {
  readonly id: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly zone: string;
  readonly mac: string;
  readonly description: string;
  readonly groups: readonly string[];
  /** The first one is the primary. */
  readonly addresses: readonly PrivateAddress[];
  readonly isSourceChecked: boolean;
  readonly requester: string;
  readonly attachment?: Attachment;
  readonly manager?: InterfaceManager;
  readonly createdAt: number;
}

export const networkInterfaces = rowsById<NetworkInterfaceRow>('network-interface', {
  wakes: 'networks',
  changes: attachmentChanges,
  keeps: 50_000,
});

/** Subnet, address as a number. Written with the interface (addresses.ts). */
export const subnetAddresses = table('subnet-address', [text, u64], jsonRows<{ readonly interface: string }>(1));
