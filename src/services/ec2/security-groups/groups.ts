/** Security groups themselves; what their rules go through is in authorize.ts. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags, tagsOf } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import { SECURITY_GROUPS } from '#services/ec2/network-limits.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { defaultVpcGroup, findGroup, givenGroup, groupNamed } from '#services/ec2/security-groups/find-group.ts';
import { DEFAULT_GROUP, makeGroup } from '#services/ec2/security-groups/make-group.ts';
import { permissionsOf } from '#services/ec2/security-groups/rules.ts';
import { type SecurityGroupRow, type SecurityGroupRule, securityGroups } from '#services/ec2/security-groups/state.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';
import { findVpc, owned } from '#services/ec2/vpcs/vpcs.ts';

const MOST_LETTERS = 255;
/** "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*" */
const ALLOWED = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]+$/;

function checkedText(name: 'groupName' | 'groupDescription', given: string): string {
  if (given === '') fail('MissingParameter', name);
  if (given.length > MOST_LETTERS || !ALLOWED.test(given)) {
    fail(
      'InvalidParameter',
      name,
      given,
      'Character sets beyond ASCII are not supported, nor are more than 255 characters.',
    );
  }
  return given;
}

export function createSecurityGroup(
  input: Model.CreateSecurityGroupRequest,
  call: Call,
): Model.CreateSecurityGroupResult {
  const { tx } = call;
  // "We trim the spaces when we save the name."
  const name = checkedText('groupName', input.GroupName).trim();
  const description = checkedText('groupDescription', input.Description);
  // "Cannot start with sg-."
  if (name.startsWith('sg-')) fail('InvalidValue', "Group names may not be in the format 'sg-*'.");
  if (name === DEFAULT_GROUP) fail('GroupReserved', name);
  const vpc = input.VpcId === undefined ? findDefaultVpc(tx) : findVpc(tx, input.VpcId);
  if (vpc === undefined) return fail('VpcNotSpecified');
  if (groupNamed(tx, vpc.id, name) !== undefined) fail('GroupExists', name, vpc.id);
  const most = call.quota(SECURITY_GROUPS);
  if (securityGroups.ids(tx, undefined, most).length >= most) fail('GroupLimit');
  const tags = tagsFor('security-group', input);
  const id = makeGroup(tx, { vpc: vpc.id, name, description });
  const arn = resourceArn(call, 'security-group', id);
  setTags(tx, arn, tags);
  return { GroupId: id, SecurityGroupArn: arn, Tags: shownTags(tags) };
}

export function deleteSecurityGroup(
  input: Model.DeleteSecurityGroupRequest,
  call: Call,
): Model.DeleteSecurityGroupResult {
  const { tx } = call;
  const group = givenGroup(tx, input);
  if (group.name === DEFAULT_GROUP) {
    fail('CannotDelete', `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
  }
  if (isInUse(tx, group)) fail('DependencyViolation', `resource ${group.id} has a dependent object`);
  securityGroups.drop(tx, group.id);
  deleteTags(tx, resourceArn(call, 'security-group', group.id));
  for (const { id } of group.rules) deleteTags(tx, resourceArn(call, 'security-group-rule', id));
  return { Return: true, GroupId: group.id };
}

/** By an interface, or by a rule of another group. */
const isInUse = (tx: ReadTransaction, { id }: SecurityGroupRow): boolean =>
  networkInterfaces.all(tx).some(({ groups }) => groups.includes(id)) ||
  securityGroups.all(tx).some((other) => other.id !== id && other.rules.some((rule) => refersTo(rule, id)));

const refersTo = ({ peer }: SecurityGroupRule, group: string): boolean => peer.kind === 'group' && peer.group === group;

type Shown = Tagged<SecurityGroupRow>;
type OfRule = (rule: SecurityGroupRule, tx: ReadTransaction) => string | undefined;

const RULE_FIELDS: Readonly<Record<string, OfRule>> = {
  cidr: ({ peer }) => (peer.kind === 'ipv4' ? peer.cidr : undefined),
  'from-port': ({ fromPort }) => (fromPort === undefined ? undefined : String(fromPort)),
  'group-id': ({ peer }) => (peer.kind === 'group' ? peer.group : undefined),
  'group-name': ({ peer }, tx) => (peer.kind === 'group' ? securityGroups.find(tx, peer.group)?.name : undefined),
  'ipv6-cidr': ({ peer }) => (peer.kind === 'ipv6' ? peer.cidr : undefined),
  'prefix-list-id': ({ peer }) => (peer.kind === 'prefix-list' ? peer.list : undefined),
  protocol: ({ protocol }) => protocol,
  'to-port': ({ toPort }) => (toPort === undefined ? undefined : String(toPort)),
  'user-id': ({ peer }) => (peer.kind === 'group' ? peer.account : undefined),
};

function fieldsFor(call: Call): Fields<Shown> {
  const ofRules = (prefix: string, isEgress: boolean): Fields<Shown> =>
    Object.fromEntries(
      Object.entries(RULE_FIELDS).map(([name, read]) => [
        `${prefix}.${name}`,
        ({ rules }) => rules.flatMap((rule) => (rule.isEgress === isEgress ? (read(rule, call.tx) ?? []) : [])),
      ]),
    );
  return owned(call, {
    description: ({ description }) => description,
    'group-id': ({ id }) => id,
    'group-name': ({ name }) => name,
    'vpc-id': ({ vpc }) => vpc,
    ...ofRules('ip-permission', false),
    ...ofRules('egress.ip-permission', true),
  });
}

export const describeSecurityGroups =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeSecurityGroupsRequest, call: Call): Model.DescribeSecurityGroupsResult => {
    const named = (input.GroupNames ?? []).map((name) => defaultVpcGroup(call.tx, name).id);
    const absent = (id: string): never => fail('NoSuchGroup', id);
    const noun = { rows: securityGroups, type: 'security-group', fields: fieldsFor(call), absent } as const;
    const { items, more } = describe(pages, call, noun, input, [...(input.GroupIds ?? []), ...named]);
    return { SecurityGroups: items.map((row) => shownGroup(row, call)), ...more };
  };

const shownGroup = (row: Shown, call: Call): Model.SecurityGroup => ({
  GroupId: row.id,
  IpPermissionsEgress: permissionsOf(row.rules.filter(({ isEgress }) => isEgress)),
  Tags: shownTags(row.tags),
  VpcId: row.vpc,
  SecurityGroupArn: resourceArn(call, 'security-group', row.id),
  OwnerId: call.account,
  GroupName: row.name,
  Description: row.description,
  IpPermissions: permissionsOf(row.rules.filter(({ isEgress }) => !isEgress)),
});

const FOR_VPC: Fields<SecurityGroupRow> = {
  'group-id': ({ id }) => id,
  description: ({ description }) => description,
  'group-name': ({ name }) => name,
  'primary-vpc-id': ({ vpc }) => vpc,
};

export const getSecurityGroupsForVpc =
  ({ pages }: Ec2Parts) =>
  (input: Model.GetSecurityGroupsForVpcRequest, call: Call): Model.GetSecurityGroupsForVpcResult => {
    const { tx, account } = call;
    const { id: vpc } = findVpc(tx, input.VpcId);
    const passes = compileFilters(input.Filters, owned(call, FOR_VPC));
    const { items, more } = pageOf(pages, call, input, [vpc, input.Filters], function* (position) {
      for (const group of securityGroups.all(tx)) {
        const isLater = position === undefined || group.id > position;
        if (isLater && group.vpc === vpc && passes(group)) yield { item: group, position: group.id };
      }
    });
    const shown = items.map(({ id, name, description }) => ({
      Description: description,
      GroupName: name,
      OwnerId: account,
      GroupId: id,
      Tags: shownTags(tagsOf(tx, resourceArn(call, 'security-group', id))),
      PrimaryVpcId: vpc,
    }));
    return { SecurityGroupForVpcs: shown, ...more };
  };

/** Who refers to a group from across a peering connection: nobody, as there are none. */
export function describeSecurityGroupReferences(
  { GroupId: ids }: Model.DescribeSecurityGroupReferencesRequest,
  { tx }: Call,
): Model.DescribeSecurityGroupReferencesResult {
  for (const id of ids) findGroup(tx, id);
  return { SecurityGroupReferenceSet: [] };
}

/** A rule is stale when its group was deleted across a peering connection: none is. */
export function describeStaleSecurityGroups(
  { VpcId: id }: Model.DescribeStaleSecurityGroupsRequest,
  { tx }: Call,
): Model.DescribeStaleSecurityGroupsResult {
  findVpc(tx, id);
  return { StaleSecurityGroupSet: [] };
}
