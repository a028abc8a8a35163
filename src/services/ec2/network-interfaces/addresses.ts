/** Private addresses of a subnet: which are free, and who has which. The first four of a subnet, and the last, are AWS's. */
import { guessBelow } from '#platform/base/ids.ts';
import { blockOf, formatIp, isInBlock, lastOf, parseIp, sizeOf } from '#platform/network/ipv4.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { subnetAddresses } from '#services/ec2/network-interfaces/state.ts';
import { reservationsIn, type SubnetRow } from '#services/ec2/subnets/state.ts';

/** "The first four IP addresses and the last IP address in each subnet CIDR block are not available for your use." */
const [RESERVED_BEFORE, RESERVED_BEHIND] = [4, 1];
/** Addresses are handed out at random, so that one is not had again at once; where few are left, in order. */
const GUESSES = 16;

type Subnet = Pick<SubnetRow, 'id' | 'cidr'>;

function usableOf(subnet: Subnet): { first: number; count: number } {
  const block = blockOf(subnet.cidr);
  return { first: block.first + RESERVED_BEFORE, count: sizeOf(block) - RESERVED_BEFORE - RESERVED_BEHIND };
}

const isTaken = (tx: ReadTransaction, subnet: Subnet, address: number): boolean =>
  tx.get(subnetAddresses, subnetAddresses.key(subnet.id, address)) !== undefined;

/** The interface; undefined: nobody's, or no address. */
export function ownerOfAddress(tx: ReadTransaction, subnet: string, ip: string): string | undefined {
  const address = parseIp(ip);
  return address === undefined ? undefined : tx.get(subnetAddresses, subnetAddresses.key(subnet, address))?.interface;
}

const takenIn = (tx: ReadTransaction, { id }: Subnet): number[] =>
  tx.range(subnetAddresses, { prefix: [id] }).map(({ key }) => subnetAddresses.parts(key)[1]);

export const freeCount = (tx: ReadTransaction, subnet: Subnet): number =>
  usableOf(subnet).count - takenIn(tx, subnet).length;

function freeAddress(tx: ReadTransaction, subnet: Subnet): number {
  const { first, count } = usableOf(subnet);
  const reserved = reservationsIn(tx, subnet.id).map(({ cidr }) => blockOf(cidr));
  const isReserved = (address: number): boolean => reserved.some((block) => isInBlock(block, address));
  for (let guess = 0; guess < GUESSES; guess++) {
    const address = first + guessBelow(count);
    if (!isReserved(address) && !isTaken(tx, subnet, address)) return address;
  }
  const taken = new Set(takenIn(tx, subnet));
  for (let address = first; address < first + count; address++) {
    if (!taken.has(address) && !isReserved(address)) return address;
  }
  return fail('NoFreeAddresses', subnet.id);
}

function checked(tx: ReadTransaction, subnet: Subnet, ip: string): number {
  const block = blockOf(subnet.cidr);
  const address = parseIp(ip);
  if (address === undefined) return fail('InvalidParameter', 'address', ip, 'This is not a valid IPv4 address.');
  if (!isInBlock(block, address)) fail('AddressOutside', ip);
  const isReserved = address < block.first + RESERVED_BEFORE || address > lastOf(block) - RESERVED_BEHIND;
  if (isReserved) fail('AddressReserved', ip);
  if (isTaken(tx, subnet, address)) fail('AddressInUse', ip);
  return address;
}

/** The given ones, and as many more as to be `count`; they are the interface's from here on. */
export function takeAddresses(
  tx: Transaction,
  subnet: Subnet,
  owner: string,
  given: readonly string[],
  count: number,
): string[] {
  const take = (address: number): string => {
    tx.put(subnetAddresses, subnetAddresses.key(subnet.id, address), { interface: owner });
    return formatIp(address);
  };
  const taken = given.map((ip) => take(checked(tx, subnet, ip)));
  while (taken.length < count) taken.push(take(freeAddress(tx, subnet)));
  return taken;
}

export function releaseAddresses(tx: Transaction, subnet: string, ips: readonly string[]): void {
  for (const ip of ips) tx.delete(subnetAddresses, subnetAddresses.key(subnet, parseIp(ip) ?? 0));
}
