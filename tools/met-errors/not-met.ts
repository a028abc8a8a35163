/** What an operation's model documents, our code has elsewhere, and the operation itself can't answer with: each with its reason. */
import type { NotMet } from './met-errors.ts';

const STS: NotMet = [
  {
    error: 'ExpiredTokenException',
    in: 'AssumeRoot',
    why: 'it takes no token of a provider; expired credentials are refused before it, as ExpiredToken',
  },
];

const CLOUDTRAIL: NotMet = [
  {
    error: 'UnsupportedOperationException',
    in: `AddTags CreateTrail DeleteTrail DeregisterOrganizationDelegatedAdmin DescribeTrails GetEventSelectors GetTrail
      GetTrailStatus ListInsightsData ListInsightsMetricData ListPublicKeys ListTags ListTrails LookupEvents PutEventSelectors
      RegisterOrganizationDelegatedAdmin RemoveTags StartLogging StopLogging UpdateTrail`,
    why: 'they are supported; of the operations here only those that can name an event data store are asked for more',
  },
  {
    error: 'InvalidParameterException',
    in: 'CreateTrail UpdateTrail GetEventConfiguration GetInsightSelectors PutInsightSelectors',
    why: 'each parameter has an error of its own',
  },
  {
    error: 'InvalidParameterException',
    in: 'RegisterOrganizationDelegatedAdmin DeregisterOrganizationDelegatedAdmin',
    why: 'without an organization no account is looked at',
  },
  {
    error: 'success',
    in: 'RegisterOrganizationDelegatedAdmin DeregisterOrganizationDelegatedAdmin',
    why: 'trails of organizations, and who sees to them, come with AWS Organizations',
  },
  { error: 'InvalidEventSelectorsException', in: 'UpdateTrail', why: 'it takes no selectors' },
];

const IAM: NotMet = [
  {
    error: 'LimitExceededException',
    in: `ChangePassword DeactivateMFADevice DeleteAccessKey DeleteAccountAlias DeleteAccountPasswordPolicy DeleteGroup
      DeleteGroupPolicy DeleteInstanceProfile DeleteLoginProfile DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePolicy
      DeleteSAMLProvider DeleteServerCertificate DeleteServiceLinkedRole DeleteSigningCertificate DeleteUser DeleteUserPolicy
      DeleteVirtualMFADevice DetachGroupPolicy DetachRolePolicy DetachUserPolicy RemoveRoleFromInstanceProfile
      RemoveUserFromGroup ResyncMFADevice SetDefaultPolicyVersion UpdateAccessKey UpdateAccountPasswordPolicy UpdateGroup
      UpdateLoginProfile UpdateServerCertificate UpdateSigningCertificate UpdateUser`,
    why: 'quotas count what is made; who changes or removes makes nothing',
  },
  {
    error: 'LimitExceededException',
    in: 'CreateAccountAlias CreateLoginProfile GenerateCredentialReport',
    why: 'there is one: a new alias takes its place, a second password is EntityAlreadyExists, a report is good for four hours',
  },
  {
    error: 'InvalidInputException',
    in: `GetServiceLastAccessedDetails ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies
      ListMFADeviceTags UntagInstanceProfile UntagMFADevice UntagServerCertificate`,
    why: 'what their parameters must be like the model says, and what is not is a ValidationError',
  },
  { error: 'InvalidInputException', in: 'GetAccountProperties', why: 'it has no parameters' },
  {
    error: 'NoSuchEntityException',
    in: 'CreateGroup UpdateAccountPasswordPolicy',
    why: 'they name nothing that must be there',
  },
  {
    error: 'NoSuchEntityException',
    in: 'DeleteOpenIDConnectProvider',
    why: 'AWS: "it does not fail … for a provider that does not exist"',
  },
  {
    error: 'EntityAlreadyExistsException',
    in: 'AcquireRole',
    why: 'a role of the name is answered, or is a NameConflict',
  },
  {
    error: 'EntityAlreadyExistsException',
    in: 'AddRoleToInstanceProfile',
    why: 'a profile holds one role: a second, or the same again, is LimitExceeded',
  },
  {
    error: 'EntityAlreadyExistsException',
    in: 'UploadSigningCertificate',
    why: 'the same again is DuplicateCertificate',
  },
  {
    error: 'EntityTemporarilyUnmodifiableException',
    in: 'DeactivateMFADevice EnableMFADevice UpdateUser',
    why: 'changes come one after the other; only setting a password takes its time',
  },
  {
    error: 'DeleteConflictException',
    in: 'DeleteServerCertificate',
    why: 'no service that uses server certificates is here',
  },
  { error: 'MalformedPolicyDocumentException', in: 'UpdateAccountPasswordPolicy', why: 'it takes no document' },
  {
    error: 'UnmodifiableEntityException',
    in: 'UpdateRoleDescription',
    why: 'the description is what may be changed of a service-linked role',
  },
  {
    error: 'UnrecognizedPublicKeyEncodingException',
    in: 'GetSSHPublicKey',
    why: 'the key was read when it was uploaded',
  },
  {
    error: 'ServiceAccessNotEnabledException',
    in: `DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
      EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions ListOrganizationsFeatures`,
    why: 'the organization that there is trusts IAM (organization.ts)',
  },
  {
    error: 'OrganizationNotInAllFeaturesModeException',
    in: `DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
      EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions ListOrganizationsFeatures`,
    why: 'the organization that there is has all features (organization.ts)',
  },
  {
    error: 'CallerIsNotManagementAccountException',
    in: 'EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions',
    why: 'of delegated administrators, which come with AWS Organizations',
  },
  {
    error: 'success',
    in: 'GenerateOrganizationsAccessReport GetOrganizationsAccessReport',
    why: 'they report on roots and units of an organization, which come with AWS Organizations',
  },
];

const KMS: NotMet = [
  {
    error: 'InvalidArnException',
    in: 'CreateKey',
    why: 'it is given no ARN; one in its policy makes the policy malformed',
  },
  {
    error: 'InvalidKeyUsageException',
    in: 'GetPublicKey',
    why: 'a key of any usage that has a public key shows it',
  },
  {
    error: 'KMSInvalidStateException',
    in: `DeleteAlias DeleteImportedKeyMaterial GetKeyPolicy GetKeyRotationStatus ListGrants ListKeyPolicies ListKeyRotations
      PutKeyPolicy RetireGrant RevokeGrant`,
    why: 'allowed in every state that a key can be in here; AWS has states of custom key stores besides',
  },
  { error: 'LimitExceededException', in: 'EnableKey', why: 'the quota counts keys, enabled or not' },
  { error: 'NotFoundException', in: 'ListRetirableGrants', why: 'it names no key' },
  {
    error: 'TagException',
    in: 'UntagResource',
    why: 'a tag key of the right length is removed, or was never there',
  },
  {
    error: 'UnsupportedOperationException',
    in: 'GenerateRandom PutKeyPolicy',
    why: 'of custom key stores; nobody is allowed to change the policy of an AWS managed key in the first place',
  },
];

const SQS: NotMet = [
  {
    error: 'UnsupportedOperation',
    in: `AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch CreateQueue DeleteMessage DeleteMessageBatch
      DeleteQueue GetQueueAttributes GetQueueUrl ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags ListQueues
      PurgeQueue ReceiveMessage RemovePermission SendMessage SendMessageBatch SetQueueAttributes StartMessageMoveTask
      TagQueue UntagQueue`,
    why: 'they are supported; a task that has ended is not cancelled',
  },
  {
    error: 'RequestThrottled',
    in: `AddPermission CancelMessageMoveTask CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl
      ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags ListQueues PurgeQueue RemovePermission
      SetQueueAttributes StartMessageMoveTask TagQueue UntagQueue`,
    why: 'the rates are those of messages in FIFO queues; besides, a store that has more to write than it may answers so',
  },
  {
    error: 'InvalidAddress',
    in: `CancelMessageMoveTask CreateQueue GetQueueUrl ListMessageMoveTasks ListQueues StartMessageMoveTask`,
    why: 'they name no queue by its URL',
  },
  {
    error: 'OverLimit',
    in: 'ReceiveMessage',
    why: 'of 120,000 messages in flight: standard.test.ts beside the service sends them',
  },
  {
    error: 'KmsInvalidKeyUsage',
    in: 'ReceiveMessage',
    why: 'what lies sealed was sealed by a key of the right usage',
  },
];

const SERVICE_QUOTAS: NotMet = [
  {
    error: 'IllegalArgumentException',
    in: `GetAWSDefaultServiceQuota GetRequestedServiceQuotaChange GetServiceQuota ListAWSDefaultServiceQuotas
      ListRequestedServiceQuotaChangeHistory ListRequestedServiceQuotaChangeHistoryByQuota ListServiceQuotas ListServices`,
    why: 'what their parameters must be like the model says, and what is not is a ValidationException',
  },
  {
    error: 'TooManyRequestsException',
    in: `GetAWSDefaultServiceQuota GetRequestedServiceQuotaChange GetServiceQuota ListAWSDefaultServiceQuotas
      ListRequestedServiceQuotaChangeHistory ListRequestedServiceQuotaChangeHistoryByQuota ListServiceQuotas ListServices
      RequestServiceQuotaIncrease`,
    why: 'AWS publishes no rates; a store that has more to write than it may answers so',
  },
];

const TAGGING: NotMet = [
  {
    error: 'InvalidParameterException',
    in: 'GetTagKeys GetTagValues',
    why: 'what their parameters must be like the model says, and what is not is a ValidationException',
  },
  {
    error: 'InvalidParameterException',
    in: 'TagResources UntagResources',
    why: 'what is wrong with a resource stands in FailedResourcesMap',
  },
  {
    error: 'InternalServiceException',
    in: 'GetResources GetTagKeys GetTagValues TagResources UntagResources',
    why: 'of a fault of ours; what a service fails with stands in FailedResourcesMap',
  },
];

const EC2: NotMet = [
  { error: 'KeyPairLimitExceeded', in: '*', why: 'of 5,000 key pairs, a limit that no quota of AWS’s names' },
  { error: 'ResourceCountExceeded', in: '*', why: 'of 5,000 launch templates, a quota that nobody can change' },
  { error: 'VersionCountExceeded', in: '*', why: 'of 10,000 versions of one, likewise' },
];

const INSTANCE_CONNECT: NotMet = [
  {
    error: 'EC2InstanceUnavailableException',
    in: 'SendSerialConsoleSSHPublicKey',
    why: 'a serial line is there before its guest is',
  },
];

/** The services that are held to it. */
export const NOT_MET: Readonly<Record<string, NotMet>> = {
  cloudtrail: CLOUDTRAIL,
  ec2: EC2,
  'ec2-instance-connect': INSTANCE_CONNECT,
  iam: IAM,
  kms: KMS,
  'service-quotas': SERVICE_QUOTAS,
  signin: [],
  sqs: SQS,
  sts: STS,
  tagging: TAGGING,
};
