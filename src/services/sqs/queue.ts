/** Queues themselves: created, found, listed, changed, purged, deleted. */
import { parseArn } from '#platform/base/arn.ts';
import { randomBytes } from '#platform/base/ids.ts';
import { cancelTimer } from '#platform/jobs/timers.ts';
import type {
  CreateQueueRequest,
  CreateQueueResult,
  DeleteQueueRequest,
  GetQueueAttributesRequest,
  GetQueueAttributesResult,
  GetQueueUrlRequest,
  GetQueueUrlResult,
  PurgeQueueRequest,
  SetQueueAttributesRequest,
} from '#platform/model/generated/sqs.ts';
import { readDocument } from '#platform/policy/document.ts';
import { asOfNow, type PrincipalDirectory, savedPrincipals } from '#platform/policy/principal-ids.ts';
import type { Call, Kind } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { checkTags, deleteTags, setTags } from '#platform/tags.ts';
import { queueAddress, queueArn, queueUrl } from './address.ts';
import { allowsSource, changedAttributes, checkAttributeNames } from './attributes.ts';
import { fail } from './errors.ts';
import { DELETED_NAME_INTERVAL, PURGE_INTERVAL } from './limits.ts';
import {
  armExpiry,
  changeQueue,
  closeQueue,
  countsOf,
  dropIndexOnUndo,
  findQueue,
  indexOf,
  notifyWaiters,
  type OpenQueue,
  oldestChunk,
  openQueue,
  startEmpty,
} from './open-queue.ts';
import { DEFAULT_REUSE, DEFAULTS, FIFO_DEFAULTS, isFifoName, setOrDefault } from './settings.ts';
import {
  chunks,
  deadLetterSources,
  deletedNames,
  firstSequenceAt,
  moveTasks,
  type QueueRow,
  queueIds,
  queues,
  remembered,
  timeOfSequence,
} from './state.ts';
import { dropMessages } from './sweep.ts';
import type { Entry } from './window.ts';

const STANDARD_NAME = /^[A-Za-z0-9_-]{1,80}$/;
const FIFO_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/;
export const TAG_ERRORS = { invalid: 'InvalidParameterValue', tooMany: 'InvalidParameterValue' } as const;

export function createQueue(principals: PrincipalDirectory, input: CreateQueueRequest, call: Call): CreateQueueResult {
  const { tx } = call;
  const name = input.QueueName;
  const { FifoQueue: fifo, ...given } = input.Attributes ?? {};
  if (fifo === 'true') {
    if (!FIFO_NAME.test(name)) fail('FifoQueueName');
  } else {
    // AWS knows the attribute only as `true`: it can be given for no standard queue.
    if (fifo !== undefined) fail('UnknownAttribute', 'FifoQueue');
    if (!STANDARD_NAME.test(name)) fail('QueueName');
  }
  const existing = findQueue(tx, name);
  const attributes = changedAttributes(name, {}, given);
  if (existing !== undefined) {
    for (const attribute of Object.keys(given)) {
      if (!isSameValue(shownValue(existing.row, attribute), given[attribute] ?? '')) fail('QueueNameExists', attribute);
    }
    return { QueueUrl: queueUrl(call, name) };
  }
  checkDeletedName(tx, name, call.now);
  checkRedrive(tx, call, name, attributes);
  const tags = input.tags ?? {};
  checkTags(tags, {}, TAG_ERRORS);
  const id = nextQueueId(tx);
  const row: QueueRow = {
    id,
    messagesId: id,
    name,
    createdAt: call.now,
    modifiedAt: call.now,
    attributes,
    ...meant(principals, attributes['Policy']),
    secret: randomBytes(16).toString('hex'),
  };
  tx.put(queues, queues.key(name), row);
  noteDeadLetterQueue(tx, name, undefined, attributes['RedrivePolicy']);
  setTags(tx, queueArn(call, name), tags);
  return { QueueUrl: queueUrl(call, name) };
}

function isSameValue(a: string | undefined, b: string): boolean {
  if ((a ?? '') === b) return true;
  if (a === undefined || !a.startsWith('{')) return false;
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return false;
  }
}

function checkDeletedName(tx: Transaction, name: string, now: number): void {
  const deleted = tx.get(deletedNames, deletedNames.key(name));
  if (deleted === undefined) return;
  if (now < deleted.at + DELETED_NAME_INTERVAL) fail('QueueDeletedRecently');
  tx.delete(deletedNames, deletedNames.key(name));
}

function nextQueueId(tx: Transaction): number {
  const id = tx.get(queueIds, queueIds.key())?.next ?? 1;
  tx.put(queueIds, queueIds.key(), { next: id + 1 });
  return id;
}

/** The dead-letter queue must exist, be of the same type, and take messages of this queue. */
function checkRedrive(
  tx: ReadTransaction,
  call: Call,
  name: string,
  attributes: Readonly<Record<string, string>>,
): void {
  const policy = attributes['RedrivePolicy'];
  if (policy === undefined) return;
  const refuse = (why: string): never => fail('ParameterReason', policy, 'RedrivePolicy', why);
  const target = parseArn((JSON.parse(policy) as { deadLetterTargetArn: string }).deadLetterTargetArn);
  const isHere = target?.region === call.region && target.account === call.account;
  const queue = isHere ? findQueue(tx, target.resource) : undefined;
  if (queue === undefined) fail('ParameterReason', policy, 'RedrivePolicy', 'Dead letter target does not exist.');
  if (queue.settings.isFifo !== isFifoName(name)) {
    refuse('Dead-letter queue must be same type of queue as the source.');
  }
  if (!allowsSource(queue.row.attributes, queueArn(call, name))) {
    refuse('The dead-letter queue does not allow this queue as a source.');
  }
}

/** Keeps, for ListDeadLetterSourceQueues, the list of sources of each dead-letter queue. */
function noteDeadLetterQueue(
  tx: Transaction,
  name: string,
  before: string | undefined,
  after: string | undefined,
): void {
  if (before === after) return;
  const targetOf = (policy: string): string =>
    parseArn((JSON.parse(policy) as { deadLetterTargetArn: string }).deadLetterTargetArn)?.resource ?? '';
  if (before !== undefined) tx.delete(deadLetterSources, deadLetterSources.key(targetOf(before), name));
  if (after !== undefined) tx.put(deadLetterSources, deadLetterSources.key(targetOf(after), name), {});
}

export function getQueueUrl(input: GetQueueUrlRequest, call: Call): GetQueueUrlResult {
  openQueue(call.tx, input.QueueName);
  return { QueueUrl: queueUrl(call, input.QueueName) };
}

export function setQueueAttributes(principals: PrincipalDirectory, input: SetQueueAttributesRequest, call: Call): void {
  const { tx } = call;
  const queue = openQueue(tx, queueAddress(input.QueueUrl).name);
  const { FifoQueue: fifo, ...given } = input.Attributes;
  if (fifo !== undefined && (fifo === 'true') !== queue.settings.isFifo) {
    fail('AttributeReason', 'FifoQueue', 'Modifying queue type is not supported.');
  }
  const { row } = queue;
  const attributes = changedAttributes(row.name, row.attributes, given);
  if (given['RedrivePolicy']) checkRedrive(tx, call, row.name, attributes);
  const oldRetention = queue.settings.retention;
  noteDeadLetterQueue(tx, row.name, row.attributes['RedrivePolicy'], attributes['RedrivePolicy']);
  const policyPrincipals = given['Policy'] === undefined ? {} : meant(principals, attributes['Policy']);
  changeQueue(tx, queue, { ...row, attributes, ...policyPrincipals, modifiedAt: call.now });
  if (queue.settings.retention < oldRetention) rearmExpiry(tx, queue);
  notifyWaiters(queue, call.clock);
}

/** Whom a policy means, for its queue's row. */
function meant(principals: PrincipalDirectory, policy = ''): Pick<QueueRow, 'policyPrincipals'> {
  if (policy === '') return { policyPrincipals: {} };
  const document = readDocument(policy, 'resource');
  return { policyPrincipals: savedPrincipals(principals, { document }, () => fail('InvalidAttributeValue', 'Policy')) };
}

/** A shorter retention period also shortens the life of messages that are there. */
function rearmExpiry(tx: Transaction, queue: OpenQueue): void {
  indexOf(tx, queue);
  const oldest = oldestChunk(tx, queue);
  if (oldest !== undefined) armExpiry(tx, queue, timeOfSequence(oldest) + queue.settings.retention);
}

/** An attribute that is set or has a default, as GetQueueAttributes shows it. */
function shownValue(row: QueueRow, name: string): string | undefined {
  if (name === 'SqsManagedSseEnabled') return row.attributes[name] ?? 'true';
  if (name === 'KmsDataKeyReusePeriodSeconds' && row.attributes['KmsMasterKeyId'])
    return row.attributes[name] ?? inSeconds(DEFAULT_REUSE);
  if (isFifoName(row.name) && name in FIFO_DEFAULTS) return row.attributes[name] ?? FIFO_DEFAULTS[name];
  return setOrDefault(row.attributes, name);
}

const SHOWN = [
  ...Object.keys(DEFAULTS),
  'SqsManagedSseEnabled',
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
];

export function getQueueAttributes(
  principals: PrincipalDirectory,
  input: GetQueueAttributesRequest,
  call: Call,
): GetQueueAttributesResult {
  const { tx } = call;
  const queue = openQueue(tx, queueAddress(input.QueueUrl).name);
  const names = input.AttributeNames ?? [];
  checkAttributeNames(names);
  if (names.length === 0) return {};
  const { row } = queue;
  const all: Record<string, string | undefined> = {
    QueueArn: queueArn(call, row.name),
    CreatedTimestamp: inSeconds(row.createdAt),
    LastModifiedTimestamp: inSeconds(row.modifiedAt),
  };
  for (const name of SHOWN) all[name] = shownValue(row, name);
  if (all['Policy'] !== undefined) all['Policy'] = asOfNow(all['Policy'], row.policyPrincipals ?? {}, principals);
  if (queue.settings.isFifo) {
    all['FifoQueue'] = 'true';
    for (const name of Object.keys(FIFO_DEFAULTS)) all[name] = shownValue(row, name);
  }
  const wantsAll = names.includes('All');
  if (wantsAll || names.some((name) => name.startsWith('ApproximateNumber'))) {
    Object.assign(all, shownCounts(tx, queue, call.now));
  }
  const Attributes: Record<string, string> = {};
  for (const name in all) {
    const value = all[name];
    if (value !== undefined && (wantsAll || names.includes(name))) Attributes[name] = value;
  }
  return Object.keys(Attributes).length === 0 ? {} : { Attributes };
}

const inSeconds = (time: number): string => String(Math.floor(time / 1000));

/** Exact, though AWS calls them approximate. */
function shownCounts(tx: ReadTransaction, queue: OpenQueue, now: number): Record<string, string> {
  const index = indexOf(tx, queue);
  index.advance(now);
  const delayed = queue.settings.isFifo ? countDelayed(tx, queue, now) : index.delayed;
  const visible = countsOf(tx, queue).messages - index.inFlight - delayed;
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(index.inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

/** A FIFO queue's delay is one for all: delayed is what was sent within it and never received. */
function countDelayed(tx: ReadTransaction, queue: OpenQueue, now: number): number {
  if (queue.settings.delay === 0) return 0;
  const index = indexOf(tx, queue);
  let count = 0;
  for (let from = chunks.key(queue.id, firstSequenceAt(now - queue.settings.delay + 1)); ; ) {
    const page = tx.range(chunks, { prefix: [queue.id], from, limit: 1000 });
    for (const { key, row } of page) {
      const { entries = [] } = index.chunkAt(chunks.parts(key)[1]) ?? {};
      count += row.filter((_, at) => isUntouched(entries[at])).length;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < 1000) return count;
    from = chunks.key(queue.id, chunks.parts(last.key)[1] + 1);
  }
}

const isUntouched = (entry: Entry | undefined): boolean =>
  entry === undefined || (entry.receives === 0 && entry.place !== 'deleted');

export function purgeQueue(input: PurgeQueueRequest, call: Call): void {
  const { tx } = call;
  const queue = openQueue(tx, queueAddress(input.QueueUrl).name);
  const { row } = queue;
  if (row.purgedAt !== undefined && call.now < row.purgedAt + PURGE_INTERVAL) fail('PurgeQueueInProgress', row.name);
  const { messages: count } = countsOf(tx, queue);
  dropMessages(tx, queue.id, count, call.now);
  dropIndexOnUndo(tx, queue);
  const messagesId = nextQueueId(tx);
  changeQueue(tx, queue, { ...row, messagesId, purgedAt: call.now });
  startEmpty(tx, queue, messagesId);
}

export function deleteQueue(input: DeleteQueueRequest, call: Call): void {
  const { tx } = call;
  const { name } = queueAddress(input.QueueUrl);
  const queue = openQueue(tx, name);
  dropMessages(tx, queue.id, countsOf(tx, queue).messages, call.now);
  tx.deleteRange(remembered, [queue.row.id]);
  tx.deleteRange(moveTasks, [name]);
  tx.delete(queues, queues.key(name));
  noteDeadLetterQueue(tx, name, queue.row.attributes['RedrivePolicy'], undefined);
  cancelTimer(tx, 'expireMessages', String(queue.row.id));
  deleteTags(tx, queueArn(call, name));
  tx.put(deletedNames, deletedNames.key(name), { at: call.now });
  closeQueue(tx, queue);
}

/** The ARN is one that the platform has parsed: what stands behind the last colon is the name. */
const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf(':') + 1);
const urlOf = (arn: string): string => {
  const { region = '', account = '', resource = '' } = parseArn(arn) ?? {};
  return `https://sqs.${region}.amazonaws.com/${account}/${resource}`;
};

export const queueKind: Kind = {
  name: 'queue',
  cloudFormationType: 'AWS::SQS::Queue',
  list: (tx, after, limit) => {
    const rows = tx.range(queues, { limit, ...(after === undefined ? {} : { after: queues.key(nameOf(after)) }) });
    const { account, region } = tx.partition.name;
    return rows.map(({ row }) => queueArn({ account: account as Call['account'], region }, row.name));
  },
  exists: (tx, arn) => findQueue(tx, nameOf(arn)) !== undefined,
  policy: (tx, arn) => findQueue(tx, nameOf(arn))?.settings.policy,
  tagging: {
    tag: { operation: 'TagQueue', input: (arn, tags) => ({ QueueUrl: urlOf(arn), Tags: tags }) },
    untag: { operation: 'UntagQueue', input: (arn, keys) => ({ QueueUrl: urlOf(arn), TagKeys: keys }) },
  },
  remove: { operation: 'DeleteQueue', input: (arn) => ({ QueueUrl: urlOf(arn) }) },
  holdsData: true,
};
