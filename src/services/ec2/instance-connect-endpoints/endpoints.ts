/**
 * EC2 Instance Connect Endpoints, made, changed and deleted. Everything is done at once; the answers say that it has begun, as AWS's do.
 * What goes through them is in tunnels.ts.
 */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags, tagsOf } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { needLinkedRole } from '#services/ec2/instance-connect-endpoints/linked-role.ts';
import {
  type InstanceConnectEndpointRow,
  instanceConnectEndpoints,
} from '#services/ec2/instance-connect-endpoints/state.ts';
import { endTunnels } from '#services/ec2/instance-connect-endpoints/tunnels.ts';
import { findInterface } from '#services/ec2/network-interfaces/find-interface.ts';
import { createInterface, deleteInterface, groupsIn } from '#services/ec2/network-interfaces/lifecycle.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { findSubnet } from '#services/ec2/subnets/subnets.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';

/** "Quotas for EC2 Instance Connect Endpoint", none of which can be raised. */
const MOST_OF_ACCOUNT = 5;
const MOST_OF_VPC = 1;

type EndpointRow = InstanceConnectEndpointRow;

const findEndpoint = (tx: ReadTransaction, id: string): EndpointRow =>
  instanceConnectEndpoints.find(tx, id) ?? fail('NoSuchConnectEndpoint', id);

/** Subnets have IPv4 alone here, and so have endpoints. */
function checkAddressType(type: Model.IpAddressType | undefined): void {
  if (type === undefined || type === 'ipv4') return;
  fail('InvalidParameter', 'ipAddressType', type, 'The subnet has no IPv6 CIDR block.');
}

function checkRoom(tx: ReadTransaction, vpc: string): void {
  const all = instanceConnectEndpoints.all(tx);
  if (all.filter((row) => row.vpc === vpc).length >= MOST_OF_VPC)
    fail('ConnectEndpointLimit', MOST_OF_VPC, `VPC ${vpc}`);
  if (all.length >= MOST_OF_ACCOUNT) fail('ConnectEndpointLimit', MOST_OF_ACCOUNT, 'account and Region');
}

export const createInstanceConnectEndpoint =
  (parts: Ec2Parts) =>
  (input: Model.CreateInstanceConnectEndpointRequest, call: Call): Model.CreateInstanceConnectEndpointResult => {
    const { tx } = call;
    checkAddressType(input.IpAddressType);
    const subnet = findSubnet(tx, input.SubnetId);
    checkRoom(tx, subnet.vpc);
    const tags = tagsFor('instance-connect-endpoint', input);
    const id = newId('eice');
    const nic = createInterface(tx, call, {
      subnet: subnet.id,
      ...(input.SecurityGroupIds && { groups: input.SecurityGroupIds }),
      description: `EC2 Instance Connect Endpoint ${id}`,
      manager: { kind: 'instance-connect-endpoint', id, attachment: newId('ela-attach') },
    });
    const row: EndpointRow = {
      id,
      vpc: subnet.vpc,
      subnet: subnet.id,
      zone: subnet.zone,
      interface: nic.id,
      preservesClientIp: input.PreserveClientIp ?? false,
      state: 'create-complete',
      createdAt: call.now,
    };
    instanceConnectEndpoints.put(tx, row);
    setTags(tx, resourceArn(call, 'instance-connect-endpoint', id), tags);
    needLinkedRole(parts, call, id);
    return {
      InstanceConnectEndpoint: shownEndpoint(parts, { ...row, tags }, call, 'create-in-progress'),
      ...(input.ClientToken !== undefined && { ClientToken: input.ClientToken }),
    };
  };

export const deleteInstanceConnectEndpoint =
  (parts: Ec2Parts) =>
  (
    { InstanceConnectEndpointId: id }: Model.DeleteInstanceConnectEndpointRequest,
    call: Call,
  ): Model.DeleteInstanceConnectEndpointResult => {
    const { tx } = call;
    const row = findEndpoint(tx, id);
    const arn = resourceArn(call, 'instance-connect-endpoint', id);
    const shown = shownEndpoint(parts, { ...row, tags: tagsOf(tx, arn) }, call, 'delete-in-progress');
    deleteInterface(tx, call, findInterface(tx, row.interface));
    instanceConnectEndpoints.drop(tx, id);
    deleteTags(tx, arn);
    tx.onDurable(() => endTunnels(tx.partition, id));
    return { InstanceConnectEndpoint: shown };
  };

export function modifyInstanceConnectEndpoint(
  input: Model.ModifyInstanceConnectEndpointRequest,
  call: Call,
): Model.ModifyInstanceConnectEndpointResult {
  const { tx } = call;
  const row = findEndpoint(tx, input.InstanceConnectEndpointId);
  const { SecurityGroupIds: groups, PreserveClientIp: preservesClientIp, IpAddressType: addressType } = input;
  if (groups === undefined && preservesClientIp === undefined && addressType === undefined) {
    fail('MissingParameter', 'SecurityGroupId');
  }
  checkAddressType(addressType);
  if (groups !== undefined) {
    // "You must specify at least one group, even if it's just the default security group in the VPC."
    if (groups.length === 0) fail('InvalidCombination', 'You must specify at least one group');
    const nic = findInterface(tx, row.interface);
    networkInterfaces.put(tx, { ...nic, groups: groupsIn(tx, call, { id: row.subnet, vpc: row.vpc }, groups) });
  }
  instanceConnectEndpoints.put(tx, {
    ...row,
    ...(preservesClientIp !== undefined && { preservesClientIp }),
    state: 'update-complete',
  });
  return { Return: true };
}

const FIELDS: Fields<Tagged<EndpointRow>> = {
  'instance-connect-endpoint-id': ({ id }) => id,
  state: ({ state }) => state,
  'subnet-id': ({ subnet }) => subnet,
  'vpc-id': ({ vpc }) => vpc,
};

export const describeInstanceConnectEndpoints =
  (parts: Ec2Parts) =>
  (input: Model.DescribeInstanceConnectEndpointsRequest, call: Call): Model.DescribeInstanceConnectEndpointsResult => {
    const noun = {
      rows: instanceConnectEndpoints,
      type: 'instance-connect-endpoint',
      fields: FIELDS,
      absent: (id: string): never => fail('NoSuchConnectEndpoint', id),
    } as const;
    const { items, more } = describe(parts.pages, call, noun, input, input.InstanceConnectEndpointIds);
    return { InstanceConnectEndpoints: items.map((row) => shownEndpoint(parts, row, call)), ...more };
  };

/** One label below a region, as services are: certificates and records of DNS for those are good for it. */
const dnsName = ({ origin }: Pick<Ec2Parts, 'origin'>, id: string, region: string): string =>
  `${id}.${region}.${new URL(origin()).hostname}`;

function shownEndpoint(
  parts: Pick<Ec2Parts, 'origin'>,
  row: Tagged<EndpointRow>,
  { tx, account, region }: Call,
  state: Model.Ec2InstanceConnectEndpointState = row.state,
): Model.Ec2InstanceConnectEndpoint {
  const zone = zonesOf(region).find(({ name }) => name === row.zone);
  const DnsName = dnsName(parts, row.id, region);
  return {
    OwnerId: account,
    InstanceConnectEndpointId: row.id,
    InstanceConnectEndpointArn: resourceArn({ account, region }, 'instance-connect-endpoint', row.id),
    State: state,
    StateMessage: '',
    DnsName,
    NetworkInterfaceIds: [row.interface],
    VpcId: row.vpc,
    AvailabilityZone: row.zone,
    ...(zone && { AvailabilityZoneId: zone.id }),
    CreatedAt: row.createdAt,
    SubnetId: row.subnet,
    PreserveClientIp: row.preservesClientIp,
    SecurityGroupIds: [...findInterface(tx, row.interface).groups],
    Tags: shownTags(row.tags),
    IpAddressType: 'ipv4',
    PublicDnsNames: { Ipv4: { DnsName } },
  };
}
