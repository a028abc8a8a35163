/** Quotas of networks, with the codes and defaults of Amazon VPC's and EC2's ("Amazon VPC quotas"). */
import type { QuotaDeclaration } from '#platform/service.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import type { Rows } from '#services/ec2/rows.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

export const VPCS = 'L-F678F1CE';
export const CIDRS_PER_VPC = 'L-83CA0A9D';
export const SUBNETS_PER_VPC = 'L-407747CB';
export const ROUTE_TABLES_PER_VPC = 'L-589F43AA';
export const ROUTES_PER_TABLE = 'L-93826ACB';
export const INTERNET_GATEWAYS = 'L-A4707A72';
export const SECURITY_GROUPS = 'L-E79EC296';
export const RULES_PER_GROUP = 'L-0EA8095F';
export const GROUPS_PER_INTERFACE = 'L-2AFB9258';
export const NETWORK_INTERFACES = 'L-DF5E4CA3';
export const ELASTIC_ADDRESSES = 'L-0263D0A3';

const quota = (name: string, value: number, counted?: Rows<unknown>): QuotaDeclaration => ({
  name,
  description: `The maximum number of ${name}.`,
  value,
  unit: 'None',
  adjustable: true,
  ...(counted && { used: (tx) => tx.range(counted.table).length }),
});

export const networkQuotas = {
  [VPCS]: quota('VPCs per Region', 5, vpcs),
  [CIDRS_PER_VPC]: quota('IPv4 CIDR blocks per VPC', 5),
  [SUBNETS_PER_VPC]: quota('Subnets per VPC', 200),
  [ROUTE_TABLES_PER_VPC]: quota('Route tables per VPC', 200),
  [ROUTES_PER_TABLE]: quota('Routes per route table', 500),
  [INTERNET_GATEWAYS]: quota('Internet gateways per Region', 5, internetGateways),
  [SECURITY_GROUPS]: quota('VPC security groups per Region', 2500, securityGroups),
  [RULES_PER_GROUP]: quota('Inbound or outbound rules per security group', 60),
  [GROUPS_PER_INTERFACE]: quota('Security groups per network interface', 5),
  [NETWORK_INTERFACES]: quota('Network interfaces per Region', 5000, networkInterfaces),
  [ELASTIC_ADDRESSES]: quota('EC2-VPC Elastic IPs', 5, addresses),
} satisfies Record<string, QuotaDeclaration>;
