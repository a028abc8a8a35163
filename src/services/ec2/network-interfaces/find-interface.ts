/** Network interfaces by their ids. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { type NetworkInterfaceRow, networkInterfaces } from '#services/ec2/network-interfaces/state.ts';

export const findInterface = (tx: ReadTransaction, id: string): NetworkInterfaceRow =>
  networkInterfaces.find(tx, id) ?? fail('NoSuchInterface', id);

/** One that the account may do something with. */
export function ownInterface(tx: ReadTransaction, id: string): NetworkInterfaceRow {
  const row = findInterface(tx, id);
  if (row.manager !== undefined) fail('OperationNotPermitted', MANAGED);
  return row;
}

const MANAGED = 'You do not have permission to access the specified resource.';
