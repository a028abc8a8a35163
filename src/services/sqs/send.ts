/** SendMessage and SendMessageBatch. */
import { hash } from 'node:crypto';
import { seconds } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import type {
  SendMessageBatchRequest,
  SendMessageBatchRequestEntry,
  SendMessageBatchResult,
  SendMessageBatchResultEntry,
  SendMessageRequest,
  SendMessageResult,
} from '#platform/model/generated/sqs.ts';
import type { Call } from '#platform/service.ts';
import type { Envelopes } from '#services/kms/api.ts';
import { queueAddress } from './address.ts';
import { checkBatch, runBatch } from './batch.ts';
import { bodySealer, type SealBody } from './encryption.ts';
import { fail } from './errors.ts';
import { MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES } from './limits.ts';
import {
  attributeBytes,
  attributesMd5,
  hasForbiddenCharacters,
  md5Of,
  type StoredAttributes,
  storedAttributes,
  traceHeaderMd5,
  traceHeaderOf,
} from './message-attributes.ts';
import { enqueue, type NewMessage, nextSequence } from './messages.ts';
import { notifyWaiters, type OpenQueue, openQueue } from './open-queue.ts';
import { recall, remember } from './remembered.ts';
import { senderId } from './sender.ts';
import { INLINE_BODY, type MessageRow } from './state.ts';

type Sent = Omit<SendMessageBatchRequestEntry, 'Id'>;
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

const PUNCTUATED_ID = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;

export const sequenceNumber = (sequence: number): string => `1${String(sequence).padStart(19, '0')}`;

export function sendMessage(envelopes: Envelopes, input: SendMessageRequest, call: Call): SendMessageResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const sent: NewMessage[] = [];
  const result = send(bodySealer(envelopes, queue, call), queue, input, call, sent);
  enqueue(call.tx, queue, sent);
  notifyWaiters(queue, call.clock);
  return result;
}

export function sendMessageBatch(
  envelopes: Envelopes,
  input: SendMessageBatchRequest,
  call: Call,
): SendMessageBatchResult {
  const queue = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const seal = bodySealer(envelopes, queue, call);
  checkBatch(input.Entries, 'SendMessageBatchRequestEntry');
  let bytes = 0;
  for (const entry of input.Entries) bytes += Buffer.byteLength(entry.MessageBody) + givenBytes(entry);
  if (bytes > MAX_MESSAGE_BYTES) fail('BatchRequestTooLong', bytes);
  const sent: NewMessage[] = [];
  const result = runBatch(input.Entries, (entry): SendMessageBatchResultEntry => {
    // SendMessageResult marks as optional what every send answers.
    const answer = send(seal, queue, entry, call, sent) as Writable<SendMessageBatchResultEntry>;
    answer.Id = entry.Id;
    return answer;
  });
  enqueue(call.tx, queue, sent);
  for (let i = 0; i < sent.length; i++) notifyWaiters(queue, call.clock);
  return result;
}

function givenBytes(entry: Sent): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(entry.MessageAttributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.DataType ?? '');
    bytes += Buffer.byteLength(value.StringValue ?? '') + (value.BinaryValue?.byteLength ?? 0);
  }
  return bytes;
}

/** Checks a message and adds it to those that this call has to write; a duplicate is answered and not added. */
function send(seal: SealBody, queue: OpenQueue, input: Sent, call: Call, sent: NewMessage[]): SendMessageResult {
  const { tx } = call;
  const body = input.MessageBody;
  if (body === '') fail('MissingParameter', 'MessageBody');
  if (hasForbiddenCharacters(body)) fail('InvalidMessageContents');
  const attributes = storedAttributes(input.MessageAttributes);
  const traceHeader = traceHeaderOf(input.MessageSystemAttributes);
  const { settings } = queue;
  if (Buffer.byteLength(body) + attributeBytes(attributes) > settings.maxBytes)
    fail('MessageTooLong', settings.maxBytes);
  checkGroup(queue, input);
  const delay = delayOf(queue, input);
  const deduplicationId = deduplicationIdOf(queue, input);
  const md5 = md5Of(body);
  const duplicate =
    deduplicationId === undefined ? undefined : recall(tx, queue, dedupKey(queue, input, deduplicationId), call.now);
  if (duplicate !== undefined) {
    const { id = '', sequence = 0 } = duplicate;
    return resultOf(md5, attributes, traceHeader, id, sequenceNumber(sequence));
  }
  const kept = seal(body, md5);
  // Member by member: V8 puts what comes after a spread into a literal one by one, in C++.
  const row: MessageRow = {
    id: uuid(),
    sentAt: call.now,
    sender: senderId(call),
    md5,
    body: kept.body,
    isBodyApart: kept.body.length > INLINE_BODY,
    group: input.MessageGroupId,
    deduplicationId,
    attributes,
    traceHeader,
    deadLetterSource: undefined,
    receivedBefore: 0,
    firstReceivedBefore: 0,
    encryption: kept.encryption,
  };
  const sequence = nextSequence(tx, queue, call.now) + sent.length;
  sent.push({ row, delay });
  if (deduplicationId !== undefined) {
    remember(tx, queue, dedupKey(queue, input, deduplicationId), { at: call.now, id: row.id, sequence });
  }
  return resultOf(md5, attributes, traceHeader, row.id, settings.isFifo ? sequenceNumber(sequence) : undefined);
}

function resultOf(
  md5: string,
  attributes: StoredAttributes | undefined,
  traceHeader: string | undefined,
  id: string,
  sequence: string | undefined,
): SendMessageResult {
  const result: Writable<SendMessageResult> = {
    MD5OfMessageBody: md5,
    MessageId: id,
  };
  const ofAttributes = attributesMd5(attributes);
  const ofSystemAttributes = traceHeaderMd5(traceHeader);
  if (ofAttributes !== undefined) result.MD5OfMessageAttributes = ofAttributes;
  if (ofSystemAttributes !== undefined) result.MD5OfMessageSystemAttributes = ofSystemAttributes;
  if (sequence !== undefined) result.SequenceNumber = sequence;
  return result;
}

function checkGroup(queue: OpenQueue, input: Sent): void {
  const group = input.MessageGroupId;
  if (group === undefined || group === '') {
    if (queue.settings.isFifo) fail('MissingParameter', 'MessageGroupId');
    if (group === '') fail('IdCharacters', group, 'MessageGroupId');
  } else if (!PUNCTUATED_ID.test(group)) fail('IdCharacters', group, 'MessageGroupId');
}

/** Milliseconds, of standard queues; a FIFO queue's delay is the queue's alone. */
function delayOf(queue: OpenQueue, input: Sent): number {
  const given = input.DelaySeconds;
  if (given !== undefined && (given < 0 || given > MAX_DELAY_SECONDS)) {
    fail('ParameterReason', given, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  }
  if (!queue.settings.isFifo) return given === undefined ? queue.settings.delay : seconds(given);
  // AWS accepts the parameter with 0, and with nothing else.
  if (given !== undefined && given > 0) fail('NotForThisType', String(given), 'DelaySeconds');
  return 0;
}

function deduplicationIdOf(queue: OpenQueue, input: Sent): string | undefined {
  const given = input.MessageDeduplicationId;
  if (!queue.settings.isFifo) {
    if (given !== undefined) fail('NotForThisType', given, 'MessageDeduplicationId');
    return undefined;
  }
  if (given === undefined) {
    if (!queue.settings.deduplicatesByContent) fail('NoDeduplicationId');
    return hash('sha256', input.MessageBody, 'hex');
  }
  if (!PUNCTUATED_ID.test(given)) fail('IdCharacters', given, 'MessageDeduplicationId');
  return given;
}

const dedupKey = (queue: OpenQueue, input: Sent, id: string): string =>
  queue.settings.deduplicatesByGroup ? `group ${input.MessageGroupId} ${id}` : `queue ${id}`;
