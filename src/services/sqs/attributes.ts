/**
 * The attributes of a queue: which there are, what each may hold, how they are set and read. Source: API Reference,
 * CreateQueue, SetQueueAttributes and GetQueueAttributes.
 */
import { parseArn } from '#platform/base/arn.ts';
import { ServiceError } from '#platform/error.ts';
import { type PolicyDocument, readDocument } from '#platform/policy/document.ts';
import { fail } from './errors.ts';
import {
  MAX_ALLOWED_SOURCES,
  MAX_DELAY_SECONDS,
  MAX_GRANTED_ACTIONS,
  MAX_KEY_ID_LENGTH,
  MAX_MESSAGE_BYTES,
  MAX_POLICY_BYTES,
  MAX_RECEIVE_COUNT,
  MAX_STATEMENTS,
  MAX_VISIBILITY_SECONDS,
  MAX_WAIT_SECONDS,
} from './limits.ts';
import { isFifoName } from './settings.ts';

type Attributes = Readonly<Record<string, string>>;
/** Throws when the value is not allowed. */
type Rule = (value: string, name: string) => void;

const wholeNumber =
  (least: number, most: number): Rule =>
  (value, name) => {
    if (!/^\d{1,9}$/.test(value) || Number(value) < least || Number(value) > most) fail('InvalidAttributeValue', name);
  };

const oneOf =
  (...allowed: readonly string[]): Rule =>
  (value, name) => {
    if (!allowed.includes(value)) fail('InvalidAttributeValue', name);
  };

function policyDocument(value: string, name: string): void {
  if (value === '') return;
  if (Buffer.byteLength(value) > MAX_POLICY_BYTES) fail('InvalidAttributeValue', name);
  const { statements } = documentOf(value, name);
  checkStatementCount(statements.length);
  const most = Math.max(0, ...statements.map(({ action }) => action.patterns.length));
  if (most > MAX_GRANTED_ACTIONS) fail('TooManyPolicyActions', most);
}

function documentOf(value: string, name: string): PolicyDocument {
  try {
    return readDocument(value, 'resource');
  } catch (error) {
    if (error instanceof ServiceError) return fail('InvalidAttributeValue', name);
    throw error;
  }
}

export function checkStatementCount(count: number): void {
  if (count > MAX_STATEMENTS) fail('TooManyStatements', count);
}

function objectOf(value: string, name: string, otherwise: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // Not JSON: the same error as JSON of another form.
  }
  return fail('ParameterReason', value, name, otherwise);
}

function redrivePolicy(value: string, name: string): void {
  if (value === '') return;
  const policy = objectOf(value, name, 'Redrive policy is not a valid JSON map.');
  for (const member of ['deadLetterTargetArn', 'maxReceiveCount']) {
    if (policy[member] === undefined) {
      fail('ParameterReason', value, name, `Redrive policy does not contain mandatory attribute: ${member}.`);
    }
  }
  for (const member of Object.keys(policy)) {
    if (member !== 'deadLetterTargetArn' && member !== 'maxReceiveCount') {
      fail('ParameterReason', value, name, `Redrive policy contains unsupported attribute: ${member}.`);
    }
  }
  const count = policy['maxReceiveCount'];
  const isNumber = /^\d{1,9}$/.test(String(count));
  if (!isNumber || Number(count) < 1 || Number(count) > MAX_RECEIVE_COUNT) {
    fail(
      'ParameterReason',
      value,
      name,
      `Invalid value for maxReceiveCount: ${count}, valid values are from 1 to 1000 both inclusive.`,
    );
  }
  if (parseArn(String(policy['deadLetterTargetArn']))?.service !== 'sqs') {
    fail('ParameterReason', value, name, `Invalid value for deadLetterTargetArn.`);
  }
}

function redriveAllowPolicy(value: string, name: string): void {
  if (value === '') return;
  const policy = objectOf(value, name, "Amazon SQS can't create the redrive allow policy, as it isn't in JSON format.");
  const { redrivePermission: permission, sourceQueueArns: sources } = policy;
  if (permission !== 'allowAll' && permission !== 'denyAll' && permission !== 'byQueue') {
    fail(
      'ParameterReason',
      value,
      name,
      "Amazon SQS can't create the redrive allow policy, as redrivePermission is not one of allowAll, denyAll, byQueue.",
    );
  }
  if ((permission === 'byQueue') !== (sources !== undefined)) {
    fail(
      'ParameterReason',
      value,
      name,
      'sourceQueueArns must be given if, and only if, redrivePermission is byQueue.',
    );
  }
  if (sources === undefined) return;
  const isList = Array.isArray(sources) && sources.every((arn) => parseArn(String(arn))?.service === 'sqs');
  if (!isList || sources.length < 1 || sources.length > MAX_ALLOWED_SOURCES) {
    fail('ParameterReason', value, name, 'sourceQueueArns must hold 1 to 10 ARNs of queues.');
  }
}

interface AttributeRule {
  readonly check: Rule;
  readonly only?: 'fifo';
}

const BOOLEAN = oneOf('true', 'false');
/** Whether there is such a key is asked when it is used. */
const keyId: Rule = (value, name) => {
  if (value.length > MAX_KEY_ID_LENGTH) fail('InvalidAttributeValue', name);
};

/** Those that can be set. */
const SETTABLE: Readonly<Record<string, AttributeRule>> = {
  DelaySeconds: { check: wholeNumber(0, MAX_DELAY_SECONDS) },
  MaximumMessageSize: { check: wholeNumber(1024, MAX_MESSAGE_BYTES) },
  MessageRetentionPeriod: { check: wholeNumber(60, 1_209_600) },
  ReceiveMessageWaitTimeSeconds: { check: wholeNumber(0, MAX_WAIT_SECONDS) },
  VisibilityTimeout: { check: wholeNumber(0, MAX_VISIBILITY_SECONDS) },
  Policy: { check: policyDocument },
  RedrivePolicy: { check: redrivePolicy },
  RedriveAllowPolicy: { check: redriveAllowPolicy },
  KmsMasterKeyId: { check: keyId },
  KmsDataKeyReusePeriodSeconds: { check: wholeNumber(60, 86_400) },
  SqsManagedSseEnabled: { check: BOOLEAN },
  ContentBasedDeduplication: { check: BOOLEAN, only: 'fifo' },
  DeduplicationScope: { check: oneOf('queue', 'messageGroup'), only: 'fifo' },
  FifoThroughputLimit: { check: oneOf('perQueue', 'perMessageGroupId'), only: 'fifo' },
};

const READ_ONLY = [
  'QueueArn',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'FifoQueue',
];

const READABLE = new Set(['All', ...Object.keys(SETTABLE), ...READ_ONLY]);

export function checkAttributeNames(names: readonly string[]): void {
  for (const name of names) if (!READABLE.has(name)) fail('UnknownAttribute', name);
}

const SCOPED = new Set(['DeduplicationScope', 'FifoThroughputLimit']);

/** Checks what is to be set, and answers all of the queue's attributes afterwards. */
export function changedAttributes(queueName: string, before: Attributes, given: Attributes): Record<string, string> {
  const isFifo = isFifoName(queueName);
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(given)) {
    const rule = (Object.hasOwn(SETTABLE, name) && SETTABLE[name]) || fail('UnknownAttribute', name);
    if (rule.only === 'fifo' && !isFifo) {
      if (SCOPED.has(name)) {
        fail('AttributeReason', name, `You can specify the ${name} only when FifoQueue is set to true.`);
      }
      fail('UnknownAttribute', name);
    }
    rule.check(value, name);
    if (value === '') delete after[name];
    else after[name] = value;
  }
  checkEncryption(given, after);
  if (after['FifoThroughputLimit'] === 'perMessageGroupId' && after['DeduplicationScope'] !== 'messageGroup') {
    fail(
      'AttributeReason',
      'FifoThroughputLimit',
      'The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
  return after;
}

/** SSE-SQS or SSE-KMS, never both: setting the one ends the other. */
function checkEncryption(given: Attributes, after: Record<string, string>): void {
  if (given['KmsMasterKeyId'] && given['SqsManagedSseEnabled'] === 'true') {
    fail(
      'AttributeReason',
      'SqsManagedSseEnabled',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  if (given['KmsMasterKeyId']) after['SqsManagedSseEnabled'] = 'false';
  else if (given['SqsManagedSseEnabled'] === 'true') delete after['KmsMasterKeyId'];
}

interface RedriveAllowPolicy {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns?: readonly string[];
}

/** Whether a dead-letter queue takes messages of the source. */
export function allowsSource(attributes: Attributes, sourceArn: string): boolean {
  const text = attributes['RedriveAllowPolicy'];
  if (text === undefined) return true;
  // Checked when it was set.
  const policy = JSON.parse(text) as RedriveAllowPolicy;
  if (policy.redrivePermission === 'byQueue') return policy.sourceQueueArns?.includes(sourceArn) ?? false;
  return policy.redrivePermission === 'allowAll';
}
