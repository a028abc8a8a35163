/**
 * A request's body on its way to a handler that streams. Whoever fills it is told when to stop (`push` answers false) and
 * when to go on (`onRoom`); `onWanted` is called at the first read, which is when a waiting client gets `100 Continue`.
 * It can be read once, by one reader.
 */
import { BodyAborted } from './listener.ts';

interface Flow {
  onWanted(): void;
  onRoom(): void;
}

type Result = IteratorResult<Uint8Array, undefined>;

const END: Result = { done: true, value: undefined };

export class BodyStream implements AsyncIterableIterator<Uint8Array> {
  readonly #flow: Flow;
  readonly #limit: number;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #wanted = false;
  #state: 'open' | 'ended' | 'failed' | 'dropped' = 'open';
  #reader: { resolve(result: Result): void; reject(error: Error): void } | undefined;

  constructor(flow: Flow, limitBytes: number) {
    this.#flow = flow;
    this.#limit = limitBytes;
  }

  /** False: enough for now. Bytes that nobody will read any more are dropped. */
  push(chunk: Uint8Array): boolean {
    if (this.#state !== 'open') return true;
    if (this.#reader) {
      this.#settle({ done: false, value: chunk });
      return true;
    }
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    return this.#queued < this.#limit;
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#settle(END);
  }

  fail(): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#queue = [];
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(new BodyAborted('the request body did not come to its end'));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    if (!this.#wanted) {
      this.#wanted = true;
      this.#flow.onWanted();
    }
    const chunk = this.#queue.shift();
    if (chunk) {
      const wasFull = this.#queued >= this.#limit;
      this.#queued -= chunk.length;
      if (wasFull && this.#queued < this.#limit) this.#flow.onRoom();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#state === 'failed') return Promise.reject(new BodyAborted('the request body did not come to its end'));
    if (this.#state !== 'open') return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** The reader has had enough. */
  return(): Promise<Result> {
    if (this.#state === 'open') this.#state = 'dropped';
    const wasFull = this.#queued >= this.#limit;
    this.#queue = [];
    this.#queued = 0;
    this.#settle(END);
    if (wasFull) this.#flow.onRoom();
    return Promise.resolve(END);
  }

  #settle(result: Result): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(result);
  }
}
