/** What a client may cost us before it has said who it is. Numbers are data: a listener takes them as an option. */
import { type Milliseconds, seconds } from '#platform/base/clock.ts';

export interface HttpLimits {
  /** Request line and headers together; beyond that 431. AWS's own front ends take 16 to 32 KiB. */
  readonly headBytes: number;
  /** Header lines; beyond that 431. */
  readonly headers: number;
  /** Path and query; beyond that 414. Room for a presigned URL with a long session token. */
  readonly targetBytes: number;
  /** HTTP trailers after a chunked body, which are checked and dropped; beyond that 431. */
  readonly trailerBytes: number;
  /** A body that is read as a whole, where the handler names no limit of its own; beyond that 413. */
  readonly bufferedBodyBytes: number;
  /** All bodies of a listener that are being buffered at one time; beyond that 503. */
  readonly bufferedBodyBytesTotal: number;
  /** Bytes of a streamed body that wait for their reader before the client is held up. */
  readonly streamQueueBytes: number;
  /** Bytes that a client may send ahead of an answer (pipelining) before it is held up. */
  readonly pipelinedBytes: number;
  /** From the first byte of a head to its end; then 408. */
  readonly headTime: Milliseconds;
  /** In each such span a body brings `paceBytes` or ends; else 408. Time in which we hold the client up does not count. */
  readonly paceTime: Milliseconds;
  readonly paceBytes: number;
  /** Between two requests of a connection, and before the first; then it is closed. */
  readonly idleTime: Milliseconds;
  /** For an answer that the client does not read, and `writeBytesPerSecond` on top for what waits. */
  readonly writeTime: Milliseconds;
  readonly writeBytesPerSecond: number;
  /** After a refusal, what the client still sends is read and dropped, so that a reset does not eat the answer. */
  readonly lingerTime: Milliseconds;
  readonly lingerBytes: number;
  readonly connections: number;
  /** From one address; Infinity behind a proxy or on loopback. */
  readonly connectionsPerAddress: number;
  /** Concurrent streams of an HTTP/2 connection. */
  readonly streams: number;
  /** What an HTTP/2 connection, and each of its streams, may send ahead of our reading. */
  readonly windowBytes: number;
  /** How often deadlines are looked at: one timer for a listener, none for a connection. */
  readonly sweepTime: Milliseconds;
}

export const defaultLimits: HttpLimits = {
  headBytes: 32 * 1024,
  headers: 200,
  targetBytes: 16 * 1024,
  trailerBytes: 8 * 1024,
  bufferedBodyBytes: 8 * 1024 * 1024,
  bufferedBodyBytesTotal: 256 * 1024 * 1024,
  streamQueueBytes: 256 * 1024,
  pipelinedBytes: 64 * 1024,
  headTime: seconds(10),
  paceTime: seconds(20),
  paceBytes: 16 * 1024,
  idleTime: seconds(75),
  writeTime: seconds(30),
  writeBytesPerSecond: 16 * 1024,
  lingerTime: seconds(5),
  lingerBytes: 1024 * 1024,
  connections: 10_000,
  connectionsPerAddress: Number.POSITIVE_INFINITY,
  streams: 128,
  windowBytes: 1024 * 1024,
  sweepTime: seconds(1),
};

/**
 * Whether a body keeps the pace: in each span of `paceTime` it brings `paceBytes`. An average over the whole body would
 * let a client that once was fast stall for hours.
 */
export class BodyPace {
  readonly #limits: HttpLimits;
  #since: Milliseconds;
  #bytes = 0;

  constructor(limits: HttpLimits, now: Milliseconds) {
    this.#limits = limits;
    this.#since = now;
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  restart(now: Milliseconds): void {
    this.#since = now;
    this.#bytes = 0;
  }

  isLate(now: Milliseconds): boolean {
    if (this.#bytes >= this.#limits.paceBytes) this.restart(now);
    return now - this.#since > this.#limits.paceTime;
  }
}
