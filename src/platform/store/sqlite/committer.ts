/**
 * The committer thread: one for all files of a store. Sleeps in the order ring, carries orders out one by one and answers each with
 * a `Report`. It never returns to an event loop of its own; messages are taken out of the port when an order needs them.
 */
import { flushCompileCache } from 'node:module';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, present } from '#platform/base/assert.ts';
import { giveBackMemory } from '#platform/base/memory.ts';
import { FileWriter } from '#platform/store/sqlite/apply.ts';
import { isByMessage, KNOWN_FILES, KNOWN_MEMORIES, RingReader } from '#platform/store/sqlite/order-ring.ts';

/** What comes by message: numbers for the ring to use, and orders that don't fit it. */
export type Message =
  | { readonly kind: 'file'; readonly number: number; readonly path: string }
  | { readonly kind: 'memory'; readonly number: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'commit'; readonly path: string; readonly batch: Uint8Array }
  | { readonly kind: 'close'; readonly path: string }
  | { readonly kind: 'stop' };

export interface Report {
  readonly path: string;
  readonly error?: string;
}

const port = present(parentPort, 'the committer runs in a thread of its own');
const ring = new RingReader(workerData);
// Node does it at the end of a thread, when the process may have given up the right to write there.
flushCompileCache();
const writers = new Map<string, FileWriter>();
const paths = new Map<number, string>();
const memories = new Map<number, SharedArrayBuffer>();

function writerOf(path: string): FileWriter {
  let writer = writers.get(path);
  if (!writer) {
    writer = new FileWriter(path);
    writers.set(path, writer);
  }
  return writer;
}

function attempt(path: string, action: () => void): void {
  let report: Report = { path };
  try {
    action();
  } catch (error) {
    report = { path, error: error instanceof Error ? error.message : String(error) };
  }
  port.postMessage(report);
}

function commit(path: string, batch: Uint8Array): void {
  const writer = writerOf(path);
  attempt(path, () => writer.apply(batch));
  writer.tidy();
}

function nextMessage(): Message {
  const received = receiveMessageOnPort(port);
  // Only CommitterThread posts here, before it puts the order into the ring.
  return present(received, 'what an order names was posted before it').message as Message;
}

/** Takes a message out; keeps what it names, or answers it if it is an order. */
function takeIn(): Message | undefined {
  const message = nextMessage();
  if (message.kind === 'file') keep(paths, message.number, message.path, KNOWN_FILES);
  else if (message.kind === 'memory') keep(memories, message.number, message.memory, KNOWN_MEMORIES);
  else return message;
  return undefined;
}

function nextOrder(): Message {
  for (;;) {
    const order = takeIn();
    if (order !== undefined) return order;
  }
}

function keep<T>(known: Map<number, T>, number: number, value: T, capacity: number): void {
  known.set(number, value);
  const [oldest] = known.keys();
  if (known.size > capacity && oldest !== undefined) known.delete(oldest);
}

/** What the number stands for; told of by a message that is still in the port, if it is new. */
function named<T>(known: Map<number, T>, number: number): T {
  while (!known.has(number)) assert(takeIn() === undefined, 'an order by message has a slot of its own');
  return present(known.get(number), 'it is known by now');
}

for (let isRunning = true, orders = 0; isRunning; orders++) {
  // After the first, which a start waits for.
  if (orders === 1) giveBackMemory();
  const slot = ring.take();
  if (!isByMessage(slot)) {
    commit(named(paths, slot.file), new Uint8Array(named(memories, slot.memory), 0, slot.bytes));
    continue;
  }
  const order = nextOrder();
  if (order.kind === 'commit') commit(order.path, order.batch);
  if (order.kind === 'close') {
    const writer = writerOf(order.path);
    writers.delete(order.path);
    attempt(order.path, () => writer.close());
  }
  isRunning = order.kind !== 'stop';
}
port.close();
