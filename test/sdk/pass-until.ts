/** What CloudTrail delivers comes every five minutes: tests let them pass. */
import { minutes } from '#platform/base/clock.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

/** Goes on by five minutes until it is so: what was due may have been under way when the time came. */
export async function passUntil(
  c: TestCloud,
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  mostTries = 20,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    c.advance(minutes(5) + 1);
    try {
      return await until(isTrue, what, 1);
    } catch (error) {
      if (tries === mostTries) throw error;
    }
  }
}
