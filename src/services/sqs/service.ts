/**
 * Amazon SQS. A queue belongs to one partition. Rows are the truth (state.ts); the owner keeps, per open queue, which
 * messages are ready, in flight and delayed (delivery.ts, fifo.ts) and can rebuild that from the rows at any time.
 *
 * Order of reading: state.ts, window.ts, delivery.ts, open-queue.ts, messages.ts, send.ts, receive.ts, encryption.ts, then the rest.
 */
import { parseArn } from '#platform/base/arn.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type {
  ListDeadLetterSourceQueuesRequest,
  ListQueuesRequest,
  ReceiveMessageRequest,
  SendMessageBatchRequest,
  SendMessageRequest,
  SqsOperations,
  StartMessageMoveTaskRequest,
} from '#platform/model/generated/sqs.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import { type Call, type CallScope, defineService, type Handlers } from '#platform/service.ts';
import type { Envelopes } from '#services/kms/api.ts';
import { queueAddress, queueArn } from './address.ts';
import { expireMessages } from './expiry.ts';
import {
  changeMessageVisibility,
  changeMessageVisibilityBatch,
  deleteMessage,
  deleteMessageBatch,
} from './in-flight.ts';
import { FIFO_TRANSACTIONS_PER_SECOND } from './limits.ts';
import { listDeadLetterSourceQueues, listQueues, listQueueTags, tagQueue, untagQueue } from './listing.ts';
import {
  cancelMessageMoveTask,
  listMessageMoveTasks,
  moveMessages,
  moveTaskPermissions,
  readTaskHandle,
  startMessageMoveTask,
} from './move-tasks.ts';
import { addPermission, removePermission } from './permissions.ts';
import {
  createQueue,
  deleteQueue,
  getQueueAttributes,
  getQueueUrl,
  purgeQueue,
  queueKind,
  setQueueAttributes,
} from './queue.ts';
import { FIFO_QUOTA, fifoRate } from './rate.ts';
import { receiveMessage } from './receive.ts';
import { sendMessage, sendMessageBatch } from './send.ts';
import { sweepMessages } from './sweep.ts';

export interface SqsDeps {
  readonly pages: PageTokens;
  readonly envelopes: Envelopes;
  readonly principals: PrincipalDirectory;
}

interface OnUrl {
  readonly QueueUrl: string;
}
interface OnName {
  readonly QueueName: string;
  readonly QueueOwnerAWSAccountId?: string;
}
interface OnSource {
  readonly SourceArn: string;
}
interface OnTask {
  readonly TaskHandle: string;
}

const ofUrl = {
  resource: (input: OnUrl, scope: CallScope) => queueArn(scope, queueAddress(input.QueueUrl).name),
  owner: (input: OnUrl) => {
    const { account, region } = queueAddress(input.QueueUrl);
    return region === undefined ? { account } : { account, region };
  },
  anonymous: true,
  urlMember: 'QueueUrl',
} as const;

const ofName = {
  resource: (input: OnName, scope: CallScope) => queueArn(scope, input.QueueName),
  owner: (input: OnName) =>
    // Checked by the store's partition: an account that does not exist has no queue.
    input.QueueOwnerAWSAccountId ? { account: input.QueueOwnerAWSAccountId as AccountId } : {},
} as const;

const ownerOfArn = (arn: string) => {
  const { account, region } = parseArn(arn) ?? {};
  return account && region ? { account: account as AccountId, region: region as Region } : {};
};

const ofSource = {
  resource: (input: OnSource) => input.SourceArn,
  owner: (input: OnSource) => ownerOfArn(input.SourceArn),
} as const;

const ofTask = {
  resource: (input: OnTask) => readTaskHandle(input.TaskHandle).sourceArn,
  owner: (input: OnTask) => ownerOfArn(readTaskHandle(input.TaskHandle).sourceArn),
} as const;

/** What messages hold is not written down. */
const secret = ['MessageBody', 'MessageAttributes', 'MessageSystemAttributes'] as const;
const data = { event: 'data', usage: 'Requests', secret } as const;
const management = { event: 'management', usage: 'Requests' } as const;
const sending = fifoRate('Send');
const deleting = fifoRate('Delete');
const changing = fifoRate('ChangeVisibility');
const notImplemented = {} as const;

/** For handlers of policies, which name principals. */
const naming =
  <In, Out>(principals: PrincipalDirectory, handler: (principals: PrincipalDirectory, input: In, call: Call) => Out) =>
  (input: In, call: Call): Out =>
    handler(principals, input, call);

/** Each line: what it does, whose resource, how it is recorded. A batch needs the permission of the single operation. */
const operations = ({ pages, envelopes, principals }: SqsDeps) =>
  ({
    SendMessage: {
      handler: (input: SendMessageRequest, call: Call) => sendMessage(envelopes, input, call),
      ...ofUrl,
      ...data,
      rate: sending,
    },
    SendMessageBatch: {
      handler: (input: SendMessageBatchRequest, call: Call) => sendMessageBatch(envelopes, input, call),
      ...ofUrl,
      ...data,
      action: 'sqs:SendMessage',
      rate: sending,
    },
    ReceiveMessage: {
      handler: (input: ReceiveMessageRequest, call: Call) => receiveMessage(envelopes, input, call),
      ...ofUrl,
      ...data,
      rate: fifoRate('Receive'),
      steps: true,
    },
    DeleteMessage: { handler: deleteMessage, ...ofUrl, ...data, rate: deleting },
    DeleteMessageBatch: { handler: deleteMessageBatch, ...ofUrl, ...data, action: 'sqs:DeleteMessage', rate: deleting },
    ChangeMessageVisibility: { handler: changeMessageVisibility, ...ofUrl, ...data, rate: changing },
    ChangeMessageVisibilityBatch: {
      handler: changeMessageVisibilityBatch,
      ...ofUrl,
      ...data,
      action: 'sqs:ChangeMessageVisibility',
      rate: changing,
    },
    CreateQueue: {
      handler: naming(principals, createQueue),
      ...ofName,
      ...management,
      action: ({ tags }: { readonly tags?: object }) =>
        Object.keys(tags ?? {}).length > 0 ? ['sqs:CreateQueue', 'sqs:TagQueue'] : ['sqs:CreateQueue'],
    },
    DeleteQueue: { handler: deleteQueue, ...ofUrl, ...management },
    GetQueueUrl: { handler: getQueueUrl, ...ofName, ...management },
    ListQueues: {
      handler: (input: ListQueuesRequest, call: Call) => listQueues(pages, input, call),
      resource: () => '*',
      ...management,
    },
    GetQueueAttributes: { handler: naming(principals, getQueueAttributes), ...ofUrl, ...management },
    SetQueueAttributes: { handler: naming(principals, setQueueAttributes), ...ofUrl, ...management },
    PurgeQueue: { handler: purgeQueue, ...ofUrl, ...management },
    ListDeadLetterSourceQueues: {
      handler: (input: ListDeadLetterSourceQueuesRequest, call: Call) => listDeadLetterSourceQueues(pages, input, call),
      ...ofUrl,
      ...management,
    },
    AddPermission: { handler: addPermission, ...ofUrl, ...management },
    RemovePermission: { handler: removePermission, ...ofUrl, ...management },
    TagQueue: { handler: tagQueue, ...ofUrl, ...management },
    UntagQueue: { handler: untagQueue, ...ofUrl, ...management },
    ListQueueTags: { handler: listQueueTags, ...ofUrl, ...management },
    StartMessageMoveTask: {
      handler: (input: StartMessageMoveTaskRequest, call: Call) => startMessageMoveTask(envelopes, input, call),
      steps: true,
      ...ofSource,
      ...management,
      permissions: moveTaskPermissions,
    },
    CancelMessageMoveTask: { handler: cancelMessageMoveTask, ...ofTask, ...management },
    ListMessageMoveTasks: { handler: listMessageMoveTasks, ...ofSource, ...management },
  }) satisfies Handlers<SqsOperations, typeof notImplemented>;

export const sqs = (deps: SqsDeps) =>
  defineService({
    operations: operations(deps),
    notImplemented,
    kinds: { queue: queueKind },
    quotas: {
      [FIFO_QUOTA]: {
        name: 'API throughput of FIFO queues',
        description:
          'Calls per second, per API action, of a FIFO queue; a batch counts once. High throughput has its own, by region.',
        value: FIFO_TRANSACTIONS_PER_SECOND,
        unit: 'Count/Second',
        adjustable: true,
      },
    },
    throttlingError: 'RequestThrottled',
    // As clients have reported it (Particular/docs.particular.net, pull request 3438).
    throttlingMessage: 'Request is throttled.',
    timers: { expireMessages, moveMessages, sweepMessages },
  });
