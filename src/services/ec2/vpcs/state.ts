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
  readonly createdAt: number;
}

export const vpcs = rowsById<VpcRow>('vpc');
