import assert from 'node:assert/strict';
import test from 'node:test';
import type { JobStatus } from '#platform/model/generated/s3control.ts';
import { inTurn, MOST_ACTIVE } from './schedule.ts';

const job = (id: string, priority: number, status: JobStatus = 'Ready') => ({ id, priority, status });
const turns = (...all: ReturnType<typeof job>[]): string[] => inTurn(all).map(({ id }) => id);

test('the highest priorities first, then the oldest', () => {
  assert.deepEqual(turns(job('b', 1), job('a', 1), job('c', 5)), ['c', 'a', 'b']);
});

test('no more than may run, and one of a higher priority takes the place of one that runs', () => {
  const running = Array.from({ length: MOST_ACTIVE }, (_, index) => job(`r${index}`, 1, 'Active'));
  assert.equal(inTurn(running).length, MOST_ACTIVE);
  const found = turns(...running, job('urgent', 2));
  assert.equal(found.length, MOST_ACTIVE);
  assert.equal(found[0], 'urgent');
  assert.ok(!found.includes(`r${MOST_ACTIVE - 1}`));
});

test('who waits for something else has no turn', () => {
  assert.deepEqual(turns(job('a', 9, 'Suspended'), job('b', 9, 'Preparing'), job('c', 1, 'Paused')), ['c']);
});
