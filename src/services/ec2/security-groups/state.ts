/** Security groups, each with its rules. */
import { rowsById } from '#services/ec2/rows.ts';

export type Peer =
  | { readonly kind: 'ipv4'; readonly cidr: string }
  | { readonly kind: 'ipv6'; readonly cidr: string }
  | { readonly kind: 'group'; readonly group: string; readonly account: string }
  | { readonly kind: 'prefix-list'; readonly list: string };

export interface SecurityGroupRule {
  /** `sgr-…` */
  readonly id: string;
  readonly isEgress: boolean;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all. */
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly peer: Peer;
  readonly description?: string;
}

export interface SecurityGroupRow {
  readonly id: string;
  readonly vpc: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SecurityGroupRule[];
}

export const securityGroups = rowsById<SecurityGroupRow>('security-group', { wakes: 'networks' });
