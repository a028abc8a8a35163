/** For tests: all that a reader makes of some pieces of a stream, each request answered at once. */
import { Http1Reader } from './http1-reader.ts';
import { defaultLimits } from './limits.ts';
import type { Refusal } from './refusal.ts';

export interface ReadRequest {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | undefined>;
  keepAlive: boolean;
  /** In latin1. */
  body: string;
}

export function readAll(pieces: readonly Buffer[]): { requests: ReadRequest[]; refusal: Refusal | undefined } {
  const requests: ReadRequest[] = [];
  let refusal: Refusal | undefined;
  let current: ReadRequest | undefined;
  const reader: Http1Reader = new Http1Reader(
    {
      onHead({ method, path, query, headers, keepAlive }) {
        current = { method, path, query, headers, keepAlive, body: '' };
      },
      onBody(chunk) {
        if (current) current.body += chunk.toString('latin1');
      },
      onEnd() {
        if (!current) return;
        requests.push(current);
        reader.proceed();
      },
      onRefuse(reason) {
        refusal = reason;
      },
    },
    defaultLimits,
  );
  for (const piece of pieces) reader.push(piece);
  return { requests, refusal };
}
