/**
 * EC2 Instance Connect Endpoints: each has an interface in its subnet, which is its own (`manager`), and through which the host opens
 * connections to machines of the VPC. Security groups are kept with the interface.
 */
import { rowsById } from '#services/ec2/rows.ts';

export interface InstanceConnectEndpointRow {
  /** `eice-…` */
  readonly id: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly zone: string;
  readonly interface: string;
  /** Machines see the client's address, not the interface's. */
  readonly preservesClientIp: boolean;
  /** What was done to it last. */
  readonly state: 'create-complete' | 'update-complete';
  readonly createdAt: number;
}

export const instanceConnectEndpoints = rowsById<InstanceConnectEndpointRow>('instance-connect-endpoint');
