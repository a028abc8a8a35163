import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '#platform/base/clock.ts';
import { baselineOf, step } from './insights.ts';
import type { InsightRow } from './state.ts';

/** The events of a series of rates, one a minute, after a baseline. */
function run(baseline: readonly number[], rates: readonly number[]): string[] {
  let state: InsightRow | undefined;
  const said: string[] = [];
  for (const [at, rate] of rates.entries()) {
    const next = step(
      state,
      minutes(at),
      rate,
      () => baselineOf(baseline),
      () => 'id',
    );
    if (next.event !== undefined) said.push(`${next.event} at ${at}, ${next.state?.minutes} min`);
    state = next.event === 'End' ? undefined : next.state;
  }
  return said;
}

const quiet = (minutes: number): number[] => new Array<number>(minutes).fill(0);

test('a baseline is the average and the deviation of its minutes', () => {
  assert.deepEqual(baselineOf([2, 4, 4, 4, 5, 5, 7, 9]), { average: 5, deviation: 2, minutes: 8 });
  assert.deepEqual(baselineOf([]), { average: 0, deviation: 0, minutes: 0 });
});

test('an ordinary rate says nothing, however high', () => {
  assert.deepEqual(run(quiet(1000), [0, 1, 5, 6, 0]), []);
  assert.deepEqual(run(new Array(1000).fill(500), [500, 505, 490]), []);
});

test('an unusual rate begins at once and ends after five ordinary minutes', () => {
  assert.deepEqual(run(quiet(1000), [0, 40, 50, 0, 0, 60, ...quiet(6)]), ['Start at 1, 1 min', 'End at 10, 5 min']);
  assert.deepEqual(run(quiet(1000), [40, ...quiet(4)]), ['Start at 0, 1 min']);
});
