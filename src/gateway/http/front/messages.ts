/** What the engine and a front tell each other beside the rings. A wake is `WAKE` and no more. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { HttpLimits } from '../limits.ts';
import type { Refusal } from '../refusal.ts';

export const WAKE = 0;

/** Requests for one way, answers for the other; what limits count. */
export interface FrontMemory {
  readonly requests: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
  readonly member: number;
}

export interface FrontStart {
  readonly memory: FrontMemory;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly limits: HttpLimits;
  /** Requests with longer bodies are passed on. */
  readonly carriedBodyBytes: number;
}

/** What S3 takes as one buffer, and other services are rarely sent. Such a body is waited for, whatever becomes of the request. */
export const CARRIED_BODY_BYTES = 128 * 1024;

export type ToFront =
  | typeof WAKE
  /** An answer that found no room in the ring. */
  | { readonly kind: 'whole'; readonly number: number; readonly bytes: Uint8Array; readonly closes: boolean }
  | { readonly kind: 'stream'; readonly number: number; readonly port: MessagePort; readonly closes: boolean }
  | { readonly kind: 'stop'; readonly grace: number };

export type ToEngine =
  | typeof WAKE
  | { readonly kind: 'listens' }
  /** A request that found no room in the ring. */
  | { readonly kind: 'request'; readonly number: number; readonly bytes: Uint8Array }
  | { readonly kind: 'pass'; readonly remoteAddress: string; readonly port: MessagePort }
  | { readonly kind: 'refusal'; readonly refusal: Refusal; readonly remoteAddress: string }
  | { readonly kind: 'fault'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** A thread, or from inside the port to who started it; in tests two ends of a channel. */
export type Line = Worker | MessagePort;

/** Before the bytes of an answer: a word that says whether it is the connection's last. */
export const ANSWER_HEAD_BYTES = 4;
/** A record of this length tells that nobody waits for the answer any more. */
export const ABORTED = 0;
/** So many records are taken before other events have their turn: else all clients would move as one, and each thread wait for the others. */
export const RECORDS_AT_ONCE = 16;
/** Numbers of requests: the place among those under way, and how often it has been taken, so that none is taken for a later one. */
export const PLACES = 65_536;
