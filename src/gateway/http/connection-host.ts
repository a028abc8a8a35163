import type { Milliseconds } from '#platform/base/clock.ts';
import type { Carrier } from './carrier.ts';
import type { Counts } from './counts.ts';
import type { Http1Connection } from './http1-connection.ts';
import type { HeadParser } from './http1-head.ts';
import type { HeadTail } from './http1-response.ts';
import type { HttpLimits } from './limits.ts';
import type { RequestHandler } from './listener.ts';
import type { Refusal } from './refusal.ts';

/** What a connection needs of its listener. */
export interface ConnectionHost {
  readonly handler: RequestHandler;
  readonly limits: HttpLimits;
  readonly parser: HeadParser;
  readonly tail: HeadTail;
  readonly stopping: boolean;
  /** Monotonic, at most a sweep old: nobody needs deadlines to the millisecond. */
  readonly coarseNow: Milliseconds;
  readonly counts: Counts;
  /** Where requests are served, if not by `handler`. */
  readonly carrier: Carrier | undefined;
  /** Whether a connection is asked to end with this answer, so that its client opens another, to a thread that has more time. */
  mayShed(): boolean;
  onFault(error: unknown): void;
  onRefusal(refusal: Refusal, remoteAddress: string): void;
  onClose(connection: Http1Connection): void;
}

/**
 * `idle` between requests, `head` and `body` while one comes in, `answering`, `lingering` after the last answer; `handed-over` to
 * another protocol.
 */
export type Phase = 'idle' | 'head' | 'body' | 'answering' | 'lingering' | 'handed-over';

export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
