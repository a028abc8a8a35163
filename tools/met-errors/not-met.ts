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
    in: 'CreateTrail UpdateTrail GetInsightSelectors PutInsightSelectors',
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

/** The services that are held to it. */
export const NOT_MET: Readonly<Record<string, NotMet>> = { cloudtrail: CLOUDTRAIL, kms: KMS, sts: STS };
