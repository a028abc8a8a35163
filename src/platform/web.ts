/** What a service serves beside its operations: documents, pages, answers to pages of other origins; and what it is told of each answer. */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Input, Output } from '#platform/service.ts';

/** A browser asks for a page of another origin. */
export interface CrossOriginRequest {
  /** As sent, with the host's bucket before it. */
  readonly path: string;
  readonly origin: string;
  /** That of the request itself, which a preflight announces. */
  readonly method: string;
  /** Those that a preflight announces, in lower case. */
  readonly headers: readonly string[];
  readonly isPreflight: boolean;
}

export interface PublicDocument {
  readonly contentType: string;
  readonly body: string;
  /** How long others may keep it. */
  readonly maxAgeSeconds: number;
}

/** A request and its answer, for a service that keeps a log of its own for its users. */
export interface AnsweredRequest {
  readonly operation: string;
  /** Of the operation's path: `Bucket`, `Key`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly isSite: boolean;
  readonly requestId: string;
  readonly method: string;
  /** Of the signature's scope. */
  readonly region: string | undefined;
  /** Path and query, as sent. */
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly contentLength: number | undefined;
  readonly sourceAddress: string;
  readonly tls: { readonly version: string; readonly cipherSuite: string } | undefined;
  /** ARN of who has signed it; empty if nobody. */
  readonly requester: string;
  readonly signature: { readonly version: string; readonly place: 'AuthHeader' | 'QueryString' } | undefined;
  readonly startedAt: Milliseconds;
  readonly milliseconds: number;
  readonly status: number;
  /** Empty: none. */
  readonly errorCode: string;
  readonly answerHeaders: Readonly<Record<string, string | readonly string[]>>;
  readonly bytesSent: number;
}

/** A request to a host that a service answers by itself. */
export interface SiteRequest {
  /** What stands before the host: a bucket. */
  readonly name: string | undefined;
  readonly method: string;
  /** As it was sent, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly protocol: string;
  /** With its port. */
  readonly host: string;
  readonly requestId: string;
  /** An operation of the service, as an anonymous caller. */
  ask(operation: string, input: Input): Promise<Output>;
}

export interface SiteAnswer {
  /** An operation's output that is shown as its own answer would be, but for what stands beside it. */
  readonly answered?: { readonly operation: string; readonly output: Output };
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
