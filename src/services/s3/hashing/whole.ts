/**
 * Hashes of bodies that came whole. Of 64 KiB MD5 and a CRC take as long as all else that the engine does with them, so a thread computes
 * them while the engine seals and writes. It starts with the first body that is long enough and ends when there was none for a while;
 * until it runs, and where it has no place left, bodies are hashed here.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Clock, seconds } from '#platform/base/clock.ts';
import * as atDesk from '#services/s3/hashing/desk.ts';
import { digestOf } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

/** What is shorter is hashed before the thread would be awake. */
const SHORTEST_BYTES = 16 * 1024;
const LONGEST_REST = seconds(30);

interface Waiting {
  readonly names: readonly ChecksumName[];
  resolve(digests: readonly Buffer[] | Promise<readonly Buffer[]>): void;
}

/** Digests in the order of the names. Until they are there the bytes may be given back, but not before the next turn. */
export type WholeHashing = (names: readonly ChecksumName[], bytes: Uint8Array) => Promise<readonly Buffer[]>;

const hashedHere: WholeHashing = (names, bytes) => Promise.all(names.map((name) => digestOf(name, bytes)));

export function wholeHashing(
  clock: Clock,
  onFault: (error: unknown) => void,
  hasCore = availableParallelism() > 1,
): WholeHashing {
  let thread: HashingThread | undefined;
  /** Its code can't be read, say: so it will be the next time. */
  let hasFailed = false;
  const rest = (known: HashingThread, count: number): void => {
    clock.after(LONGEST_REST, () => {
      if (known.count !== count) return rest(known, known.count);
      if (thread === known) thread = undefined;
      known.end();
    });
  };
  const start = (): HashingThread => {
    const started = new HashingThread((error) => {
      hasFailed = true;
      if (thread === started) thread = undefined;
      onFault(error);
    });
    rest(started, started.count);
    return started;
  };
  return (names, bytes) => {
    const isLong = bytes.length >= SHORTEST_BYTES && bytes.length <= atDesk.LONGEST_BYTES;
    if (!isLong || !hasCore || hasFailed || names.length > atDesk.MOST_NAMES) return hashedHere(names, bytes);
    thread ??= start();
    return thread.give(names, bytes) ?? hashedHere(names, bytes);
  };
}

export class HashingThread {
  readonly #desk = atDesk.newDesk();
  readonly #worker: Worker;
  /** The oldest first: the thread takes them in their order. */
  readonly #waiting: Waiting[] = [];
  #isAwake = false;
  #isWatched = false;
  /** Of bodies that were given. */
  count = 0;
  #settled = 0;

  constructor(onFault: (error: unknown) => void) {
    const { memory: workerData } = this.#desk;
    const resourceLimits = { maxYoungGenerationSizeMb: 2 };
    const code = new URL('./whole-worker.ts', import.meta.url);
    this.#worker = new Worker(code, { name: 'hashing', env: {}, workerData, resourceLimits });
    this.#worker.on('online', () => {
      this.#isAwake = true;
    });
    this.#worker.on('error', (error) => {
      this.#isAwake = false;
      this.#hashHere();
      onFault(error);
    });
    this.#worker.unref();
  }

  /** Undefined: there is no place. */
  give(names: readonly ChecksumName[], bytes: Uint8Array): Promise<readonly Buffer[]> | undefined {
    if (!this.#isAwake || this.#waiting.length >= atDesk.PLACES) return undefined;
    atDesk.putBody(this.#desk, this.count, names, bytes);
    this.count = (this.count + 1) | 0;
    Atomics.store(this.#desk.words, atDesk.GIVEN, this.count);
    Atomics.notify(this.#desk.words, atDesk.GIVEN, 1);
    return new Promise((resolve) => {
      this.#waiting.push({ names, resolve });
      this.#watch();
    });
  }

  end(): void {
    this.#isAwake = false;
    this.#hashHere();
    void this.#worker.terminate();
  }

  #watch(): void {
    if (this.#isWatched) return;
    const { words } = this.#desk;
    for (;;) {
      this.#settle(Atomics.load(words, atDesk.DONE));
      if (this.#waiting.length === 0) return;
      const { async, value } = Atomics.waitAsync(words, atDesk.DONE, this.#settled);
      if (!async) continue;
      this.#isWatched = true;
      void value.then(() => {
        this.#isWatched = false;
        this.#watch();
      });
      return;
    }
  }

  #settle(done: number): void {
    for (; this.#settled !== done; this.#settled = (this.#settled + 1) | 0) {
      const count = this.#settled;
      const waiting = this.#waiting.shift();
      waiting?.resolve(waiting.names.map((_, index) => atDesk.digestOf(this.#desk, count, index)));
    }
  }

  /** The thread will not answer. The bodies lie here too. */
  #hashHere(): void {
    for (const { names, resolve } of this.#waiting.splice(0)) {
      resolve(hashedHere(names, atDesk.bodyOf(this.#desk, this.#settled).body));
      this.#settled = (this.#settled + 1) | 0;
    }
  }
}
