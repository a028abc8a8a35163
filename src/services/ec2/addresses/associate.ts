/**
 * What an elastic address leads to: a private address of an interface. Both rows say so; they are written together, here. A private
 * address has one public address at most, so another one makes room: an elastic one leads nowhere then, a borrowed one is given up.
 */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { addressOfAssociation, addressOfIp, namedAddress } from '#services/ec2/addresses/find-address.ts';
import { meteredAddress } from '#services/ec2/addresses/metering.ts';
import { givePublicIpUp } from '#services/ec2/addresses/public-addresses.ts';
import { type AddressRow, addresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { ownInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import {
  isBorrowed,
  type NetworkInterfaceRow,
  networkInterfaces,
  type PrivateAddress,
} from '#services/ec2/network-interfaces/state.ts';
import { newId } from '#services/ec2/resources.ts';

export function associateAddress(input: Model.AssociateAddressRequest, call: Call): Model.AssociateAddressResult {
  const { tx, now } = call;
  const row = namedAddress(tx, input);
  const target = targetOf(tx, input);
  const { PrivateIpAddress: privateIp = target.addresses[0]?.ip ?? '' } = input;
  if (!target.addresses.some(({ ip }) => ip === privateIp)) {
    fail('InvalidValue', `Private IP address ${privateIp} is not associated with interface ${target.id}`);
  }
  if (!internetGateways.all(tx).some(({ vpc }) => vpc === target.vpc)) fail('NoGateway', target.vpc);
  const { association } = row;
  if (association?.interface === target.id && association.privateIp === privateIp) {
    return { AssociationId: association.id };
  }
  if (association !== undefined && input.AllowReassociation === false) {
    fail('AlreadyAssociated', `resource ${row.id} is already associated with associate-id ${association.id}`);
  }
  const free = disassociated(tx, row, now);
  makeRoom(tx, target.id, privateIp, now);
  return { AssociationId: associated(tx, free, target.id, privateIp, now) };
}

function targetOf(tx: ReadTransaction, input: Model.AssociateAddressRequest): NetworkInterfaceRow {
  const { NetworkInterfaceId: id, InstanceId: instance } = input;
  if (id !== undefined && instance !== undefined) {
    fail('InvalidCombination', 'You may specify either an instance ID or a network interface ID, but not both.');
  }
  if (id !== undefined) return ownInterface(tx, id);
  if (instance === undefined) return fail('MissingParameter', 'InstanceId');
  findInstance(tx, instance);
  const [only, ...others] = networkInterfaces.all(tx).filter(({ attachment }) => attachment?.instance === instance);
  if (only === undefined) return fail('NoInterfaces', instance);
  if (others.length > 0) fail('ManyInterfaces', instance);
  return only;
}

/** The private address is free to have another public one. */
function makeRoom(tx: Transaction, id: string, privateIp: string, now: number): void {
  const present = networkInterfaces.find(tx, id)?.addresses.find(({ ip }) => ip === privateIp);
  const elastic = present?.allocation === undefined ? undefined : addresses.find(tx, present.allocation);
  if (elastic !== undefined) disassociated(tx, elastic, now);
  if (present === undefined || !isBorrowed(present)) return;
  givePublicIpUp(tx, present.publicIp ?? '', now);
  changeAddress(tx, id, privateIp, ({ ip }) => ({ ip }));
}

export function associated(tx: Transaction, row: AddressRow, to: string, privateIp: string, now: number): string {
  const id = newId('eipassoc');
  const counted = meteredAddress(tx, row, now);
  addresses.put(tx, { ...counted, association: { id, interface: to, privateIp } });
  changeAddress(tx, to, privateIp, ({ ip }) => ({
    ip,
    publicIp: row.publicIp,
    allocation: row.id,
    association: id,
  }));
  return id;
}

/** The row, leading nowhere. */
export function disassociated(tx: Transaction, row: AddressRow, now: number): AddressRow {
  const { association, ...free } = meteredAddress(tx, row, now);
  if (association === undefined) return free;
  addresses.put(tx, free);
  changeAddress(tx, association.interface, association.privateIp, ({ ip }) => ({ ip }));
  return free;
}

function changeAddress(
  tx: Transaction,
  id: string,
  privateIp: string,
  change: (address: PrivateAddress) => PrivateAddress,
): void {
  const row = networkInterfaces.find(tx, id);
  if (row === undefined) return;
  const changed = row.addresses.map((address) => (address.ip === privateIp ? change(address) : address));
  networkInterfaces.put(tx, { ...row, addresses: changed });
}

export function disassociateAddress(
  { AssociationId: id, PublicIp: ip }: Model.DisassociateAddressRequest,
  { tx, now }: Call,
): void {
  if (id !== undefined && ip !== undefined) {
    fail('InvalidCombination', 'You may specify public IP or association id, but not both in the same call');
  }
  if (id !== undefined) {
    disassociated(tx, addressOfAssociation(tx, id) ?? fail('NoSuchNetworkAssociation', id), now);
  } else if (ip !== undefined) {
    disassociated(tx, addressOfIp(tx, ip) ?? fail('NoSuchAddress', ip), now);
  } else {
    fail('MissingParameter', 'AssociationId');
  }
}
