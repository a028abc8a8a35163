/** What waits for a trail, apart by the folder that its files go to: events under the trail's ARN, the rest beside it. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { LogFolder } from './files.ts';
import { firstNumberAt, waiting } from './state.ts';

/** No ARN of a trail has this character. */
const MARK = '#';

export const insightsOf = (arn: string): string => `${arn}${MARK}insights`;
export const aggregatesOf = (arn: string): string => `${arn}${MARK}aggregated`;

export const queuesOf = (arn: string): readonly (readonly [queue: string, folder: LogFolder])[] => [
  [arn, 'CloudTrail'],
  [insightsOf(arn), 'CloudTrail-Insight'],
  [aggregatesOf(arn), 'CloudTrail-Aggregated'],
];

export const trailOf = (queue: string): string => queue.split(MARK, 1)[0] ?? queue;

export function keepForDelivery(tx: Transaction, queue: string, time: Milliseconds, texts: readonly string[]): void {
  const [last] = tx.range(waiting, { prefix: [queue], reverse: true, limit: 1 });
  const number = Math.max(firstNumberAt(time), last === undefined ? 0 : waiting.parts(last.key)[1] + 1);
  tx.put(waiting, waiting.key(queue, number), texts);
}
