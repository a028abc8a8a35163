import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '#platform/base/clock.ts';
import { lineLogger } from '#platform/base/log.ts';

const LINE = { requestId: 'id', service: 'sqs', operation: 'SendMessage', principal: 'arn:"é"', error: '' };

test('lines come in their order and whole, however many and however long', () => {
  let written = '';
  const clock = new SimulatedClock();
  const log = lineLogger((lines) => {
    written += Buffer.from(lines).toString('utf8');
  }, clock);
  for (let at = 0; at < 1000; at++) log.request(LINE, 200, at, '127.0.0.1');
  log.log('info', 'long', { text: 'é'.repeat(100_000) });
  log.request(LINE, 200, 1000, '127.0.0.1');
  clock.advance(50);
  const lines = written.split('\n');
  assert.equal(lines.pop(), '');
  const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    read.map((line) => line['microseconds'] ?? String(line['text']).length),
    [...Array(1000).keys(), 100_000, 1000],
  );
  assert.equal(read.at(-1)?.['principal'], LINE.principal);
});

test('lines are written when they have waited, or when they are asked for', () => {
  const writes: number[] = [];
  const clock = new SimulatedClock();
  const log = lineLogger((lines) => writes.push(lines.length), clock);
  log.log('info', 'one');
  log.log('debug', 'not wanted');
  assert.equal(writes.length, 0);
  clock.advance(50);
  assert.equal(writes.length, 1);
  log.log('info', 'two');
  log.flush();
  log.flush();
  assert.equal(writes.length, 2);
});
