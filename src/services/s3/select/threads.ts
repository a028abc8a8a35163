/** Runs queries in threads: so many at once and no more, each with bounded memory, and ended when it is silent for too long. */
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Clock, minutes } from '#platform/base/clock.ts';
import { refuse, SelectError } from '#services/s3/select/errors.ts';
import type { Given, Told } from '#services/s3/select/messages.ts';
import type { SelectRequest } from '#services/s3/select/run.ts';

/** What a query has done when it wants more. */
export interface Step {
  readonly records: string;
  readonly scannedBytes: number;
  readonly processedBytes: number;
}

const MOST_AT_ONCE = 4;
const LIMITS = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** A thread that says nothing for so long works on one chunk. */
const LONGEST_SILENCE = minutes(1);

export interface QueryThreads {
  /** Throws Busy. The thread begins and ends with the iteration, however that ends. */
  run(request: SelectRequest, body: AsyncIterable<Uint8Array>): AsyncGenerator<Step>;
}

export function queryThreads(clock: Clock): QueryThreads {
  let running = 0;
  async function* counted(request: SelectRequest, body: AsyncIterable<Uint8Array>): AsyncGenerator<Step> {
    running++;
    try {
      yield* steps(request, body, clock);
    } finally {
      running--;
    }
  }
  return { run: (request, body) => (running < MOST_AT_ONCE ? counted(request, body) : refuse('Busy')) };
}

function startThread(request: SelectRequest): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'select',
    workerData: request,
    resourceLimits: LIMITS,
    env: {},
  });
  // Its failures are told to whoever waits for it; nobody does after its end.
  worker.on('error', () => {});
  return worker;
}

async function* steps(request: SelectRequest, body: AsyncIterable<Uint8Array>, clock: Clock): AsyncGenerator<Step> {
  const source = body[Symbol.asyncIterator]();
  const worker = startThread(request);
  const silence = new AbortController();
  const listen = () => clock.after(LONGEST_SILENCE, () => silence.abort());
  let scannedBytes = 0;
  let watch = listen();
  try {
    const messages = on(worker, 'message', { signal: silence.signal, close: ['exit'] });
    for await (const [told] of messages as AsyncIterable<[Told]>) {
      watch.cancel();
      if (told.kind === 'refused') throw new SelectError(told.code, told.detail);
      const { records, processedBytes } = told;
      yield { records, scannedBytes, processedBytes };
      if (told.kind === 'done') return;
      const { value: chunk, done } = await source.next();
      if (!done) scannedBytes += chunk.length;
      watch = listen();
      worker.postMessage({ chunk: done ? undefined : chunk } satisfies Given);
    }
    throw new Error('the thread of a query ended before its work');
  } catch (error) {
    throw silence.signal.aborted ? new SelectError('Busy', 'a record takes too long') : error;
  } finally {
    watch.cancel();
    await source.return?.();
    await worker.terminate();
  }
}
