/** VPCs. */
import { rowsById } from '#services/ec2/rows.ts';

export interface CidrAssociation {
  /** `vpc-cidr-assoc-…` */
  readonly id: string;
  readonly cidr: string;
}

export interface VpcRow {
  readonly id: string;
  readonly isDefault: boolean;
  /** The first one is the primary. */
  readonly cidrs: readonly CidrAssociation[];
  readonly dhcpOptions: string;
  readonly tenancy: 'default' | 'dedicated';
  readonly hasDnsSupport: boolean;
  readonly hasDnsHostnames: boolean;
  readonly hasUsageMetrics: boolean;
  readonly createdAt: number;
}

/** Of an account in a region: its default VPC was made once. Who deletes it asks for the next (CreateDefaultVpc). */
export const defaultVpcsMade = rowsById<{ readonly id: 'vpc' }>('default-vpc-made');

export const vpcs = rowsById<VpcRow>('vpc', { wakes: 'networks' });
