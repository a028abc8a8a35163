/** AddPermission and RemovePermission: the older way to write single statements of a queue's policy. */
import type { AddPermissionRequest, RemovePermissionRequest } from '#platform/model/generated/sqs.ts';
import type { Call } from '#platform/service.ts';
import { queueAddress, queueArn } from './address.ts';
import { checkStatementCount } from './attributes.ts';
import { fail } from './errors.ts';
import { MAX_GRANTED_ACTIONS, MAX_POLICY_BYTES } from './limits.ts';
import { changeQueue, type OpenQueue, openQueue } from './open-queue.ts';

interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

interface PolicyText {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: Statement | readonly Statement[];
}

const LABEL = /^[A-Za-z0-9_-]{1,80}$/;

/** "Only the queue owner" may do the others, so that they can't be given away. */
const GRANTABLE = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

export function addPermission(input: AddPermissionRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const { Label: label, AWSAccountIds: accounts, Actions: actions } = input;
  if (!LABEL.test(label)) {
    fail(
      'ParameterReason',
      label,
      'Label',
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.',
    );
  }
  if (accounts.length === 0) fail('MissingParameter', 'AWSAccountIds');
  if (actions.length === 0) fail('MissingParameter', 'Actions');
  if (actions.length > MAX_GRANTED_ACTIONS) fail('TooManyActions', actions.length);
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account)) fail('ParameterReason', `[${account}]`, 'PrincipalId', 'Unable to verify.');
  }
  for (const action of actions) {
    if (GRANTABLE.has(action)) continue;
    fail('ParameterReason', `SQS:${action}`, 'ActionName', 'Only the queue owner is allowed to invoke this action.');
  }
  const arn = queueArn(call, queue.row.name);
  const policy = policyOf(queue) ?? { Version: '2012-10-17', Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  const statements = statementsOf(policy);
  if (statements.some((statement) => statement.Sid === label)) fail('LabelInUse', label);
  checkStatementCount(statements.length + 1);
  const principals = accounts.map((account) => `arn:aws:iam::${account}:root`);
  const names = actions.map((action) => `SQS:${action}`);
  const added: Statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: principals.length === 1 ? principals[0] : principals },
    Action: names.length === 1 ? names[0] : names,
    Resource: arn,
  };
  const granted = { ...policy, Statement: [...statements, added] };
  if (Buffer.byteLength(JSON.stringify(granted)) > MAX_POLICY_BYTES) fail('PolicyTooLong');
  setPolicy(call, queue, granted);
}

export function removePermission(input: RemovePermissionRequest, call: Call): void {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const policy = policyOf(queue);
  const statements = policy === undefined ? [] : statementsOf(policy);
  const left = statements.filter((statement) => statement.Sid !== input.Label);
  if (policy === undefined || left.length === statements.length) fail('LabelUnknown', input.Label);
  setPolicy(call, queue, left.length === 0 ? undefined : { ...policy, Statement: left });
}

/** Checked when it was set. */
function policyOf(queue: OpenQueue): PolicyText | undefined {
  const policy = queue.row.attributes['Policy'];
  return policy === undefined ? undefined : (JSON.parse(policy) as PolicyText);
}

const statementsOf = (policy: PolicyText): readonly Statement[] =>
  // A policy may have one statement without a list around it.
  Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement as Statement];

function setPolicy(call: Call, queue: OpenQueue, policy: PolicyText | undefined): void {
  const { Policy: _, ...attributes } = queue.row.attributes;
  const changed = policy === undefined ? attributes : { ...attributes, Policy: JSON.stringify(policy) };
  changeQueue(call.tx, queue, { ...queue.row, attributes: changed, modifiedAt: call.now });
}
