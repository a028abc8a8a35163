import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newInTurn } from './in-turn.ts';

test('what has one name waits for what came before, failed or not; what has another does not', async () => {
  const inTurn = newInTurn();
  const steps: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn('a', async () => {
    await gate.promise;
    steps.push('first');
    throw new Error('failed');
  });
  const second = inTurn('a', async () => steps.push('second'));
  await inTurn('b', async () => steps.push('other'));
  assert.deepEqual(steps, ['other']);
  gate.resolve();
  await assert.rejects(first, /failed/);
  await second;
  assert.deepEqual(steps, ['other', 'first', 'second']);
});
