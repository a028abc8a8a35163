/** A hashing thread: it reads shared memory, and has neither files nor network. */
import { present } from '#platform/base/assert.ts';
import { answerOrders } from '#platform/threads/answer-orders.ts';
import type { Answer, Order } from '#services/s3/hashing/orders.ts';
import { type Hasher, newHasher } from '#services/s3/objects/checksums.ts';

const streams = new Map<number, readonly Hasher[]>();
const hashersOf = (stream: number): readonly Hasher[] =>
  present(streams.get(stream), 'a stream is begun before it goes on');

answerOrders<Order, Answer>(async (order) => {
  const { stream } = order;
  switch (order.kind) {
    case 'begin':
      streams.set(stream, await Promise.all(order.names.map(newHasher)));
      return [];
    case 'update':
      for (const hasher of hashersOf(stream)) hasher.update(order.bytes);
      return [];
    case 'digest':
      return hashersOf(stream).map((hasher) => hasher.digest());
    case 'drop':
      for (const hasher of streams.get(stream) ?? []) hasher.release();
      streams.delete(stream);
      return [];
  }
});
