/** A thread for tests: adds up the bytes of its streams. */
import { answerOrders } from '#platform/threads/answer-orders.ts';

export type Order =
  | { readonly kind: 'begin'; readonly stream: number }
  | { readonly kind: 'read'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'sum'; readonly stream: number }
  | { readonly kind: 'exit' };

const sums = new Map<number, number>();

function sumOf(stream: number): number {
  const sum = sums.get(stream);
  if (sum === undefined) throw Object.assign(new Error('no such stream'), { code: 'ENOENT' });
  return sum;
}

answerOrders<Order, number>((order) => {
  switch (order.kind) {
    case 'begin':
      sums.set(order.stream, 0);
      return 0;
    case 'read':
      sums.set(
        order.stream,
        order.bytes.reduce((sum, byte) => sum + byte, sumOf(order.stream)),
      );
      return 0;
    case 'sum':
      return sumOf(order.stream);
    case 'exit':
      process.exit();
  }
});
