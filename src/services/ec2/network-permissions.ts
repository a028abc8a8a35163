/**
 * What the permission to do something with a network is about, in the terms of the service authorization reference: ARNs of the
 * resources that an input names, and what policies may ask of each (`ec2:Vpc`, `ec2:SubnetID`, …). Of a resource that is not there
 * nothing is known but its id.
 */
import type { ResourceType } from '#platform/model/generated/ec2.ts';
import type { CallScope, ConditionValues, Permission } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { addresses } from '#services/ec2/addresses/state.ts';
import { instanceConnectEndpoints } from '#services/ec2/instance-connect-endpoints/state.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn, resourceId, resourceType } from '#services/ec2/resources.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { subnets } from '#services/ec2/subnets/state.ts';
import { permissionToTag, taggedConditions } from '#services/ec2/tags/tag-specifications.ts';
import { vpcs } from '#services/ec2/vpcs/state.ts';

type Place = Pick<CallScope, 'region' | 'account'>;
type Ids = string | readonly string[] | undefined;

/** The resources that an input names, by their types. */
export type About<In> = (input: In, tx: ReadTransaction) => Readonly<Partial<Record<ResourceType, Ids>>>;

type Tagging = Parameters<typeof taggedConditions>[0];

const inRegion = ({ region }: CallScope): ConditionValues => ({ 'ec2:region': region });

/** Actions without resource types. */
export const everywhere = {
  resource: () => '*',
  conditions: (_: unknown, scope: CallScope) => inRegion(scope),
} as const;

export const on = <In extends object>(about: About<In>) => ({
  resource: (input: In, scope: CallScope) => arnsOf(input, scope, about),
  conditions: (_: In, scope: CallScope, { resource }: Permission) => conditionsOf(scope, resource),
});

/** `ec2:Attribute` too: the members that say what is modified. */
export const modifying = <In extends object>(about: About<In>, ...naming: readonly (keyof In)[]) => ({
  ...on(about),
  conditions: (input: In, scope: CallScope, { resource }: Permission) => ({
    ...conditionsOf(scope, resource),
    ...attributeConditions(input, new Set<PropertyKey>([...naming, 'DryRun'])),
  }),
});

/** Creates one, with the tags that the input gives. */
export const making = <In extends Tagging>(action: string, type: ResourceType, about: About<In> = () => ({})) => {
  const created = (scope: Place): string => resourceArn(scope, type, '*');
  return {
    resource: (input: In, scope: CallScope) => [
      created(scope),
      ...arnsOf(input, scope, about).filter((arn) => arn !== '*'),
    ],
    conditions: (input: In, scope: CallScope, { resource }: Permission) => ({
      ...conditionsOf(scope, resource),
      ...(resource === created(scope) && taggedConditions(input)),
    }),
    further: (input: In, scope: CallScope) => permissionToTag(action, created(scope), input),
  };
};

function arnsOf<In extends object>(input: In, scope: CallScope, about: About<In>): readonly string[] {
  const named = Object.entries(scope.read((tx) => about(input, tx)));
  const arns = named.flatMap(([type, ids]) =>
    // The keys are types of resources.
    [ids ?? []].flat().map((id) => resourceArn(scope, type as ResourceType, id)),
  );
  return arns.length > 0 ? arns : ['*'];
}

function attributeConditions(input: object, naming: ReadonlySet<PropertyKey>): ConditionValues {
  const given = Object.entries(input).filter(([name, value]) => value !== undefined && !naming.has(name));
  const values = given.flatMap(([name, value]: [string, unknown]) => {
    const plain = typeof value === 'object' && value !== null && 'Value' in value ? value.Value : value;
    return typeof plain === 'object' ? [] : [[`ec2:attribute/${name.toLowerCase()}`, String(plain)] as const];
  });
  return { 'ec2:attribute': given.map(([name]) => name), ...Object.fromEntries(values) };
}

type Facts = (tx: ReadTransaction, id: string, place: Place) => ConditionValues;

const vpcArn = (place: Place, id: string | undefined) => id && resourceArn(place, 'vpc', id);

const inZone = (place: Place, name: string | undefined): ConditionValues => ({
  'ec2:availabilityzone': name,
  // A call's region is one of this cloud's.
  'ec2:availabilityzoneid': zonesOf(place.region as CallScope['region']).find((zone) => zone.name === name)?.id,
});

const FACTS: Readonly<Partial<Record<ResourceType, Facts>>> = {
  vpc: (tx, id) => ({ 'ec2:vpcid': id, 'ec2:tenancy': vpcs.find(tx, id)?.tenancy }),
  subnet(tx, id, place) {
    const row = subnets.find(tx, id);
    return { 'ec2:subnetid': id, 'ec2:vpc': vpcArn(place, row?.vpc), ...inZone(place, row?.zone) };
  },
  'route-table': (tx, id, place) => ({
    'ec2:routetableid': id,
    'ec2:vpc': vpcArn(place, routeTables.find(tx, id)?.vpc),
  }),
  'internet-gateway': (_, id) => ({ 'ec2:internetgatewayid': id }),
  'security-group': (tx, id, place) => ({
    'ec2:securitygroupid': id,
    'ec2:vpc': vpcArn(place, securityGroups.find(tx, id)?.vpc),
  }),
  'network-interface'(tx, id, place) {
    const row = networkInterfaces.find(tx, id);
    return {
      'ec2:networkinterfaceid': id,
      'ec2:subnet': row && resourceArn(place, 'subnet', row.subnet),
      'ec2:vpc': vpcArn(place, row?.vpc),
      ...inZone(place, row?.zone),
    };
  },
  'instance-connect-endpoint'(tx, id) {
    return { 'ec2:subnetid': instanceConnectEndpoints.find(tx, id)?.subnet };
  },
  'elastic-ip': (tx, id) => ({
    'ec2:allocationid': id,
    'ec2:domain': 'vpc',
    'ec2:publicipaddress': addresses.find(tx, id)?.publicIp,
  }),
  'dhcp-options': (_, id) => ({ 'ec2:dhcpoptionsid': id }),
  instance(tx, id, place) {
    const row = instances.find(tx, id);
    return {
      'ec2:instanceid': id,
      'ec2:instancetype': row?.type,
      'ec2:instanceprofile': row?.profile?.arn,
      'ec2:tenancy': row && 'default',
      'ec2:ebsoptimized': row && String(row.isEbsOptimized),
      'ec2:rootdevicetype': row && 'ebs',
      ...inZone(place, row?.zone),
    };
  },
};

function conditionsOf(scope: CallScope, arn: string): ConditionValues {
  const region = inRegion(scope);
  const id = resourceId(arn);
  if (arn === '*' || id === '*') return region;
  // An ARN of EC2's has one of its types.
  const facts = FACTS[resourceType(arn) as ResourceType];
  return facts === undefined ? region : { ...region, ...scope.read((tx) => facts(tx, id, scope)) };
}
