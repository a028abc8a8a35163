/** Elastic addresses. */
import { rowsById } from '#services/ec2/rows.ts';

export interface AddressRow {
  /** `eipalloc-…` */
  readonly id: string;
  readonly publicIp: string;
  /** With the interface and the private address that it leads to. */
  readonly association?: {
    /** `eipassoc-…` */
    readonly id: string;
    readonly interface: string;
    readonly privateIp: string;
  };
}

export const addresses = rowsById<AddressRow>('address');
