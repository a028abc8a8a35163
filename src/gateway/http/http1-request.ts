import type { Headers } from '#gateway/wire/protocol.ts';
import { CHUNKED, type Http1Head } from './http1-head.ts';
import type { IncomingRequest } from './listener.ts';

const EMPTY = Buffer.alloc(0);

/** A request of an HTTP/1.1 connection. Its body is filled in when it is there. */
export class Http1Request implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly contentLength: number | undefined;
  readonly remoteAddress: string;
  readonly secure = false;
  readonly httpVersion = '1.1';
  body: Buffer = EMPTY;
  declare stream?: AsyncIterable<Uint8Array>;
  /** For the connection: something of the answer has been written. */
  answerBegun = false;
  /** For who carries it on: told once that nobody waits for it any more. */
  onAbort: (() => void) | undefined;
  #isAborted = false;
  #controller: AbortController | undefined;

  constructor(head: Http1Head, remoteAddress: string) {
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.headers = head.headers;
    this.contentLength = head.bodyLength === CHUNKED ? undefined : head.bodyLength;
    this.remoteAddress = remoteAddress;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
    this.onAbort?.();
  }
}
