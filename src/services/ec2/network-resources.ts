/** Rows of RESOURCES: all nouns of networks. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { dhcpOptions } from '#services/ec2/dhcp-options/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { instanceConnectEndpoints } from '#services/ec2/instance-connect-endpoints/state.ts';
import { internetGateways } from '#services/ec2/internet-gateways/state.ts';
import { defaultAcls } from '#services/ec2/network-acls/default-acls.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { prefixLists } from '#services/ec2/prefix-lists/state.ts';
import type { ResourceKind } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import type { Rows } from '#services/ec2/rows.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { cidrReservations, subnets } from '#services/ec2/subnets/state.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

const kept = (type: ResourceKind['type'], rows: Rows<unknown>, absent: ResourceKind['absent']): ResourceKind => ({
  type,
  exists: (tx, id) => rows.find(tx, id) !== undefined,
  absent,
});

/** Rules are kept in their groups. */
const hasRule = (tx: ReadTransaction, id: string): boolean =>
  securityGroups.all(tx).some(({ rules }) => rules.some((rule) => rule.id === id));

export const NETWORK_RESOURCES = {
  acl: {
    type: 'network-acl',
    exists: (tx, id) => defaultAcls.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchNetworkAcl', id),
  },
  vpc: kept('vpc', vpcs, (id) => fail('NoSuchVpc', id)),
  scr: kept('subnet-cidr-reservation', cidrReservations, (id) => fail('NoSuchReservation', id)),
  subnet: kept('subnet', subnets, (id) => fail('NoSuchSubnet', id)),
  rtb: kept('route-table', routeTables, (id) => fail('NoSuchRouteTable', id)),
  igw: kept('internet-gateway', internetGateways, (id) => fail('NoSuchInternetGateway', id)),
  sg: kept('security-group', securityGroups, (id) => fail('NoSuchGroup', id)),
  sgr: { type: 'security-group-rule', exists: hasRule, absent: (id) => fail('NoSuchRule', id) },
  eni: kept('network-interface', networkInterfaces, (id) => fail('NoSuchInterface', id)),
  eipalloc: kept('elastic-ip', addresses, (id) => fail('NoSuchAllocation', id)),
  dopt: kept('dhcp-options', dhcpOptions, (id) => fail('NoSuchDhcpOptions', id)),
  eice: kept('instance-connect-endpoint', instanceConnectEndpoints, (id) => fail('NoSuchConnectEndpoint', id)),
  pl: kept('prefix-list', prefixLists, (id) => fail('NoSuchPrefixList', id)),
} satisfies Record<string, ResourceKind>;
