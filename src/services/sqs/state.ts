/**
 * What SQS keeps on disk. Rows are the truth; the owner's memory (window.ts, delivery.ts, fifo.ts) is rebuilt from them.
 *
 * The messages of one call to send lie in one row, a *chunk*: a batch of ten costs the disk what one message costs, and a
 * million waiting messages need no memory. A second row, the chunk's *state*, appears when one of its messages is
 * received, delayed or deleted, and tells of all of them; it is small, because a receive rewrites it and must not rewrite
 * bodies. When the last message of a chunk is deleted both rows go. A body over INLINE_BODY lies apart, and a batch of
 * large messages fills several chunks, so that a page of chunks stays small.
 *
 * A message's sequence is its send time in milliseconds times 1024 plus a count; a chunk is found under the first of its
 * messages' sequences, which follow each other: rows lie in the order of their expiry.
 */
import type { SavedPrincipals } from '#platform/policy/principal-ids.ts';
import { jsonRows, type RowCodec, table, text, u64 } from '#platform/store/keys.ts';
import { chunkCodec, stateCodec } from './chunk-codec.ts';

export interface QueueRow {
  /** Never used twice: the rows of a deleted queue can't show in one of the same name. */
  readonly id: number;
  /** Under which number its messages lie: a purge gives it a new one, and the rows of the old are swept. */
  readonly messagesId: number;
  readonly name: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  /** Attributes as they were set, all of them text as in the API. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Whom the policy meant when it was saved. */
  readonly policyPrincipals?: SavedPrincipals;
  /** Authenticates receipt handles. */
  readonly secret: string;
  readonly purgedAt?: number;
}

export interface StoredAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** base64 */
  readonly Binary?: string;
}

/** What of a message never changes. */
export interface MessageRow {
  readonly id: string;
  readonly sentAt: number;
  readonly sender: string;
  readonly md5: string;
  /** Text, or with `encryption` the sealed text in base 64. */
  readonly body: string;
  readonly isBodyApart: boolean;
  readonly group: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly attributes: Readonly<Record<string, StoredAttribute>> | undefined;
  readonly traceHeader: string | undefined;
  /** Of a message in a dead-letter queue: where it came from, and what happened to it there. */
  readonly deadLetterSource: string | undefined;
  readonly receivedBefore: number;
  readonly firstReceivedBefore: number;
  readonly encryption: SealedUnder | undefined;
}

/** SSE-KMS: with what a body was sealed, wherever the message moves since. */
export interface SealedUnder {
  /** The data key, encrypted under the KMS key; base 64. */
  readonly dataKey: string;
  /** The queue that it was sent to: the data key's encryption context. */
  readonly queueArn: string;
}

/** What a receive changes. */
export interface StateRow {
  readonly visibleAt: number;
  /** How often it was received from this queue; also names the receive that a handle stands for. */
  readonly receives: number;
  readonly firstReceivedAt: number;
  readonly receivedAt: number;
  readonly isBodyApart: boolean;
  readonly group: string | undefined;
}

/** Of a message in a chunk. Untouched: it waits, as it was sent. */
export type MessageState = StateRow | 'untouched' | 'deleted';

export interface CountersRow {
  readonly messages: number;
  readonly lastSequence: number;
}

/** What a deduplication id stood for (a message), or a ReceiveRequestAttemptId (what was handed out). */
export interface RememberedRow {
  readonly at: number;
  readonly id?: string;
  readonly sequence?: number;
  readonly handles?: readonly string[];
}

export interface MoveTaskRow {
  readonly source: string;
  readonly destination: string | undefined;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';
  readonly startedAt: number;
  readonly perSecond: number | undefined;
  readonly moved: number;
  readonly toMove: number;
  readonly failure?: string;
}

export const INLINE_BODY = 4096;

const countersCodec: RowCodec<CountersRow> = {
  encode: (row) => `${row.messages},${row.lastSequence}`,
  decode(bytes) {
    const [messages, lastSequence] = bytes.toString('latin1').split(',');
    return { messages: Number(messages), lastSequence: Number(lastSequence) };
  },
};

const bodyCodec: RowCodec<string> = { encode: (body) => body, decode: (bytes) => bytes.toString('utf8') };

/** Name -> queue. */
export const queues = table('queue', [text], jsonRows<QueueRow>(1));
/** The one row: the number that the next queue, or the next purge, gets. */
export const queueIds = table('queue-id', [], jsonRows<{ next: number }>(1));
/** Name -> when a queue of that name was deleted. */
export const deletedNames = table('deleted', [text], jsonRows<{ at: number }>(1));
/** Dead-letter queue's name, source queue's name. */
export const deadLetterSources = table('source', [text, text], jsonRows<Record<string, never>>(1));

/** Queue's `messagesId`, sequence of the chunk's first message. */
export const chunks = table('chunk', [u64, u64], chunkCodec, { isSealed: true });
export const states = table('state', [u64, u64], stateCodec);
/** Queue's `messagesId`, the message's own sequence. */
export const bodies = table('body', [u64, u64], bodyCodec, { isSealed: true });
/** Queue's `messagesId`. */
export const counters = table('count', [u64], countersCodec);
/** Queue, interval of five minutes, what: an old interval is forgotten by one deletion. */
export const remembered = table('seen', [u64, u64, text], jsonRows<RememberedRow>(1));
/** Source's name, task id; ids ascend with time. */
export const moveTasks = table('move', [text, text], jsonRows<MoveTaskRow>(1));

const SEQUENCES_PER_MILLISECOND = 1024;
export const firstSequenceAt = (time: number): number => Math.max(0, Math.floor(time)) * SEQUENCES_PER_MILLISECOND;
export const timeOfSequence = (sequence: number): number => Math.floor(sequence / SEQUENCES_PER_MILLISECOND);
