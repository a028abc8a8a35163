/** A hashing thread: it reads shared memory, and has neither files nor network. */
import { parentPort } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import type { Answer, Order } from '#services/s3/hashing/orders.ts';
import { type Hasher, newHasher } from '#services/s3/objects/checksums.ts';

interface Stream {
  readonly memory: SharedArrayBuffer;
  readonly hashers: readonly Hasher[];
}

const port = present(parentPort, 'hashes are computed in a thread of their own');
const streams = new Map<number, Stream>();
const answer = (told: Answer): void => port.postMessage(told);
const streamOf = (id: number): Stream => present(streams.get(id), 'a stream is begun before it goes on');

async function carryOut(order: Order): Promise<void> {
  switch (order.kind) {
    case 'begin': {
      const hashers = await Promise.all(order.names.map(newHasher));
      streams.set(order.stream, { memory: order.memory, hashers });
      answer(undefined);
      return;
    }
    case 'update': {
      const { memory, hashers } = streamOf(order.stream);
      const bytes = new Uint8Array(memory, order.from, order.bytes);
      for (const hasher of hashers) hasher.update(bytes);
      answer(undefined);
      return;
    }
    case 'digest':
      answer(streamOf(order.stream).hashers.map((hasher) => hasher.digest()));
      return;
    case 'drop':
      for (const hasher of streamOf(order.stream).hashers) hasher.release();
      streams.delete(order.stream);
  }
}

// What fails here ends the thread, and with it the uploads that it hashes.
let last = Promise.resolve();
port.on('message', (order: Order) => {
  last = last.then(() => carryOut(order));
});
