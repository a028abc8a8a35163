/** A hashing thread from the engine's side: orders go out, and answers come back in their order. */
import { Worker } from 'node:worker_threads';
import { present } from '#platform/base/assert.ts';
import type { Answer, Order } from '#services/s3/hashing/orders.ts';
import type { ChecksumName } from '#services/s3/state.ts';

/** Some hashes of one stream. */
export interface HashesInThread {
  /** Resolves when the bytes, which lie in the stream's memory, have been read. */
  update(from: number, bytes: number): Promise<unknown>;
  digests(): Promise<readonly Buffer[]>;
  drop(): void;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class HashingThread {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'hashing',
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;
  #begun = 0;
  #streams = 0;

  constructor() {
    this.#worker.on('message', (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the hashing thread has ended')));
    // Who waits for hashes has a connection, which keeps the process alive.
    this.#worker.unref();
  }

  get streams(): number {
    return this.#streams;
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  async begin(names: readonly ChecksumName[], memory: SharedArrayBuffer): Promise<HashesInThread> {
    const stream = ++this.#begun;
    this.#streams++;
    await this.#ask({ kind: 'begin', stream, names, memory });
    return {
      update: (from, bytes) => this.#ask({ kind: 'update', stream, from, bytes }),
      digests: async () => {
        const digests = await this.#ask({ kind: 'digest', stream });
        return present(digests, 'a digest is answered by sums').map((bytes) => Buffer.from(bytes));
      },
      drop: () => {
        this.#streams--;
        this.#post({ kind: 'drop', stream });
      },
    };
  }

  end(): void {
    void this.#worker.terminate();
  }

  #post(order: Order): void {
    this.#worker.postMessage(order);
  }

  #ask(order: Order): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#post(order);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
