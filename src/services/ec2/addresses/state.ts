/** Elastic addresses; and the public addresses that are the account's, whoever uses them (public-addresses.ts). */
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface AddressRow {
  /** `eipalloc-…` */
  readonly id: string;
  readonly publicIp: string;
  readonly allocatedAt: number;
  /** Its time is counted up to here (metering.ts). */
  readonly meteredUntil: number;
  /** With the interface and the private address that it leads to. */
  readonly association?: {
    /** `eipassoc-…` */
    readonly id: string;
    readonly interface: string;
    readonly privateIp: string;
  };
}

export const addresses = rowsById<AddressRow>('address');

/** Public addresses of this account in this region that nobody uses at present: kept for a while, so that one can be had again. */
export const spareAddresses = table('spare-address', [text], jsonRows<{ readonly since: number }>(1));

/** Of the directory that all accounts and regions share: who has a public address. */
export const publicAddressOwners = table(
  'public-address',
  [text],
  jsonRows<{ readonly account: string; readonly region: string }>(1),
);
