/**
 * The HTTP front as the rest of the gateway sees it: requests in, answers out, whatever carries them. Two listeners keep
 * this contract: http1-server.ts (plain HTTP/1.1 by a reader of our own, the fast path) and node-server.ts (TLS with
 * HTTP/1.1 and HTTP/2, by Node's own parsers).
 *
 * A handler sees a request when its body is there (`buffer`), or when its head is (`stream`). What is malformed, too big
 * or too slow is refused before that, with a short text and a closed connection (refusal.ts, limits.ts).
 */
import type { Duplex } from 'node:stream';
import type { WireRequest, WireResponse } from '#gateway/wire/protocol.ts';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { HttpLimits } from './limits.ts';
import type { Refusal } from './refusal.ts';

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** `TLS_AES_256_GCM_SHA384` */
  readonly cipherSuite: string;
}

export interface RequestHead extends Omit<WireRequest, 'body' | 'stream'> {
  /** The body's size as announced; undefined when it comes in chunks. */
  readonly contentLength: number | undefined;
  readonly remoteAddress: string;
  /** True when the request came over TLS. */
  readonly secure: boolean;
  /** What TLS has agreed on; undefined for plain HTTP. */
  readonly tls?: TlsFacts;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
}

export interface IncomingRequest extends RequestHead, WireRequest {
  /** Aborted when the client goes away or the server gives up. Made at first use: most requests never ask. */
  readonly signal: AbortSignal;
}

export type BodyPlan =
  /** Read it whole, up to `limitBytes` (413 beyond). */
  | { readonly mode: 'buffer'; readonly limitBytes: number }
  /** `serve` is called at once; a client that waits for `100 Continue` gets it at the first read of `stream`. */
  | { readonly mode: 'stream' }
  /** Don't read it: answer, and close the connection. */
  | { readonly mode: 'answer'; readonly response: WireResponse };

export interface RequestHandler {
  /** Asked for requests that have a body, before it is read. Without it bodies are buffered. */
  planBody?(head: RequestHead): BodyPlan;
  /**
   * An error thrown here is answered with a bare 500 and reported to `onFault`. The answer's header names are lower-case;
   * `date`, `connection` and framing are the listener's, `content-length` is kept for HEAD and for streams only.
   */
  serve(request: IncomingRequest): WireResponse | Promise<WireResponse>;
  /** Asked when a request wants to go on as a WebSocket. Undefined: it is served like any other, and the offer is not taken. */
  upgrade?(request: IncomingRequest): TakeOver | undefined;
}

/** From here on the connection speaks another protocol, which begins with its own answer. The listener still counts and cuts it. */
export type TakeOver = (socket: Duplex) => void;

export interface ListenOptions {
  /** Both loopback addresses by default; an address that this host lacks is left out, but not all of them. */
  readonly hosts?: readonly string[];
  /** 0: one that the system chooses, the same on all addresses. */
  readonly port: number;
  readonly handler: RequestHandler;
  readonly clock: Clock;
  readonly limits?: Partial<HttpLimits>;
  /** A handler threw, an answer's stream broke or an answer can't be sent: faults of ours. */
  readonly onFault: (error: unknown) => void;
  readonly onRefusal?: (refusal: Refusal, remoteAddress: string) => void;
}

export interface Listener {
  readonly port: number;
  /** The addresses that are bound, without the port. */
  readonly addresses: readonly string[];
  /** Open connections. */
  readonly connections: number;
  /**
   * Takes no further connection, closes idle ones, answers further requests with 503, finishes what is in flight with
   * `connection: close`; after `grace` cuts what is left. Resolves when the last connection is gone. Long polls end early
   * only if their service is told to stop first.
   */
  stop(grace: Milliseconds): Promise<void>;
}

/** What a handler sees on `stream` when the body will not come to its end. */
export class BodyAborted extends Error {
  override name = 'BodyAborted';
}
