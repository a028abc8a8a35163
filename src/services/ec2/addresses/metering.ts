/**
 * What a public address costs: by the second, as long as the account has it, in use or idle ("Amazon VPC pricing", public IPv4
 * addresses). It is counted when its use changes, when it is given up, and every hour; the row says up to when.
 */
import { meterIn } from '#platform/metering/usage.ts';
import type { Transaction } from '#platform/store/store.ts';
import { type AddressRow, addresses } from '#services/ec2/addresses/state.ts';
import { resourceArn } from '#services/ec2/resources.ts';

/** The row, counted up to `now`; it is written if anything was counted. */
export function meteredAddress(tx: Transaction, row: AddressRow, now: number): AddressRow {
  const seconds = Math.floor((now - row.meteredUntil) / 1000);
  if (seconds <= 0) return row;
  // An address is of an account, whose partition it is in.
  const resource = resourceArn(tx.partition.name, 'elastic-ip', row.id);
  const usageType = row.association === undefined ? 'PublicIPv4:IdleAddress' : 'PublicIPv4:InUseAddress';
  meterIn(tx, now, { usageType, operation: 'AllocateAddress', resource }, seconds);
  const counted = { ...row, meteredUntil: row.meteredUntil + seconds * 1000 };
  addresses.put(tx, counted);
  return counted;
}

export function meterAddresses(tx: Transaction, now: number): void {
  for (const row of addresses.all(tx)) meteredAddress(tx, row, now);
}
