import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes, SimulatedClock } from '#platform/base/clock.ts';
import { SelectError } from '#services/s3/select/errors.ts';
import type { SelectRequest } from '#services/s3/select/run.ts';
import { queryThreads } from '#services/s3/select/threads.ts';

const REQUEST: SelectRequest = {
  expression: 'SELECT _1 FROM S3Object',
  input: {
    kind: 'CSV',
    recordDelimiter: '\n',
    fieldDelimiter: ',',
    quote: '"',
    quoteEscape: '"',
    comments: '#',
    allowsQuotedDelimiters: false,
    header: 'NONE',
  },
  output: { kind: 'JSON', recordDelimiter: '\n' },
  compression: 'NONE',
  now: 0,
};

const refused = (code: string) => (error: unknown) => error instanceof SelectError && error.code === code;

async function* endlessly(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.from('a,b\n');
}

const range = () => Promise.reject(new Error('not asked for'));
const endless = () => ({ chunks: endlessly(), range });

test('so many queries at once and no more, and each leaves its place', async () => {
  const threads = queryThreads(new SimulatedClock());
  const running = Array.from({ length: 4 }, () => threads.run(REQUEST, endless()));
  for (const each of running) await each.next();
  assert.throws(() => threads.run(REQUEST, endless()), refused('Busy'));
  for (const each of running) await each.return(undefined);
  const next = threads.run(REQUEST, endless());
  await next.next();
  assert.equal((await next.next()).value?.records, '{"_1":"a"}\n');
  await next.return(undefined);
});

test('a thread that is silent is ended', async () => {
  const clock = new SimulatedClock();
  // Each of the million letters is tried with each of the pattern's.
  const expression = `SELECT _1 FROM S3Object WHERE _1 LIKE '%${'a'.repeat(100_000)}b'`;
  const query = queryThreads(clock).run({ ...REQUEST, expression }, { chunks: oneRecord(), range });
  await query.next();
  const silent = query.next();
  const timer = setInterval(() => clock.advance(minutes(1)), 50);
  await assert.rejects(silent, refused('Busy'));
  clearInterval(timer);
});

async function* oneRecord(): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${'a'.repeat(1_000_000)}\n`);
}
