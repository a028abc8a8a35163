/** Operations of security groups: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope, Permission } from '#platform/service.ts';
import { everywhere, making, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import {
  authorizeSecurityGroupEgress,
  authorizeSecurityGroupIngress,
  describeSecurityGroupRules,
  modifySecurityGroupRules,
  revokeSecurityGroupEgress,
  revokeSecurityGroupIngress,
  updateSecurityGroupRuleDescriptionsEgress,
  updateSecurityGroupRuleDescriptionsIngress,
} from '#services/ec2/security-groups/authorize.ts';
import { type GivenGroup, givenGroupId } from '#services/ec2/security-groups/find-group.ts';
import {
  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroupReferences,
  describeSecurityGroups,
  describeStaleSecurityGroups,
  getSecurityGroupsForVpc,
} from '#services/ec2/security-groups/groups.ts';
import { permissionToTag, taggedConditions } from '#services/ec2/tags/tag-specifications.ts';
import { findDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

const onGroup = on<GivenGroup>((input, tx) => ({ 'security-group': givenGroupId(tx, input) }));

/** The rules that are made have no permission of their own, but for their tags. */
const addingRules = (action: string) => {
  type Input = Model.AuthorizeSecurityGroupIngressRequest;
  return {
    ...onGroup,
    conditions: (input: Input, scope: CallScope, permission: Permission) => ({
      ...onGroup.conditions(input, scope, permission),
      ...taggedConditions(input),
    }),
    further: (input: Input, scope: CallScope) =>
      permissionToTag(action, resourceArn(scope, 'security-group-rule', '*'), input),
  };
};

export const groupOperations = (parts: Ec2Parts) =>
  ({
    CreateSecurityGroup: {
      handler: createSecurityGroup,
      ...making<Model.CreateSecurityGroupRequest>('CreateSecurityGroup', 'security-group', ({ VpcId }, tx) => ({
        vpc: VpcId ?? findDefaultVpc(tx)?.id,
      })),
    },
    DeleteSecurityGroup: { handler: deleteSecurityGroup, ...onGroup },
    DescribeSecurityGroups: { handler: describeSecurityGroups(parts), ...everywhere },
    DescribeSecurityGroupRules: { handler: describeSecurityGroupRules(parts), ...everywhere },
    DescribeSecurityGroupReferences: {
      handler: describeSecurityGroupReferences,
      ...on<Model.DescribeSecurityGroupReferencesRequest>(({ GroupId }) => ({ 'security-group': GroupId })),
    },
    DescribeStaleSecurityGroups: { handler: describeStaleSecurityGroups, ...everywhere },
    GetSecurityGroupsForVpc: {
      handler: getSecurityGroupsForVpc(parts),
      ...on<Model.GetSecurityGroupsForVpcRequest>(({ VpcId }) => ({ vpc: VpcId })),
    },
    AuthorizeSecurityGroupIngress: {
      handler: authorizeSecurityGroupIngress,
      ...addingRules('AuthorizeSecurityGroupIngress'),
    },
    AuthorizeSecurityGroupEgress: {
      handler: authorizeSecurityGroupEgress,
      ...addingRules('AuthorizeSecurityGroupEgress'),
    },
    RevokeSecurityGroupIngress: { handler: revokeSecurityGroupIngress, ...onGroup },
    RevokeSecurityGroupEgress: { handler: revokeSecurityGroupEgress, ...onGroup },
    ModifySecurityGroupRules: {
      handler: modifySecurityGroupRules,
      ...on<Model.ModifySecurityGroupRulesRequest>(({ GroupId, SecurityGroupRules }) => ({
        'security-group': GroupId,
        'security-group-rule': SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId),
        'prefix-list': SecurityGroupRules.flatMap(({ SecurityGroupRule }) => SecurityGroupRule?.PrefixListId ?? []),
      })),
    },
    UpdateSecurityGroupRuleDescriptionsIngress: { handler: updateSecurityGroupRuleDescriptionsIngress, ...onGroup },
    UpdateSecurityGroupRuleDescriptionsEgress: { handler: updateSecurityGroupRuleDescriptionsEgress, ...onGroup },
  }) as const;
