/** Internet gateways. */
import { rowsById } from '#services/ec2/rows.ts';

export interface InternetGatewayRow {
  readonly id: string;
  readonly vpc?: string;
}

export const internetGateways = rowsById<InternetGatewayRow>('internet-gateway', { wakes: 'networks' });
