/**
 * What a launch needs permission for: RunInstances on the image, and on each thing that it makes or uses, with that thing's own condition
 * keys (Service Authorization Reference, RunInstances). So a policy can say which types may be launched, from whose images, into which
 * subnets, with volumes of what size.
 */
import { formatArn } from '#platform/base/arn.ts';
import type { RunInstancesRequest } from '#platform/model/generated/ec2.ts';
import {
  type CallScope,
  type ConditionValues,
  type FurtherPermission,
  type Permission,
  passRole,
} from '#platform/service.ts';
import { Suspend } from '#platform/store/store.ts';
import type { Tags } from '#platform/tags.ts';
import type { BlockDevice } from '#services/ec2/images/state.ts';
import type { InterfaceWish } from '#services/ec2/instances/launch/network.ts';
import { type LaunchPlan, launchPlan } from '#services/ec2/instances/launch/plan.ts';
import { instanceKeys } from '#services/ec2/instances/permissions.ts';
import { findProfile } from '#services/ec2/instances/profiles.ts';
import { keyPairArn } from '#services/ec2/key-pairs/key-pairs.ts';
import { findKeyPair } from '#services/ec2/key-pairs/state.ts';
import type { UsedTemplate } from '#services/ec2/launch-templates/find.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { requestTagConditions, shownTags } from '#services/ec2/tags/tag-specifications.ts';
import { ensureDefaultVpc, hasDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

const ACTION = 'ec2:RunInstances';

/** With the values of its condition keys, which differ from resource to resource. */
export interface LaunchPermission extends Permission {
  readonly conditions: ConditionValues;
}

function plannedIn(parts: Ec2Parts, input: RunInstancesRequest, scope: CallScope): LaunchPlan {
  const { account, region, now } = scope;
  const partition = parts.store.partition({ service: 'ec2', account, region });
  if (!partition.read(hasDefaultVpc)) {
    // Once: what is read next may have to be waited for, and what was written stays.
    const made = async (): Promise<void> => partition.durable();
    partition.transact((tx) => ensureDefaultVpc(tx, { account, region, now }));
    throw new Suspend(made());
  }
  return scope.read((tx) => launchPlan(parts, tx, input));
}

export const launchPermissions =
  (parts: Ec2Parts) =>
  (input: RunInstancesRequest, scope: CallScope): readonly LaunchPermission[] => {
    const plan = plannedIn(parts, input, scope);
    const { template } = plan;
    const ofTemplate = template && {
      'ec2:launchtemplate': resourceArn(scope, 'launch-template', template.template.id),
    };
    const common = { 'ec2:region': scope.region, ...ofTemplate };
    const permission = (resource: string, conditions: ConditionValues): LaunchPermission => ({
      action: ACTION,
      resource,
      conditions: { ...common, ...conditions },
    });
    return [
      permission(resourceArn(scope, 'instance', '*'), ofInstance(input, plan, scope)),
      permission(amazonArn(scope, 'image', plan.image.id), ofImage(input, plan)),
      ...plan.interfaces.flatMap((wish) => ofInterface(plan, wish, scope, permission)),
      ...plan.devices.flatMap((device) => ofDevice(plan, device, scope, permission)),
      ...ofKeyPair(plan, scope, permission),
      ...(template ? [permission(resourceArn(scope, 'launch-template', template.template.id), {})] : []),
    ];
  };

type Ask = (resource: string, conditions: ConditionValues) => LaunchPermission;

/** Images and snapshots may be anybody's: their ARNs name no account. */
const amazonArn = ({ region }: CallScope, type: string, id: string): string =>
  formatArn('ec2', region, '', `${type}/${id}`);

const given = (tags: Tags): ConditionValues => requestTagConditions(shownTags(tags));

const ofInstance = (input: RunInstancesRequest, { draft, tags, template }: LaunchPlan, scope: CallScope) => ({
  ...instanceKeys(draft, scope.region),
  ...given(tags.instance),
  'ec2:instancemarkettype': 'on-demand',
  ...fromTemplate(template, input.InstanceType),
});

/** Whether a value came with the launch template, for a policy that lets nothing else be chosen. */
const fromTemplate = (template: UsedTemplate | undefined, own: unknown): ConditionValues =>
  template === undefined ? {} : { 'ec2:islaunchtemplateresource': String(own === undefined) };

const ofImage = (input: RunInstancesRequest, { image, template }: LaunchPlan): ConditionValues => ({
  'ec2:imageid': image.id,
  'ec2:imagetype': 'machine',
  'ec2:owner': image.owner ?? 'amazon',
  'ec2:public': String(image.isPublic),
  'ec2:rootdevicetype': 'ebs',
  ...fromTemplate(template, input.ImageId),
});

function ofInterface(plan: LaunchPlan, wish: InterfaceWish, scope: CallScope, ask: Ask): readonly LaunchPermission[] {
  const { subnet, existing, groups } = wish;
  const vpc = { 'ec2:vpc': resourceArn(scope, 'vpc', subnet.vpc) };
  const subnetArn = resourceArn(scope, 'subnet', subnet.id);
  const own = {
    ...vpc,
    'ec2:subnet': subnetArn,
    'ec2:availabilityzone': subnet.zone,
    'ec2:associatepublicipaddress': String(wish.borrowsPublicIp),
    ...(existing ? { 'ec2:networkinterfaceid': existing.id } : given(plan.tags['network-interface'])),
  };
  return [
    ask(resourceArn(scope, 'network-interface', existing?.id ?? '*'), own),
    ask(subnetArn, { ...vpc, 'ec2:subnetid': subnet.id, 'ec2:availabilityzone': subnet.zone }),
    ...(groups.length > 0 ? groups : ['*']).map((group) =>
      ask(resourceArn(scope, 'security-group', group), { ...vpc, 'ec2:securitygroupid': group }),
    ),
  ];
}

function ofDevice(plan: LaunchPlan, device: BlockDevice, scope: CallScope, ask: Ask): readonly LaunchPermission[] {
  const { snapshot } = device;
  const parent = snapshot === undefined ? undefined : amazonArn(scope, 'snapshot', snapshot);
  const number = (value: number | undefined) => (value === undefined ? undefined : String(value));
  const volume = ask(resourceArn(scope, 'volume', '*'), {
    ...given(plan.tags.volume),
    'ec2:availabilityzone': plan.draft.zone,
    'ec2:encrypted': String(device.isEncrypted),
    'ec2:volumesize': String(device.sizeGiB),
    'ec2:volumetype': device.type,
    'ec2:volumeiops': number(device.iops),
    'ec2:volumethroughput': number(device.throughputMiB),
    'ec2:parentsnapshot': parent,
  });
  // What comes with the image is the image's.
  const isImages = plan.image.devices.some((one) => one.snapshot === snapshot);
  return parent === undefined || isImages ? [volume] : [volume, ask(parent, { 'ec2:snapshotid': snapshot })];
}

function ofKeyPair({ draft }: LaunchPlan, scope: CallScope, ask: Ask): readonly LaunchPermission[] {
  const { keyName } = draft;
  if (keyName === undefined) return [];
  const type = scope.read((tx) => findKeyPair(tx, keyName))?.type;
  return [ask(keyPairArn(keyName, scope), { 'ec2:keypairname': keyName, 'ec2:keypairtype': type })];
}

/** To hand a role on, and to tag what is made. */
export const furtherLaunchPermissions =
  (parts: Ec2Parts) =>
  (input: RunInstancesRequest, scope: CallScope): readonly FurtherPermission[] => {
    const { tags, wanted } = plannedIn(parts, input, scope);
    const profile = wanted.IamInstanceProfile && findProfile(parts, scope.account, wanted.IamInstanceProfile);
    const tagged = Object.entries(tags).flatMap(([type, own]) =>
      Object.keys(own).length === 0
        ? []
        : {
            action: 'ec2:CreateTags',
            resource: formatArn('ec2', scope.region, scope.account, `${type}/*`),
            conditions: { 'ec2:createaction': 'RunInstances', ...given(own) },
          },
    );
    return [...(profile?.roleArn === undefined ? [] : [passRole(profile.roleArn, 'ec2.amazonaws.com')]), ...tagged];
  };
