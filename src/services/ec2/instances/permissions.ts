/** ARNs of instances, and the condition keys that policies may ask of them (Service Authorization Reference, "instance"). */
import type { CallScope, ConditionValues, Permission } from '#platform/service.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn, resourceId } from '#services/ec2/resources.ts';

type Asked = Pick<InstanceRow, 'zone' | 'isEbsOptimized' | 'type' | 'metadata' | 'recovers'> &
  Partial<Pick<InstanceRow, 'id' | 'profile'>>;

export const instanceKeys = (row: Asked, region: CallScope['region']): ConditionValues => ({
  'ec2:availabilityzone': row.zone,
  'ec2:availabilityzoneid': zonesOf(region).find(({ name }) => name === row.zone)?.id,
  'ec2:ebsoptimized': String(row.isEbsOptimized),
  'ec2:instanceautorecovery': row.recovers ? 'default' : 'disabled',
  'ec2:instanceid': row.id,
  'ec2:instanceprofile': row.profile?.arn,
  'ec2:instancetype': row.type,
  'ec2:instancemetadatatags': row.metadata.showsTags ? 'enabled' : 'disabled',
  'ec2:metadatahttpendpoint': row.metadata.isEnabled ? 'enabled' : 'disabled',
  'ec2:metadatahttpputresponsehoplimit': String(row.metadata.hopLimit),
  'ec2:metadatahttptokens': row.metadata.requiresTokens ? 'required' : 'optional',
  'ec2:rootdevicetype': 'ebs',
  'ec2:tenancy': 'default',
});

/** Of the instance that a permission is about. */
export function instanceConditions(_: unknown, scope: CallScope, { resource }: Permission): ConditionValues {
  const row = scope.read((tx) => instances.find(tx, resourceId(resource)));
  return { 'ec2:region': scope.region, ...(row && instanceKeys(row, scope.region)) };
}

export const instanceArn = (id: string, scope: Pick<CallScope, 'region' | 'account'>): string =>
  resourceArn(scope, 'instance', id);

/** Rows of operations on one instance, or on several. */
export const onInstance = {
  resource: ({ InstanceId: id }: { readonly InstanceId?: string }, scope: CallScope) => instanceArn(id ?? '*', scope),
  conditions: instanceConditions,
} as const;

export const onInstances = {
  resource: ({ InstanceIds: ids }: { readonly InstanceIds: readonly string[] }, scope: CallScope) =>
    ids.map((id) => instanceArn(id, scope)),
  conditions: instanceConditions,
} as const;
