/**
 * A thread from the engine's side: orders go out, answers come back in their order. (`answerOrders` is the other side.) It keeps no
 * process alive: who waits for an answer has a connection, which does.
 */
import { Worker } from 'node:worker_threads';

/** What an order has led to. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly failure: Failure };

/** Of an error what a thread can tell of it. */
export interface Failure {
  readonly message: string;
  readonly code: string | undefined;
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class OrderThread<Order, Answer> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Answer>[] = [];
  #end: Error | undefined;
  /** How many streams have it now. */
  streams = 0;

  constructor(code: URL, name: string) {
    this.#worker = new Worker(code, { name, env: {}, resourceLimits: { maxYoungGenerationSizeMb: 2 } });
    this.#worker.on('message', (outcome: Outcome<Answer>) => this.#answered(outcome));
    this.#worker.on('error', (error) => this.#ended(error));
    this.#worker.on('exit', () => this.#ended(new Error(`the ${name} thread has ended`)));
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  ask(order: Order): Promise<Answer> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(order);
    });
  }

  end(): void {
    void this.#worker.terminate();
  }

  #answered(outcome: Outcome<Answer>): void {
    const waiting = this.#waiting.shift();
    if ('answer' in outcome) waiting?.resolve(outcome.answer);
    else waiting?.reject(Object.assign(new Error(outcome.failure.message), { code: outcome.failure.code }));
  }

  #ended(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }
}
