/** Secondary private addresses. One that is moved here from another interface of the subnet brings its elastic address along. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { associated, disassociated } from '#services/ec2/addresses/associate.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { ownerOfAddress, releaseAddresses, takeAddresses } from '#services/ec2/network-interfaces/addresses.ts';
import { findInterface, ownInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import { refusePrefixes } from '#services/ec2/network-interfaces/interfaces.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { findSubnet } from '#services/ec2/subnets/subnets.ts';

export function assignPrivateIpAddresses(
  input: Model.AssignPrivateIpAddressesRequest,
  call: Call,
): Model.AssignPrivateIpAddressesResult {
  const { tx, now } = call;
  refusePrefixes(input);
  const { PrivateIpAddresses: given = [], SecondaryPrivateIpAddressCount: count = 0 } = input;
  const { id } = ownInterface(tx, input.NetworkInterfaceId);
  if (given.length > 0 && count > 0) {
    fail('InvalidCombination', 'privateIpAddresses may not be used with secondaryPrivateIpAddressCount.');
  }
  if (given.length === 0 && count <= 0) fail('MissingParameter', 'privateIpAddress');
  const freed = input.AllowReassignment === true ? given.flatMap((ip) => takenAway(tx, id, ip, now)) : [];
  const row = findInterface(tx, id);
  const own = new Set(row.addresses.map(({ ip }) => ip));
  const wanted = given.filter((ip) => !own.has(ip));
  const most = mostAddresses(tx, row);
  const total = row.addresses.length + Math.max(wanted.length, count);
  if (most !== undefined && total > most) fail('PrivateAddressLimit');
  const taken = takeAddresses(tx, findSubnet(tx, row.subnet), id, wanted, Math.max(wanted.length, count));
  networkInterfaces.put(tx, { ...row, addresses: [...row.addresses, ...taken.map((ip) => ({ ip }))] });
  for (const { allocation, ip } of freed) {
    const elastic = addresses.find(tx, allocation);
    if (elastic !== undefined) associated(tx, elastic, id, ip, now);
  }
  const assigned = [...given.filter((ip) => own.has(ip)), ...taken];
  return { NetworkInterfaceId: id, AssignedPrivateIpAddresses: assigned.map((ip) => ({ PrivateIpAddress: ip })) };
}

/** Of the type of its instance; where it has none, nobody knows yet. */
function mostAddresses(tx: ReadTransaction, { attachment }: NetworkInterfaceRow): number | undefined {
  const instance = attachment && instances.find(tx, attachment.instance);
  return instance && instanceType(instance.type)?.addresses;
}

/** From another interface of the subnet: free now. Answers the elastic address that led there. */
function takenAway(tx: Transaction, to: string, ip: string, now: number): { allocation: string; ip: string }[] {
  const { subnet } = findInterface(tx, to);
  const owner = ownerOfAddress(tx, subnet, ip);
  if (owner === undefined || owner === to) return [];
  const row = findInterface(tx, owner);
  if (row.addresses[0]?.ip === ip) {
    fail('InvalidValue', `The primary private IP address ${ip} of interface ${owner} may not be reassigned.`);
  }
  const { allocation } = row.addresses.find((address) => address.ip === ip) ?? {};
  dropAddresses(tx, row, [ip], now);
  return allocation === undefined ? [] : [{ allocation, ip }];
}

function dropAddresses(tx: Transaction, row: NetworkInterfaceRow, ips: readonly string[], now: number): void {
  for (const { ip, allocation } of row.addresses) {
    const elastic = ips.includes(ip) && allocation !== undefined ? addresses.find(tx, allocation) : undefined;
    if (elastic !== undefined) disassociated(tx, elastic, now);
  }
  const left = findInterface(tx, row.id).addresses.filter(({ ip }) => !ips.includes(ip));
  networkInterfaces.put(tx, { ...row, addresses: left });
  releaseAddresses(tx, row.subnet, ips);
}

export function unassignPrivateIpAddresses(input: Model.UnassignPrivateIpAddressesRequest, { tx, now }: Call): void {
  const { PrivateIpAddresses: ips = [] } = input;
  refusePrefixes(input);
  const row = ownInterface(tx, input.NetworkInterfaceId);
  if (ips.length === 0) fail('MissingParameter', 'privateIpAddress');
  const [primary, ...secondary] = row.addresses.map(({ ip }) => ip);
  if (ips.some((ip) => ip === primary)) {
    fail('InvalidValue', `The primary private IP address ${primary} of interface ${row.id} may not be unassigned.`);
  }
  if (ips.some((ip) => !secondary.includes(ip))) {
    fail('InvalidValue', `Some of [${ips.join(', ')}] are not assigned to interface ${row.id}`);
  }
  dropAddresses(tx, row, ips, now);
}
