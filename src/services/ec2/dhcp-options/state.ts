/** DHCP option sets. */
import { rowsById } from '#services/ec2/rows.ts';

export interface DhcpOptionsRow {
  readonly id: string;
  /** `domain-name` -> its values. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

export const dhcpOptions = rowsById<DhcpOptionsRow>('dhcp-options', { wakes: 'networks' });
