/** Every error that CloudTrail answers with, in AWS's words. */
import { ServiceError } from '#platform/error.ts';

const NAME_RULES =
  'Trail names must contain only ASCII letters (a-z, A-Z), numbers (0-9), periods (.), underscores (_), or dashes (-), ' +
  'start and end with a letter or number, be between 3 and 128 characters, have no adjacent periods, underscores or ' +
  'dashes, and not be in IP address format.';

const NO_ORGANIZATION =
  'The request could not be processed because your account is not a member of an organization in AWS Organizations.';

const ERRORS = {
  TrailNotFoundException: (name: string, account: string) => `Unknown trail: ${name} for the user: ${account}`,
  TrailAlreadyExistsException: (name: string, account: string) =>
    `Trail ${name} already exists for customer: ${account}`,
  InvalidTrailNameException: (_name: string) => NAME_RULES,
  CloudTrailARNInvalidException: (arn: string) => `Trail ARN ${arn} is not valid.`,
  InvalidHomeRegionException: (name: string, region: string) =>
    `The trail ${name} can be changed in its home region only: ${region}.`,
  MaximumNumberOfTrailsExceededException: (account: string, most: number) =>
    `User: ${account} already has ${most} trails in this Region.`,
  InvalidS3BucketNameException: (bucket: string) => `Bucket name is not valid: ${bucket}`,
  InvalidS3PrefixException: (prefix: string) => `S3 key prefix is not valid: ${prefix}`,
  S3BucketDoesNotExistException: (bucket: string) => `S3 bucket ${bucket} does not exist!`,
  InsufficientS3BucketPolicyException: (bucket: string) =>
    `Incorrect S3 bucket policy is detected for bucket: ${bucket}`,
  InvalidSnsTopicNameException: (topic: string) => `SNS topic does not exist or is not valid: ${topic}`,
  InvalidKmsKeyIdException: (key: string) => `The KMS key id ${key} is not valid.`,
  KmsKeyNotFoundException: (key: string) => `The KMS key ${key} can't be found.`,
  InvalidCloudWatchLogsLogGroupArnException: (_arn: string) =>
    'Access denied. Check the permissions for your role. The log group can’t be found.',
  InvalidParameterCombinationException: (why: string) => why,
  InvalidParameterException: (why: string) => why,
  InvalidEventSelectorsException: (why: string) => `Invalid event selectors: ${why}`,
  InvalidInsightSelectorsException: (why: string) => `Invalid Insights selectors: ${why}`,
  InsightNotEnabledException: (name: string) => `Trail ${name} does not have Insights enabled.`,
  InvalidTagParameterException: (why: string) => why,
  TagsLimitExceededException: (arn: string) => `The number of tags of ${arn} exceeds the limit of 50.`,
  ResourceNotFoundException: (arn: string) => `Resource ${arn} is not found.`,
  ResourceTypeNotSupportedException: (arn: string) => `The resource type of ${arn} is not supported.`,
  InvalidTimeRangeException: () => 'The start time must be before the end time.',
  InvalidLookupAttributesException: (why: string) => why,
  InvalidNextTokenException: () => 'Invalid nextToken.',
  OrganizationsNotInUseException: () => NO_ORGANIZATION,
  UnsupportedOperationException: (why: string) => why,
} as const satisfies Record<string, (...details: never[]) => string>;

type Errors = typeof ERRORS;

/** `refuse('TrailNotFoundException', name, account)` */
export function refuse<Code extends keyof Errors>(code: Code, ...details: Parameters<Errors[Code]>): never {
  // Each code's words take that code's details.
  const words = ERRORS[code] as (...given: Parameters<Errors[Code]>) => string;
  throw new ServiceError(code, words(...details));
}
