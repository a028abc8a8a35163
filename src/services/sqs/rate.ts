/**
 * How often a FIFO queue may be called: a quota per queue and API action, in which a batch counts once. Standard queues have none,
 * and pay for this with a look at the end of their name.
 */
import type { CallScope, RateLimit, ThrottleDeclaration } from '#platform/service.ts';
import { queueAddress } from './address.ts';
import { highThroughput } from './limits.ts';
import { findQueue } from './open-queue.ts';
import { isFifoName } from './settings.ts';

export const FIFO_QUOTA = 'L-06F64E4D';

/** `action` is shared by an operation and its batch. */
export const fifoRate =
  (action: string) =>
  ({ QueueUrl }: { readonly QueueUrl: string }, scope: CallScope): RateLimit | undefined => {
    const { name } = queueAddress(QueueUrl);
    if (!isFifoName(name)) return undefined;
    const queue = scope.read((tx) => findQueue(tx, name));
    // The handler says that there is none.
    if (queue === undefined) return undefined;
    const isHigh = queue.row.attributes['FifoThroughputLimit'] === 'perMessageGroupId';
    // A queue that changes its mode finds the other bucket full.
    return { key: `${action}/${name}/${isHigh}`, rate: () => rateOf(isHigh, scope) };
  };

function rateOf(isHigh: boolean, scope: CallScope): ThrottleDeclaration {
  const quota = scope.quota(FIFO_QUOTA);
  const perSecond = isHigh ? Math.max(quota, highThroughput(scope.region)) : quota;
  return { perSecond, burst: perSecond };
}
