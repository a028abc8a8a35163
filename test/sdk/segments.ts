/** The files that short blobs share, and how the sweep empties them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hours, minutes } from '#platform/base/clock.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

export const segmentsOf = ({ data }: Pick<TestCloud, 'data'>): string => join(data, 'blobs', 'us-east-1', 'segments');

/**
 * For a cloud that was started again and has one segment of before, which nobody writes any more: lets time pass until the sweep
 * has moved what is still wanted out of it, and then removed it.
 */
export async function oldSegmentGone(again: TestCloud): Promise<void> {
  const count = (): number => readdirSync(segmentsOf(again)).length;
  again.advance(minutes(11));
  await until(() => count() === 2, 'what is still wanted has moved');
  await until(() => {
    again.advance(hours(2));
    return count() === 1;
  }, 'the old segment is gone');
}
