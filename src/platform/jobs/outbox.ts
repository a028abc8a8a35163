/**
 * The outbox: what a transaction wants done in another partition. It is a row in the causing transaction, so it is sent exactly
 * if that transaction is durable. Each message names its target (a subscription, a rule's target, a bucket's notification); rows lie
 * by target and then in the order of their sending, which is the order that the relay keeps. relay.ts delivers them.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import { type AccountId, type Region, uuid } from '#platform/base/ids.ts';
import type { Input } from '#platform/service.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';

export interface Message {
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
  readonly region: Region;
  /** The resource that causes the call. */
  readonly sourceArn: string;
  /** What the message is for: messages of one target keep their order, those of different targets never wait for each other. */
  readonly target: string;
}

export interface OutboxRow extends Omit<Message, 'target'> {
  readonly id: string;
  readonly at: Milliseconds;
}

export interface Delivery extends Message {
  readonly idempotencyToken: string;
  readonly requestId: string;
  readonly sourceAccount: AccountId;
  /** The service whose partition holds the outbox. */
  readonly from: string;
  /** Another of its principals than the service's own. */
  readonly principal?: string;
}

/** Target, sequence -> message. What is said in it is its sender's and its target's: a body, a token for credentials. */
export const outboxRows = table('outbox', [text, u64], jsonRows<OutboxRow>(1), { isSealed: true });
/** Sequences up to this one may be taken: they are never used twice, though targets come and go. */
const reservation = table('outbox-reserved', [], jsonRows<{ upTo: number }>(1));

interface Sequence {
  next: number;
  reserved: number;
}

const sequenceSlot: MemorySlot<Sequence> = {
  name: 'outbox',
  load: (partition) => {
    const upTo = partition.read((tx) => tx.get(reservation, reservation.key()))?.upTo ?? 0;
    return { next: upTo, reserved: upTo };
  },
};

const RESERVED_AT_ONCE = 1000;

function nextSequence(tx: Transaction): number {
  const sequence = tx.partition.memory(sequenceSlot);
  const { reserved } = sequence;
  if (sequence.next === reserved) {
    sequence.reserved = reserved + RESERVED_AT_ONCE;
    tx.put(reservation, reservation.key(), { upTo: sequence.reserved });
    tx.onUndo(() => {
      sequence.next = reserved;
      sequence.reserved = reserved;
    });
  }
  return sequence.next++;
}

/** Who is told of new messages; a partition that nobody relays keeps them. */
const listeners = new WeakMap<Partition, (target: string) => void>();

export const listen = (partition: Partition, listener: (target: string) => void): void => {
  listeners.set(partition, listener);
};

/** Sends `message` when the transaction is on disk. */
export function send(tx: Transaction, now: Milliseconds, message: Message): void {
  const { target, ...rest } = message;
  tx.put(outboxRows, outboxRows.key(target, nextSequence(tx)), { ...rest, id: uuid(), at: now });
  tx.onDurable(() => listeners.get(tx.partition)?.(target));
}

/** The first target with messages after `target`, in the order of their names; found without reading the messages between. */
export function nextTarget(tx: ReadTransaction, target: string | undefined): string | undefined {
  const after = target === undefined ? {} : { after: outboxRows.key(target, Number.MAX_SAFE_INTEGER) };
  const [first] = tx.range(outboxRows, { ...after, limit: 1 });
  return first && outboxRows.parts(first.key)[0];
}
