/** The operations of instances, their types, and launch templates. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope, Permission } from '#platform/service.ts';
import { inRegion } from '#services/ec2/in-region.ts';
import { describeInstanceTypeOfferings, describeInstanceTypes } from '#services/ec2/instance-types/instance-types.ts';
import { getInstanceTypesFromInstanceRequirements } from '#services/ec2/instance-types/requirements.ts';
import {
  changedAttribute,
  describeInstanceAttribute,
  modifyInstanceAttribute,
  resetInstanceAttribute,
} from '#services/ec2/instances/attributes.ts';
import { getConsoleOutput, getConsoleScreenshot, getPasswordData } from '#services/ec2/instances/console.ts';
import {
  describeInstanceCreditSpecifications,
  modifyInstanceCreditSpecification,
} from '#services/ec2/instances/credits.ts';
import {
  getDefaultCreditSpecification,
  modifyDefaultCreditSpecification,
} from '#services/ec2/instances/default-credits.ts';
import { describeInstances } from '#services/ec2/instances/describe-instances.ts';
import {
  furtherLaunchPermissions,
  type LaunchPermission,
  launchPermissions,
} from '#services/ec2/instances/launch/permissions.ts';
import { runInstances } from '#services/ec2/instances/launch/run-instances.ts';
import {
  getInstanceMetadataDefaults,
  modifyInstanceMetadataDefaults,
} from '#services/ec2/instances/metadata-defaults.ts';
import { monitorInstances, unmonitorInstances } from '#services/ec2/instances/monitoring.ts';
import {
  modifyInstanceCpuOptions,
  modifyInstanceMaintenanceOptions,
  modifyInstanceMetadataOptions,
  modifyInstancePlacement,
  modifyPrivateDnsNameOptions,
} from '#services/ec2/instances/options.ts';
import { instanceArn, instanceConditions, onInstance, onInstances } from '#services/ec2/instances/permissions.ts';
import {
  associateIamInstanceProfile,
  describeIamInstanceProfileAssociations,
  disassociateIamInstanceProfile,
  givingProfile,
  onAssociation,
  replaceIamInstanceProfileAssociation,
} from '#services/ec2/instances/profile-associations.ts';
import {
  rebootInstances,
  startInstances,
  stopInstances,
  terminateInstances,
} from '#services/ec2/instances/start-stop.ts';
import { describeInstanceStatus } from '#services/ec2/instances/status.ts';
import {
  createLaunchTemplate,
  deleteLaunchTemplate,
  describeLaunchTemplates,
  modifyLaunchTemplate,
  onTemplate,
  templateArn,
} from '#services/ec2/launch-templates/launch-templates.ts';
import { getLaunchTemplateData } from '#services/ec2/launch-templates/of-instance.ts';
import {
  createLaunchTemplateVersion,
  deleteLaunchTemplateVersions,
  describeLaunchTemplateVersions,
} from '#services/ec2/launch-templates/versions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import {
  disableSerialConsoleAccess,
  enableSerialConsoleAccess,
  getSerialConsoleAccessStatus,
} from '#services/ec2/serial-console/access.ts';
import { permissionToTag, taggedConditions } from '#services/ec2/tags/tag-specifications.ts';

const anything = { resource: () => '*', conditions: inRegion } as const;

const lifeOperations = (parts: Ec2Parts) =>
  ({
    RunInstances: {
      handler: runInstances(parts),
      resource: (_: unknown, scope: CallScope) => instanceArn('*', scope),
      permissions: launchPermissions(parts),
      // Each of the permissions has its own.
      conditions: (_: unknown, __: CallScope, permission: Permission) => (permission as LaunchPermission).conditions,
      further: furtherLaunchPermissions(parts),
      secret: ['UserData'],
    },
    StartInstances: { handler: startInstances(parts), ...onInstances },
    StopInstances: { handler: stopInstances(parts), ...onInstances },
    RebootInstances: { handler: rebootInstances, ...onInstances },
    TerminateInstances: { handler: terminateInstances(parts), ...onInstances, steps: true },
    MonitorInstances: { handler: monitorInstances, ...onInstances },
    UnmonitorInstances: { handler: unmonitorInstances, ...onInstances },
    DescribeInstances: { handler: describeInstances(parts), ...anything },
    DescribeInstanceStatus: { handler: describeInstanceStatus(parts), ...anything },
    DescribeInstanceTypes: { handler: describeInstanceTypes(parts), ...anything },
    GetInstanceTypesFromInstanceRequirements: {
      handler: getInstanceTypesFromInstanceRequirements(parts),
      ...anything,
    },
    DescribeInstanceTypeOfferings: { handler: describeInstanceTypeOfferings(parts), ...anything },
    GetConsoleOutput: { handler: getConsoleOutput(parts), ...onInstance, steps: true },
    GetConsoleScreenshot: { handler: getConsoleScreenshot(parts), ...onInstance, steps: true },
    GetPasswordData: { handler: getPasswordData, ...onInstance },
    EnableSerialConsoleAccess: { handler: enableSerialConsoleAccess, ...anything },
    DisableSerialConsoleAccess: { handler: disableSerialConsoleAccess, ...anything },
    GetSerialConsoleAccessStatus: { handler: getSerialConsoleAccessStatus, ...anything },
  }) as const;

const optionOperations = (parts: Ec2Parts) =>
  ({
    ModifyInstanceAttribute: {
      handler: modifyInstanceAttribute,
      ...onInstance,
      conditions: (input: Model.ModifyInstanceAttributeRequest, scope: CallScope, permission: Permission) => ({
        ...instanceConditions(input, scope, permission),
        'ec2:attribute': changedAttribute(input),
      }),
      secret: ['UserData', 'Value'],
    },
    DescribeInstanceAttribute: { handler: describeInstanceAttribute, ...onInstance },
    ResetInstanceAttribute: { handler: resetInstanceAttribute, ...onInstance },
    ModifyInstanceMetadataOptions: { handler: modifyInstanceMetadataOptions, ...onInstance },
    ModifyInstanceMetadataDefaults: { handler: modifyInstanceMetadataDefaults, ...anything },
    GetInstanceMetadataDefaults: { handler: getInstanceMetadataDefaults, ...anything },
    ModifyInstanceCpuOptions: { handler: modifyInstanceCpuOptions, ...onInstance },
    ModifyInstanceMaintenanceOptions: { handler: modifyInstanceMaintenanceOptions, ...onInstance },
    ModifyInstancePlacement: { handler: modifyInstancePlacement, ...onInstance },
    ModifyPrivateDnsNameOptions: { handler: modifyPrivateDnsNameOptions, ...onInstance },
    DescribeInstanceCreditSpecifications: { handler: describeInstanceCreditSpecifications(parts), ...anything },
    GetDefaultCreditSpecification: { handler: getDefaultCreditSpecification, ...anything },
    ModifyDefaultCreditSpecification: { handler: modifyDefaultCreditSpecification, ...anything },
    ModifyInstanceCreditSpecification: {
      handler: modifyInstanceCreditSpecification,
      resource: (input: Model.ModifyInstanceCreditSpecificationRequest, scope: CallScope) =>
        input.InstanceCreditSpecifications.map(({ InstanceId: id }) => instanceArn(id, scope)),
      conditions: instanceConditions,
    },
    AssociateIamInstanceProfile: {
      handler: associateIamInstanceProfile(parts),
      ...onInstance,
      ...givingProfile(parts),
    },
    ReplaceIamInstanceProfileAssociation: {
      handler: replaceIamInstanceProfileAssociation(parts),
      ...onAssociation,
      ...givingProfile(parts),
    },
    DisassociateIamInstanceProfile: { handler: disassociateIamInstanceProfile, ...onAssociation },
    DescribeIamInstanceProfileAssociations: { handler: describeIamInstanceProfileAssociations(parts), ...anything },
  }) as const;

const templateOperations = (parts: Ec2Parts) => {
  const onOne = { ...onTemplate, conditions: inRegion } as const;
  const secret = ['LaunchTemplateData'];
  const fresh = (_: unknown, scope: CallScope) => templateArn('*', scope);
  return {
    CreateLaunchTemplate: {
      handler: createLaunchTemplate,
      resource: fresh,
      conditions: (input: Model.CreateLaunchTemplateRequest, scope: CallScope) => ({
        ...inRegion(input, scope),
        ...taggedConditions(input),
      }),
      further: (input: Model.CreateLaunchTemplateRequest, scope: CallScope) =>
        permissionToTag('CreateLaunchTemplate', fresh(input, scope), input),
      secret,
    },
    CreateLaunchTemplateVersion: { handler: createLaunchTemplateVersion, ...onOne, secret },
    ModifyLaunchTemplate: { handler: modifyLaunchTemplate, ...onOne },
    DeleteLaunchTemplate: { handler: deleteLaunchTemplate, ...onOne },
    DeleteLaunchTemplateVersions: { handler: deleteLaunchTemplateVersions, ...onOne },
    DescribeLaunchTemplates: { handler: describeLaunchTemplates(parts), ...anything },
    DescribeLaunchTemplateVersions: { handler: describeLaunchTemplateVersions(parts), ...anything },
    GetLaunchTemplateData: { handler: getLaunchTemplateData, ...onInstance },
  } as const;
};

export const instanceOperations = (parts: Ec2Parts) => ({
  ...lifeOperations(parts),
  ...optionOperations(parts),
  ...templateOperations(parts),
});
