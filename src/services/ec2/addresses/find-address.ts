/** Elastic addresses by what inputs name them by: their allocation, their association, or themselves. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { type AddressRow, addresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';

interface Named {
  readonly AllocationId?: string;
  readonly PublicIp?: string;
}

export const addressOfIp = (tx: ReadTransaction, ip: string): AddressRow | undefined =>
  addresses.all(tx).find(({ publicIp }) => publicIp === ip);

export function namedAddress(tx: ReadTransaction, { AllocationId: id, PublicIp: ip }: Named): AddressRow {
  if (id !== undefined && ip !== undefined) {
    fail('InvalidCombination', 'You may specify public IP or allocation id, but not both in the same call');
  }
  if (id !== undefined) return addresses.find(tx, id) ?? fail('NoSuchAllocation', id);
  if (ip !== undefined) return addressOfIp(tx, ip) ?? fail('NoSuchAddress', ip);
  return fail('MissingParameter', 'AllocationId');
}

/** For permissions: the id, also of what is not there. */
export const namedAddressId = (tx: ReadTransaction, { AllocationId: id, PublicIp: ip }: Named): string | undefined =>
  id ?? (ip === undefined ? undefined : addressOfIp(tx, ip)?.id);

export const addressOfAssociation = (tx: ReadTransaction, id: string): AddressRow | undefined =>
  addresses.all(tx).find(({ association }) => association?.id === id);
