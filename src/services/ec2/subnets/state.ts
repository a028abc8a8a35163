/** Subnets. */
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
