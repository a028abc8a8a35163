/**
 * Threads for long streams of bytes, which lie in memory that both sides see (`inSharedPieces`). One starts with the first stream, and all end
 * when there was none for a while. Beyond a number of streams the engine has no core to give away: they do without.
 */
import { availableParallelism } from 'node:os';
import { type Clock, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { OrderThread } from '#platform/threads/thread.ts';

const MOST_STREAMS = 16;
/** The engine's thread wants a core too. */
const MOST_THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
const LONGEST_REST = seconds(30);

export interface StreamThreadsOptions {
  readonly clock: Clock;
  readonly name: string;
  /** What a thread runs. */
  readonly code: URL;
  /** Of memory that a stream shares with its threads; it serves one stream after another. */
  readonly memoryBytes?: number;
  readonly mostThreads?: number;
  readonly onFault: (error: unknown) => void;
}

/** What one stream has. */
export interface StreamPlace<Order, Answer> {
  /** Among the streams of these threads. */
  readonly stream: number;
  readonly memory: SharedArrayBuffer;
  readonly threads: readonly OrderThread<Order, Answer>[];
}

export class StreamThreads<Order, Answer> {
  readonly #options: StreamThreadsOptions;
  readonly #most: number;
  #running: OrderThread<Order, Answer>[] = [];
  /** Of streams that have ended. */
  #memories: SharedArrayBuffer[] = [];
  #begun = 0;
  #streams = 0;
  #rest: TimerHandle | undefined;

  constructor(options: StreamThreadsOptions) {
    this.#options = options;
    this.#most = options.mostThreads ?? MOST_THREADS;
  }

  /**
   * A place in up to so many threads, if there is one, as `begun` has made use of it. What fails then is told as a fault, and the stream
   * does without: a thread may not get at its code, where the program's folder is closed to the user that the server has become.
   */
  async begin<T>(
    threads: number,
    begun: (place: StreamPlace<Order, Answer>, leave: () => void) => Promise<T>,
  ): Promise<T | undefined> {
    if (this.#streams >= MOST_STREAMS) return undefined;
    const place = this.#take(Math.min(threads, this.#most));
    const leave = () => this.#leave(place);
    try {
      return await begun(place, leave);
    } catch (error) {
      this.#options.onFault(error);
      leave();
      return undefined;
    }
  }

  #take(count: number): StreamPlace<Order, Answer> {
    this.#rest?.cancel();
    this.#streams++;
    const threads = this.#leastBusy(count);
    for (const thread of threads) thread.streams++;
    const memory = this.#memories.pop() ?? new SharedArrayBuffer(this.#options.memoryBytes ?? 0);
    return { stream: ++this.#begun, memory, threads };
  }

  #leave({ memory, threads }: StreamPlace<Order, Answer>): void {
    this.#memories.push(memory);
    for (const thread of threads) thread.streams--;
    this.#streams--;
    if (this.#streams === 0) this.#rest = this.#options.clock.after(LONGEST_REST, () => this.#stop());
  }

  #leastBusy(count: number): OrderThread<Order, Answer>[] {
    this.#running = this.#running.filter(({ hasEnded }) => !hasEnded);
    const idle = this.#running.filter(({ streams }) => streams === 0).length;
    const missing = Math.min(count - idle, this.#most - this.#running.length);
    const { code, name } = this.#options;
    for (let at = 0; at < missing; at++) this.#running.push(new OrderThread(code, name));
    return this.#running.toSorted((a, b) => a.streams - b.streams).slice(0, count);
  }

  #stop(): void {
    for (const thread of this.#running) thread.end();
    this.#running = [];
    this.#memories = [];
  }
}
