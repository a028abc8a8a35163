/** Every error that SQS answers with, in AWS's words. Where AWS has several messages for one code, each has its own line. */
import { problemsOf, ServiceError } from '#platform/error.ts';

type Worded = readonly [code: string, message: string];

const reason = (value: unknown, parameter: string, why: string): Worded => [
  'InvalidParameterValue',
  `Value ${value} for parameter ${parameter} is invalid. Reason: ${why}`,
];

const ERRORS = {
  QueueDoesNotExist: (): Worded => ['QueueDoesNotExist', 'The specified queue does not exist.'],
  QueueNameExists: (attribute: string): Worded => [
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
  ],
  QueueDeletedRecently: (): Worded => [
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  ],
  PurgeQueueInProgress: (name: string): Worded => [
    'PurgeQueueInProgress',
    `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
  ],
  QueueName: (): Worded => [
    'InvalidParameterValue',
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  ],
  FifoQueueName: (): Worded => [
    'InvalidParameterValue',
    'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
  ],
  InvalidAddress: (url: string): Worded => ['InvalidAddress', `The address ${url} is not valid for this endpoint.`],
  UnknownAttribute: (name: string): Worded => ['InvalidAttributeName', `Unknown Attribute ${name}.`],
  InvalidAttributeValue: (name: string): Worded => [
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.`,
  ],
  AttributeReason: (name: string, why: string): Worded => [
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}. Reason: ${why}`,
  ],
  ParameterReason: reason,
  MissingParameter: (name: string): Worded => ['MissingParameter', `The request must contain the parameter ${name}.`],
  NotForThisType: (value: string, parameter: string): Worded =>
    reason(value, parameter, 'The request include parameter that is not valid for this queue type.'),
  MessageTooLong: (bytes: number): Worded => [
    'InvalidParameterValue',
    `One or more parameters are invalid. Reason: Message must be shorter than ${bytes} bytes.`,
  ],
  InvalidMessageContents: (): Worded => [
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  ],
  NoDeduplicationId: (): Worded => [
    'InvalidParameterValue',
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  ],
  IdCharacters: (value: string, parameter: string): Worded =>
    reason(
      value,
      parameter,
      `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    ),
  TooManyAttributes: (count: number): Worded => [
    'InvalidParameterValue',
    `Number of message attributes [${count}] exceeds the allowed maximum [10].`,
  ],
  MessageAttribute: (message: string): Worded => ['InvalidParameterValue', message],
  UnsupportedSystemAttribute: (name: string): Worded => [
    'InvalidParameterValue',
    `Message system attribute name '${name}' is invalid.`,
  ],
  ReceiptHandleIsInvalid: (): Worded => ['ReceiptHandleIsInvalid', 'The input receipt handle is invalid.'],
  ReceiptHandleExpired: (handle: string): Worded => reason(handle, 'ReceiptHandle', 'The receipt handle has expired.'),
  ExpiredInBatch: (): Worded => ['ReceiptHandleIsInvalid', 'The receipt handle has expired'],
  NotAvailableForChange: (handle: string): Worded =>
    reason(handle, 'ReceiptHandle', 'Message does not exist or is not available for visibility timeout change.'),
  BeyondTwelveHours: (seconds: number): Worded =>
    reason(
      seconds,
      'VisibilityTimeout',
      'Total VisibilityTimeout for the message is beyond the limit [43200 seconds].',
    ),
  InFlightLimit: (): Worded => ['OverLimit', 'The maximum number of in flight messages is reached.'],
  EmptyBatchRequest: (entry: string): Worded => [
    'EmptyBatchRequest',
    `There should be at least one ${entry} in the request.`,
  ],
  TooManyEntriesInBatchRequest: (count: number): Worded => [
    'TooManyEntriesInBatchRequest',
    `Maximum number of entries per request are 10. You have sent ${count}.`,
  ],
  BatchEntryIdsNotDistinct: (id: string): Worded => ['BatchEntryIdsNotDistinct', `Id ${id} repeated.`],
  InvalidBatchEntryId: (): Worded => [
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  ],
  BatchRequestTooLong: (bytes: number): Worded => [
    'BatchRequestTooLong',
    `Batch requests cannot be longer than 1048576 bytes. You have sent ${bytes} bytes.`,
  ],
  LabelInUse: (label: string): Worded => reason(label, 'Label', 'Already exists.'),
  LabelUnknown: (label: string): Worded => reason(label, 'Label', "can't find label on existing policy."),
  // As clients have reported them (aws-cdk, issue 16303; ministryofjustice/cloud-platform-environments, pull request 9082).
  TooManyStatements: (count: number): Worded => [
    'OverLimit',
    `${count} statements were found in the submitted policy, max allowed is 20`,
  ],
  TooManyPolicyActions: (count: number): Worded => [
    'OverLimit',
    `${count} actions were found in a statement from the submitted policy, max allowed is 7`,
  ],
  PolicyTooLong: (): Worded => ['OverLimit', 'Submitted policy is over max allowed size'],
  TooManyActions: (count: number): Worded => ['OverLimit', `${count} Actions were found, maximum allowed is 7.`],
  SourceDoesNotExist: (): Worded => [
    'ResourceNotFoundException',
    "The resource that you specified for the SourceArn parameter doesn't exist.",
  ],
  DestinationDoesNotExist: (): Worded => [
    'ResourceNotFoundException',
    "The resource that you specified for the DestinationArn parameter doesn't exist.",
  ],
  TaskDoesNotExist: (): Worded => ['ResourceNotFoundException', 'Task does not exist.'],
  TaskNotRunning: (): Worded => ['UnsupportedOperation', 'Only active tasks can be cancelled.'],
  NotDeadLetterQueue: (): Worded => [
    'InvalidParameterValue',
    'Source queue must be configured as a Dead Letter Queue.',
  ],
  TaskRunning: (): Worded => [
    'InvalidParameterValue',
    'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
  ],
  AnonymousOnEncrypted: (): Worded => [
    'KmsAccessDenied',
    'Anonymous requests to a queue that is encrypted by a KMS key are not allowed.',
  ],
  InvalidNextToken: (): Worded => ['InvalidParameterValue', 'Invalid or expired next token.'],
} as const;

type Problem = keyof typeof ERRORS;

const problem = problemsOf(ERRORS);

export function fail<Name extends Problem>(name: Name, ...args: Parameters<(typeof ERRORS)[Name]>): never {
  throw problem(name, ...args);
}

/** KMS's codes, and SQS's for the same. */
const OF_KMS: Readonly<Record<string, string>> = {
  AccessDenied: 'KmsAccessDenied',
  AccessDeniedException: 'KmsAccessDenied',
  DisabledException: 'KmsDisabled',
  InvalidArnException: 'KmsNotFound',
  InvalidKeyUsageException: 'KmsInvalidKeyUsage',
  KMSInvalidStateException: 'KmsInvalidState',
  KeyUnavailableException: 'KmsInvalidState',
  NotFoundException: 'KmsNotFound',
  ThrottlingException: 'KmsThrottled',
  UnsupportedOperationException: 'KmsInvalidKeyUsage',
};

/** What KMS refuses is passed on in KMS's words. */
export function refusedByKms(error: unknown): never {
  const code = error instanceof ServiceError ? OF_KMS[error.code] : undefined;
  throw code === undefined ? error : new ServiceError(code, (error as ServiceError).message);
}
