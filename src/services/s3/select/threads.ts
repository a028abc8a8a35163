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
/** A group of rows is objects all at once. */
const PARQUET_LIMITS = { ...LIMITS, maxOldGenerationSizeMb: 1024 };
/** A thread that says nothing for so long works on one chunk. */
const LONGEST_SILENCE = minutes(1);

/** Where the bytes come from: one after the other, or those that are asked for. */
export interface Source {
  readonly chunks: AsyncIterable<Uint8Array>;
  range(start: number, end: number): Promise<Uint8Array>;
}

export interface QueryThreads {
  /** Throws Busy. The thread begins and ends with the iteration, however that ends. */
  run(request: SelectRequest, source: Source): AsyncGenerator<Step>;
}

export function queryThreads(clock: Clock): QueryThreads {
  let running = 0;
  async function* counted(request: SelectRequest, source: Source): AsyncGenerator<Step> {
    running++;
    try {
      yield* steps(request, source, clock);
    } finally {
      running--;
    }
  }
  return { run: (request, source) => (running < MOST_AT_ONCE ? counted(request, source) : refuse('Busy')) };
}

function startThread(request: SelectRequest): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'select',
    workerData: request,
    resourceLimits: request.input.kind === 'Parquet' ? PARQUET_LIMITS : LIMITS,
    env: {},
  });
  // Its failures are told to whoever waits for it; nobody does after its end.
  worker.on('error', () => {});
  return worker;
}

async function* steps(request: SelectRequest, { chunks, range }: Source, clock: Clock): AsyncGenerator<Step> {
  const stream = chunks[Symbol.asyncIterator]();
  const worker = startThread(request);
  const silence = new AbortController();
  const listen = () => clock.after(LONGEST_SILENCE, () => silence.abort());
  const wantedBy = async (told: Exclude<Told, { kind: 'refused' }>): Promise<Uint8Array | undefined> =>
    told.kind === 'range' ? range(told.start, told.end) : (await stream.next()).value;
  let scannedBytes = 0;
  let watch = listen();
  try {
    const messages = on(worker, 'message', { signal: silence.signal, close: ['exit'] });
    for await (const [told] of messages as AsyncIterable<[Told]>) {
      watch.cancel();
      if (told.kind === 'refused') throw new SelectError(told.code, told.detail);
      yield { records: told.records, scannedBytes, processedBytes: told.processedBytes };
      if (told.kind === 'done') return;
      const chunk = await wantedBy(told);
      scannedBytes += chunk?.length ?? 0;
      watch = listen();
      worker.postMessage({ chunk } satisfies Given);
    }
    throw new Error('the thread of a query ended before its work');
  } catch (error) {
    throw silence.signal.aborted ? new SelectError('Busy', 'a record takes too long') : withinMemory(error);
  } finally {
    watch.cancel();
    await stream.return?.();
    await worker.terminate();
  }
}

const withinMemory = (error: unknown): unknown =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new SelectError('Busy', 'it takes more memory than a query has')
    : error;
