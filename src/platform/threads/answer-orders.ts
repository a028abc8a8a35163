/** The side of `OrderThread` that runs in the thread: orders are carried out one after another. */
import { parentPort } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import type { Outcome } from '#platform/threads/thread.ts';

export function answerOrders<Order, Answer>(carryOut: (order: Order) => Answer | Promise<Answer>): void {
  const port = present(parentPort, 'orders come from the thread that started this one');
  const outcomeOf = async (order: Order): Promise<Outcome<Answer>> => {
    try {
      return { answer: await carryOut(order) };
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      return { failure: { message, code } };
    }
  };
  let last = Promise.resolve();
  port.on('message', (order: Order) => {
    last = last.then(async () => port.postMessage(await outcomeOf(order)));
  });
}
