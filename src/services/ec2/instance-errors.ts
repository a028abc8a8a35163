/** What EC2 answers about instances, their types and launch templates ("Error codes for the Amazon EC2 API"). */
import type { Worded } from '#services/ec2/errors.ts';

const plural = (ids: readonly string[]): string =>
  ids.length === 1 ? `instance ID '${ids[0]}' does` : `instance IDs '${ids.join(', ')}' do`;

export const INSTANCE_ERRORS = {
  NoSuchInstances: (ids: readonly string[]): Worded => ({
    code: 'InvalidInstanceID.NotFound',
    message: `The ${plural(ids)} not exist`,
  }),
  MalformedInstanceId: (id: string): Worded => ({
    code: 'InvalidInstanceID.Malformed',
    message: `Invalid id: "${id}"`,
  }),
  IncorrectInstanceState: (id: string, verb: string): Worded => ({
    code: 'IncorrectInstanceState',
    message: `The instance '${id}' is not in a state from which it can be ${verb}.`,
  }),
  InstanceNotStopped: (id: string): Worded => ({
    code: 'IncorrectInstanceState',
    message: `The instance '${id}' is not in the 'stopped' state.`,
  }),
  InstanceNotRunning: (id: string): Worded => ({
    code: 'IncorrectInstanceState',
    message: `The instance '${id}' is not in the 'running' state.`,
  }),
  TerminationProtected: (id: string): Worded => ({
    code: 'OperationNotPermitted',
    message: `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
  }),
  StopProtected: (id: string): Worded => ({
    code: 'OperationNotPermitted',
    message: `The instance '${id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
  }),
  InterfaceAttribute: (message: string): Worded => ({ code: 'InvalidInstanceID', message }),
  InvalidInstanceAttribute: (message: string): Worded => ({ code: 'InvalidInstanceAttributeValue', message }),
  NoAttribute: (): Worded => ({ code: 'InvalidParameterCombination', message: 'No attributes specified.' }),
  NoCredits: (id: string): Worded => ({
    code: 'InstanceCreditSpecification.NotSupported',
    message: `The instance '${id}' is not of a type that has CPU credits.`,
  }),
  NotHibernatable: (id: string): Worded => ({
    code: 'UnsupportedHibernationConfiguration',
    message: `The instance '${id}' is not enabled for hibernation.`,
  }),
  InsufficientInstanceCapacity: (type: string, zone: string, others: readonly string[]): Worded => ({
    code: 'InsufficientInstanceCapacity',
    message:
      `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). ` +
      'Our system will be working on provisioning additional capacity.' +
      (others.length > 0
        ? ` You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`
        : ''),
    status: 500,
  }),
  VcpuLimitExceeded: (limit: number): Worded => ({
    code: 'VcpuLimitExceeded',
    message:
      `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the ` +
      'specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
  }),
  NoSuchInstanceType: (type: string): Worded => ({
    code: 'InvalidInstanceType',
    message: `The following supplied instance types do not exist: [${type}]`,
  }),
  UnknownInstanceType: (type: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Invalid value '${type}' for InstanceType.`,
  }),
  UnsupportedOperation: (message: string): Worded => ({ code: 'UnsupportedOperation', message }),
  TokensEnforced: (): Worded => ({
    code: 'UnsupportedOperation',
    message:
      "You can't launch instances with IMDSv1 because httpTokensEnforced is enabled for this account. Either launch the instance " +
      'with httpTokens=required or contact your account owner to disable httpTokensEnforced.',
  }),
  Unsupported: (message: string): Worded => ({ code: 'Unsupported', message }),
  InvalidBlockDevice: (message: string): Worded => ({ code: 'InvalidBlockDeviceMapping', message }),
  InvalidNetworkInterface: (message: string): Worded => ({ code: 'InvalidParameterValue', message }),
  NoDefaultSubnet: (zone: string): Worded => ({
    code: 'MissingInput',
    message: `No subnets found for the default VPC${zone && ` in the Availability Zone ${zone}`}. Please specify a subnet.`,
  }),
  MalformedUserData: (): Worded => ({
    code: 'InvalidUserData.Malformed',
    message: 'Invalid BASE64 encoding of user data.',
  }),
  UserDataTooLong: (): Worded => ({
    code: 'InvalidParameterValue',
    message: 'User data is limited to 16384 bytes',
  }),
  NoSuchProfile: (name: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
  }),
  NoSuchProfileArn: (arn: string): Worded => ({
    code: 'InvalidParameterValue',
    message: `Value (${arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
  }),
  ProfileAssociated: (id: string): Worded => ({
    code: 'IncorrectState',
    message: `There is an existing association for instance ${id}`,
  }),
  NoSuchProfileAssociation: (id: string): Worded => ({
    code: 'NoSuchAssociation',
    message: `An invalid association-id of '${id}' was given`,
  }),
  NoSuchLaunchTemplateId: (id: string): Worded => ({
    code: 'InvalidLaunchTemplateId.NotFound',
    message: `The specified launch template, with template ID ${id}, does not exist.`,
  }),
  MalformedLaunchTemplateId: (id: string): Worded => ({
    code: 'InvalidLaunchTemplateId.Malformed',
    message: `Invalid launch template ID: '${id}'`,
  }),
  NoSuchLaunchTemplateName: (name: string): Worded => ({
    code: 'InvalidLaunchTemplateName.NotFoundException',
    message: `The specified launch template, with template name ${name}, does not exist.`,
  }),
  LaunchTemplateExists: (): Worded => ({
    code: 'InvalidLaunchTemplateName.AlreadyExistsException',
    message: 'Launch template name already in use.',
  }),
  MalformedLaunchTemplateName: (): Worded => ({
    code: 'InvalidLaunchTemplateName.MalformedException',
    message:
      'A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _.',
  }),
  NoSuchLaunchTemplateVersion: (id: string, version: string): Worded => ({
    code: 'InvalidLaunchTemplateId.VersionNotFound',
    message: `Could not find the specified version ${version} for the launch template with ID ${id}.`,
  }),
  LaunchTemplateLimitExceeded: (limit: number): Worded => ({
    code: 'ResourceCountExceeded',
    message: `You have reached the limit of ${limit} launch templates for this Region.`,
  }),
  LaunchTemplateVersionLimitExceeded: (limit: number): Worded => ({
    code: 'VersionCountExceeded',
    message: `You have reached the limit of ${limit} versions for this launch template.`,
  }),
} as const;
