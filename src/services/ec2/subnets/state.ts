/** Subnets, and what of them is reserved. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface SubnetRow {
  readonly id: string;
  readonly vpc: string;
  readonly cidr: string;
  /** `us-east-1a` */
  readonly zone: string;
  readonly isDefault: boolean;
  readonly givesPublicIp: boolean;
  readonly hostNameType: 'ip-name' | 'resource-name';
  readonly hasDnsARecord: boolean;
}

export const subnets = rowsById<SubnetRow>('subnet', { wakes: 'networks' });

export interface CidrReservationRow {
  /** `scr-…` */
  readonly id: string;
  readonly subnet: string;
  readonly cidr: string;
  readonly type: 'prefix' | 'explicit';
  readonly description?: string;
}

export const cidrReservations = rowsById<CidrReservationRow>('subnet-cidr-reservation');

export const reservationsIn = (tx: ReadTransaction, subnet: string): CidrReservationRow[] =>
  cidrReservations.all(tx).filter((row) => row.subnet === subnet);
