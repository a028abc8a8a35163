/** Rules come, change and go: by permissions, or by their ids. A rule never changes its direction or its group. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { RULES_PER_GROUP } from '#services/ec2/network-limits.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { listSizes } from '#services/ec2/prefix-lists/list-sizes.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import {
  defaultVpcGroup,
  findGroup,
  type GivenGroup,
  givenGroup,
  referredFrom,
} from '#services/ec2/security-groups/find-group.ts';
import { countRules } from '#services/ec2/security-groups/rule-count.ts';
import {
  descriptionOf,
  draftOfRequest,
  draftsOf,
  identity,
  permissionsOf,
  type RuleDraft,
  ruleText,
} from '#services/ec2/security-groups/rules.ts';
import { type SecurityGroupRow, type SecurityGroupRule, securityGroups } from '#services/ec2/security-groups/state.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

interface SimpleRule {
  readonly IpProtocol?: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly CidrIp?: string;
  readonly SourceSecurityGroupName?: string;
}

interface Permitting extends GivenGroup, SimpleRule {
  readonly IpPermissions?: readonly Model.IpPermission[];
}

/** "Creates rules that grant full ICMP, UDP, and TCP access." */
const FROM_GROUP = [
  { IpProtocol: 'tcp', FromPort: 0, ToPort: 65_535 },
  { IpProtocol: 'udp', FromPort: 0, ToPort: 65_535 },
  { IpProtocol: 'icmp', FromPort: -1, ToPort: -1 },
] as const;

/** Those given as a list, or the one that the input's own members are: of ingress only. */
function permissionsIn(tx: ReadTransaction, input: Permitting, isEgress: boolean): readonly Model.IpPermission[] {
  const { IpPermissions: listed = [], SourceSecurityGroupName: source, CidrIp: cidr } = input;
  const isSimple = source !== undefined || cidr !== undefined || input.IpProtocol !== undefined;
  if (isSimple && listed.length > 0) {
    fail('InvalidCombination', 'The parameter ipPermissions may not be used with the parameters of a single rule.');
  }
  if (isSimple && isEgress) fail('InvalidCombination', 'Outbound rules are given by ipPermissions only.');
  if (source !== undefined) {
    if (cidr !== undefined || input.IpProtocol !== undefined) {
      fail('InvalidCombination', 'A source security group may not be combined with a CIDR block, protocol or ports.');
    }
    const pairs = [{ GroupId: defaultVpcGroup(tx, source).id }];
    return FROM_GROUP.map((permission) => ({ ...permission, UserIdGroupPairs: pairs }));
  }
  if (!isSimple) return listed.length > 0 ? listed : fail('MissingParameter', 'ipPermissions');
  const { IpProtocol, FromPort, ToPort } = input;
  return [
    {
      ...(IpProtocol !== undefined && { IpProtocol }),
      ...(FromPort !== undefined && { FromPort }),
      ...(ToPort !== undefined && { ToPort }),
      IpRanges: cidr === undefined ? [] : [{ CidrIp: cidr }],
    },
  ];
}

interface Authorizing extends Permitting {
  readonly TagSpecifications?: readonly Model.TagSpecification[];
}

const authorize =
  (isEgress: boolean) =>
  (input: Authorizing, call: Call): Model.AuthorizeSecurityGroupIngressResult => {
    const { tx } = call;
    const group = givenGroup(tx, input);
    const drafts = draftsOf(permissionsIn(tx, input, isEgress), referredFrom(call, group));
    const present = new Set(group.rules.filter((rule) => rule.isEgress === isEgress).map(identity));
    const double = drafts.find((draft) => present.has(identity(draft)));
    if (double !== undefined) fail('PermissionExists', ruleText(double));
    const tags = tagsFor('security-group-rule', input);
    const added = drafts.map((draft): SecurityGroupRule => ({ id: newId('sgr'), isEgress, ...draft }));
    const changed = { ...group, rules: [...group.rules, ...added] };
    checkRoom(call, changed);
    securityGroups.put(tx, changed);
    for (const { id } of added) setTags(tx, resourceArn(call, 'security-group-rule', id), tags);
    return { Return: true, SecurityGroupRules: added.map((rule) => shownRule(call, changed, rule, tags)) };
  };

export const authorizeSecurityGroupIngress = authorize(false);
export const authorizeSecurityGroupEgress = authorize(true);

function checkRoom(call: Call, group: SecurityGroupRow): void {
  const most = call.quota(RULES_PER_GROUP);
  if (countRules(group, listSizes(call.tx, call.region)) > most) fail('RuleLimit');
}

interface Revoking extends Permitting {
  readonly SecurityGroupRuleIds?: readonly string[];
}

const revoke =
  (isEgress: boolean) =>
  (input: Revoking, call: Call): Model.RevokeSecurityGroupIngressResult => {
    const { tx } = call;
    const group = givenGroup(tx, input);
    const { rules, unknown } = revokedRules(input, call, group, isEgress);
    const revoked = new Set(rules);
    securityGroups.put(tx, { ...group, rules: group.rules.filter((rule) => !revoked.has(rule)) });
    for (const { id } of rules) deleteTags(tx, resourceArn(call, 'security-group-rule', id));
    return {
      Return: true,
      UnknownIpPermissions: permissionsOf(unknown),
      RevokedSecurityGroupRules: rules.map((rule) => shownRevoked(group, rule)),
    };
  };

export const revokeSecurityGroupIngress = revoke(false);
export const revokeSecurityGroupEgress = revoke(true);

interface Revoked {
  readonly rules: readonly SecurityGroupRule[];
  /** Asked for, and not there. */
  readonly unknown: readonly RuleDraft[];
}

function revokedRules(input: Revoking, call: Call, group: SecurityGroupRow, isEgress: boolean): Revoked {
  const ids = input.SecurityGroupRuleIds ?? [];
  if (ids.length > 0) return { rules: ids.map((id) => ruleIn(group, id, isEgress)), unknown: [] };
  const drafts = draftsOf(permissionsIn(call.tx, input, isEgress), referredFrom(call, group));
  const found = drafts.map((draft) => [draft, sameRule(group, draft, isEgress)] as const);
  const unknown = found.flatMap(([draft, rule]) => (rule === undefined ? draft : []));
  // "For a default VPC, if the values you specify do not match the existing rule's values, no error is returned."
  if (unknown.length > 0 && findDefaultVpc(call.tx)?.id !== group.vpc) {
    fail('NoSuchPermission', 'The specified rule does not exist in this security group.');
  }
  return { rules: found.flatMap(([, rule]) => rule ?? []), unknown };
}

const sameRule = (group: SecurityGroupRow, draft: RuleDraft, isEgress: boolean): SecurityGroupRule | undefined =>
  group.rules.find((rule) => rule.isEgress === isEgress && identity(rule) === identity(draft));

function ruleIn(group: SecurityGroupRow, id: string, isEgress?: boolean): SecurityGroupRule {
  const rule = group.rules.find((each) => each.id === id) ?? fail('NoSuchRule', id);
  if (isEgress !== undefined && rule.isEgress !== isEgress) fail('NoSuchRule', id);
  return rule;
}

export function modifySecurityGroupRules(
  { GroupId: id, SecurityGroupRules: updates }: Model.ModifySecurityGroupRulesRequest,
  call: Call,
): Model.ModifySecurityGroupRulesResult {
  const group = findGroup(call.tx, id);
  const referred = referredFrom(call, group);
  const changes = new Map<string, SecurityGroupRule>();
  for (const { SecurityGroupRuleId: rule, SecurityGroupRule: request } of updates) {
    const { isEgress } = ruleIn(group, rule);
    if (request === undefined) return fail('MissingParameter', 'SecurityGroupRule');
    if (changes.has(rule)) fail('InvalidValue', 'The same rule must not appear multiple times');
    changes.set(rule, { id: rule, isEgress, ...draftOfRequest(request, referred) });
  }
  if (changes.size === 0) fail('MissingParameter', 'SecurityGroupRule');
  const changed = { ...group, rules: group.rules.map((rule) => changes.get(rule.id) ?? rule) };
  checkDoubles(changed);
  checkRoom(call, changed);
  securityGroups.put(call.tx, changed);
  return { Return: true };
}

function checkDoubles({ rules }: SecurityGroupRow): void {
  const seen = new Set<string>();
  for (const rule of rules) {
    const key = `${rule.isEgress} ${identity(rule)}`;
    if (seen.has(key)) fail('PermissionExists', ruleText(rule));
    seen.add(key);
  }
}

const describeAnew =
  (isEgress: boolean) =>
  (
    input: Model.UpdateSecurityGroupRuleDescriptionsIngressRequest,
    call: Call,
  ): Model.UpdateSecurityGroupRuleDescriptionsIngressResult => {
    const group = givenGroup(call.tx, input);
    const { IpPermissions: permissions = [], SecurityGroupRuleDescriptions: listed = [] } = input;
    if (permissions.length > 0 && listed.length > 0) {
      fail('InvalidCombination', 'Either IP permissions or descriptions can be specified.');
    }
    if (permissions.length + listed.length === 0) fail('MissingParameter', 'ipPermissions');
    const descriptions = new Map<string, string | undefined>();
    for (const { SecurityGroupRuleId: id = '', Description: text } of listed) {
      descriptions.set(ruleIn(group, id, isEgress).id, text);
    }
    for (const draft of draftsOf(permissions, referredFrom(call, group))) {
      const rule = sameRule(group, draft, isEgress);
      if (rule === undefined)
        return fail('NoSuchPermission', 'The specified rule does not exist in this security group.');
      descriptions.set(rule.id, draft.description);
    }
    securityGroups.put(call.tx, { ...group, rules: group.rules.map((rule) => described(rule, descriptions)) });
    return { Return: true };
  };

export const updateSecurityGroupRuleDescriptionsIngress = describeAnew(false);
export const updateSecurityGroupRuleDescriptionsEgress = describeAnew(true);

/** Without one, if it is to have none. */
function described(rule: SecurityGroupRule, given: ReadonlyMap<string, string | undefined>): SecurityGroupRule {
  if (!given.has(rule.id)) return rule;
  const { description: _, ...bare } = rule;
  return { ...bare, ...descriptionOf(given.get(rule.id)) };
}

interface RuleOf {
  readonly group: SecurityGroupRow;
  readonly rule: SecurityGroupRule;
  readonly tags: Tags;
}

const FIELDS: Fields<RuleOf> = {
  'group-id': ({ group }) => group.id,
  'security-group-rule-id': ({ rule }) => rule.id,
};

export const describeSecurityGroupRules =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeSecurityGroupRulesRequest, call: Call): Model.DescribeSecurityGroupRulesResult => {
    const { tx } = call;
    const ids = new Set(input.SecurityGroupRuleIds ?? []);
    const passes = compileFilters(input.Filters, FIELDS, ({ tags }) => tags);
    const all = securityGroups
      .all(tx)
      .flatMap((group) => group.rules.map((rule) => ({ group, rule })))
      .sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1));
    const absent = ids.difference(new Set(all.map(({ rule }) => rule.id)));
    for (const id of absent) fail('NoSuchRule', id);
    const { items, more } = pageOf(pages, call, input, [[...ids], input.Filters], function* (position) {
      for (const { group, rule } of all) {
        if (position !== undefined && rule.id <= position) continue;
        if (ids.size > 0 && !ids.has(rule.id)) continue;
        const item = { group, rule, tags: tagsOf(tx, resourceArn(call, 'security-group-rule', rule.id)) };
        if (passes(item)) yield { item, position: rule.id };
      }
    });
    return { SecurityGroupRules: items.map(({ group, rule, tags }) => shownRule(call, group, rule, tags)), ...more };
  };

/** What both forms of an answer have of a rule. */
const shownBase = (
  group: SecurityGroupRow,
  { id, isEgress, protocol, fromPort, toPort, peer, description }: SecurityGroupRule,
) => ({
  SecurityGroupRuleId: id,
  GroupId: group.id,
  IsEgress: isEgress,
  IpProtocol: protocol,
  FromPort: fromPort ?? -1,
  ToPort: toPort ?? -1,
  ...(peer.kind === 'ipv4' && { CidrIpv4: peer.cidr }),
  ...(peer.kind === 'ipv6' && { CidrIpv6: peer.cidr }),
  ...(peer.kind === 'prefix-list' && { PrefixListId: peer.list }),
  ...(description !== undefined && { Description: description }),
});

const shownRule = (
  call: Call,
  group: SecurityGroupRow,
  rule: SecurityGroupRule,
  tags: Tags,
): Model.SecurityGroupRule => ({
  ...shownBase(group, rule),
  GroupOwnerId: call.account,
  ...(rule.peer.kind === 'group' && {
    ReferencedGroupInfo: { GroupId: rule.peer.group, UserId: rule.peer.account, VpcId: group.vpc },
  }),
  Tags: shownTags(tags),
  SecurityGroupRuleArn: resourceArn(call, 'security-group-rule', rule.id),
});

const shownRevoked = (group: SecurityGroupRow, rule: SecurityGroupRule): Model.RevokedSecurityGroupRule => ({
  ...shownBase(group, rule),
  ...(rule.peer.kind === 'group' && { ReferencedGroupId: rule.peer.group }),
});
