/**
 * The calling end: HTTP/1.1 over connections that are kept, one call at a time on each. The other end is this program, so only its
 * answers are understood: 200 with a length, or in chunks.
 */
import { connect, type Socket } from 'node:net';
import { roomIn } from '#gateway/http/http1-body-writer.ts';
import { ChunkedDecoder } from '#gateway/http/http1-chunked.ts';
import { defaultLimits } from '#gateway/http/limits.ts';
import { type Milliseconds, seconds } from '#platform/base/clock.ts';

/** Nothing of the call can have been seen: it may be sent again. */
export class NotSent extends Error {
  override name = 'NotSent';
}

export function unlessNotSent(error: unknown): undefined {
  if (!(error instanceof NotSent)) throw error;
  return undefined;
}

/** The connection broke after the call was sent: nobody knows what became of it. */
export class OutcomeUnknown extends Error {
  override name = 'OutcomeUnknown';
}

const CONNECT_LIMIT: Milliseconds = seconds(2);
/** Less than the other end's: it must not close a connection that a call is being written to. */
const KEPT_IDLE: Milliseconds = seconds(30);
const MOST_WAITING_BYTES = 512 * 1024;
/** A call whose body streams stands in the head, so that the body can wait until the other end wants it; a longer one before the body. */
const MOST_IN_HEAD = 12 * 1024;
const CONTINUE = 100;
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

export interface Exchange {
  /** The header line that numbers it. */
  readonly number: string;
  readonly first: Buffer;
  readonly rest: AsyncIterable<Buffer> | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The body of an answer: what came with its head, and the rest, if that was not all. */
export interface Answer {
  readonly status: number;
  readonly head: Buffer;
  readonly rest: AsyncIterable<Uint8Array> | undefined;
}

type Waiter = { readonly resolve: () => void };

/** One connection, which serves one exchange after another. */
class Connection {
  readonly #socket: Socket;
  /** Called when it may serve again, or never will. */
  readonly #onIdle: (connection: Connection) => void;
  readonly #onEnd: (connection: Connection) => void;
  #received: Buffer = NOTHING;
  #answer: PromiseWithResolvers<Answer> | undefined;
  #left = 0;
  #chunks: ChunkedDecoder | undefined;
  #pieces: Buffer[] = [];
  #waiting = 0;
  #isBodyDone = false;
  #isWritten = false;
  #onContinue: () => void = () => {};
  #error: Error | undefined;
  #reader: Waiter | undefined;

  constructor(socket: Socket, onIdle: (connection: Connection) => void, onEnd: (connection: Connection) => void) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    this.#onEnd = onEnd;
    socket.setTimeout(0);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
    socket.on('timeout', () => socket.destroy());
  }

  exchange(path: string, { number, first, rest, signal }: Exchange): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    this.#answer = answer;
    this.#isBodyDone = false;
    this.#isWritten = rest === undefined;
    this.#socket.setTimeout(0);
    const cancel = (): void => void this.#socket.destroy();
    signal?.addEventListener('abort', cancel, { once: true });
    const stop = (): void => signal?.removeEventListener('abort', cancel);
    answer.promise.then(stop, stop);
    const head = `POST ${path} HTTP/1.1\r\nhost: makonis\r\nx-makonis-call: ${number}\r\n`;
    if (rest === undefined) {
      this.#socket.cork();
      this.#socket.write(`${head}content-length: ${first.length}\r\n\r\n`, 'latin1');
      this.#socket.write(first);
      this.#socket.uncork();
    } else if (first.length <= MOST_IN_HEAD) {
      this.#onContinue = () => void this.#writeChunks(rest);
      const call = `x-makonis-first: ${first.toString('base64')}\r\n`;
      this.#socket.write(`${head}${call}transfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n`, 'latin1');
    } else {
      this.#socket.write(`${head}transfer-encoding: chunked\r\n\r\n`, 'latin1');
      void this.#writeChunks(rest, first);
    }
    return answer.promise;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #writeChunks(rest: AsyncIterable<Buffer>, first?: Buffer): Promise<void> {
    try {
      if (first !== undefined) await this.#writeChunk(first);
      for await (const piece of rest) await this.#writeChunk(piece);
      this.#socket.write('0\r\n\r\n');
    } catch {
      this.#socket.destroy();
    }
    this.#isWritten = true;
    this.#rest();
  }

  #writeChunk(bytes: Buffer): Promise<void> | undefined {
    const { writable } = this.#socket;
    if (!writable) throw new OutcomeUnknown('the connection is closed');
    this.#socket.cork();
    this.#socket.write(`${bytes.length.toString(16)}\r\n`);
    this.#socket.write(bytes);
    const hasRoom = this.#socket.write('\r\n');
    this.#socket.uncork();
    return hasRoom ? undefined : roomIn(this.#socket);
  }

  #read(bytes: Buffer): void {
    if (this.#answer !== undefined) this.#readHead(bytes);
    else this.#readBody(bytes);
  }

  #readHead(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#received.length > defaultLimits.headBytes) this.#socket.destroy();
      return;
    }
    const head = this.#received.toString('latin1', 0, end);
    const body = this.#received.subarray(end + HEAD_END.length);
    this.#received = NOTHING;
    const status = Number(head.slice(9, 12));
    if (status === CONTINUE) {
      this.#onContinue();
      if (body.length > 0) this.#readHead(body);
      return;
    }
    const length = /\r\ncontent-length: (\d{1,12})(?:\r\n|$)/.exec(head)?.[1];
    if (length === undefined && !head.includes('\r\ntransfer-encoding: chunked')) return void this.#socket.destroy();
    this.#chunks = length === undefined ? new ChunkedDecoder(defaultLimits) : undefined;
    this.#left = Number(length ?? 0);
    const answer = this.#answer;
    this.#answer = undefined;
    if (this.#chunks === undefined && body.length === this.#left) {
      this.#isBodyDone = true;
      answer?.resolve({ status, head: body, rest: undefined });
      this.#rest();
      return;
    }
    this.#readBody(body);
    answer?.resolve({ status, head: NOTHING, rest: this.#body() });
  }

  #readBody(bytes: Buffer): void {
    const chunks = this.#chunks;
    if (this.#isBodyDone) return void this.#socket.destroy();
    if (chunks === undefined) {
      this.#left -= bytes.length;
      this.#push(bytes);
      if (this.#left < 0) return void this.#socket.destroy();
      if (this.#left === 0) this.#isBodyDone = true;
    } else {
      for (let at = 0; at < bytes.length && !chunks.done; ) {
        at = chunks.read(bytes, at, (piece) => this.#push(piece));
        if (chunks.refusal !== undefined) return void this.#socket.destroy();
      }
      if (chunks.done) this.#isBodyDone = true;
    }
    this.#reader?.resolve();
  }

  #push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#waiting += piece.length;
    if (this.#waiting > MOST_WAITING_BYTES) this.#socket.pause();
  }

  async *#body(): AsyncGenerator<Uint8Array, void> {
    let isWhole = false;
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#waiting -= piece.length;
          yield piece;
        } else if (this.#isBodyDone) {
          isWhole = true;
          return;
        } else if (this.#error !== undefined) throw this.#error;
        else {
          this.#socket.resume();
          const waiter = Promise.withResolvers<void>();
          this.#reader = waiter;
          await waiter.promise;
          this.#reader = undefined;
        }
      }
    } finally {
      // Who stops in the middle wants no more of it.
      if (isWhole) this.#rest();
      else this.#socket.destroy();
    }
  }

  /** Both ways have ended: it may serve again. */
  #rest(): void {
    if (!this.#isBodyDone || !this.#isWritten || this.#socket.destroyed) return;
    this.#chunks = undefined;
    this.#socket.resume();
    this.#socket.setTimeout(KEPT_IDLE);
    this.#onIdle(this);
  }

  #end(): void {
    this.#error = new OutcomeUnknown('the other process has closed the connection');
    this.#answer?.reject(this.#error);
    this.#answer = undefined;
    this.#reader?.resolve();
    this.#onEnd(this);
  }
}

/** Rejects with `NotSent`. */
export function connectTo(address: string): Promise<Socket> {
  const at = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, at).replace(/^\[|\]$/g, ''), Number(address.slice(at + 1))];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    const fail = (): void => {
      socket.destroy();
      reject(new NotSent(`nobody takes calls at ${address}`));
    };
    socket.setTimeout(CONNECT_LIMIT, fail);
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** The connections to one address. */
export class Connections {
  readonly #address: string;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(address: string) {
    this.#address = address;
  }

  async exchange(path: string, exchange: Exchange): Promise<Answer> {
    const connection = this.#idle.pop() ?? (await this.#open());
    return connection.exchange(path, exchange);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  async #open(): Promise<Connection> {
    const connection = new Connection(
      await connectTo(this.#address),
      (idle) => this.#idle.push(idle),
      (ended) => this.#drop(ended),
    );
    this.#all.add(connection);
    return connection;
  }

  #drop(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}
