/**
 * Page tokens are opaque, sealed and bound: to the caller's account, the partition, the operation and the query that
 * made the first page. So a position in a store never shows, and a token of one list can't be used to walk another. They are
 * written in base 64, its first alphabet: some models (Service Quotas) take no other characters.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import { openText, type Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';

export type PageCall = Pick<Call, 'service' | 'operation' | 'principal' | 'account' | 'region' | 'now'>;

export interface PageTokens {
  /** `query` is whatever else decides the list: filters, prefixes. `position` is where the next page starts. */
  seal(call: PageCall, query: unknown, position: string): string;
  /** The position; calls `invalid` for a token that is foreign, altered, of another query or older than a day. */
  open(call: PageCall, query: unknown, token: string, invalid: () => never): string;
}

const LIFETIME: Milliseconds = days(1);

function binding(call: PageCall, query: unknown): string {
  const { principal } = call;
  const caller = principal.kind === 'service' ? principal.service : 'account' in principal ? principal.account : '';
  return JSON.stringify([caller, call.account, call.region, call.service, call.operation, query]);
}

export function pageTokens(sealer: Sealer): PageTokens {
  const tokens = sealer.purpose('page-token');
  return {
    seal: (call, query, position) =>
      tokens.seal(`${call.now.toString(36)}:${position}`, binding(call, query)).toString('base64'),
    open(call, query, token, invalid) {
      const opened = openText(tokens, token, binding(call, query), 'base64')?.toString('utf8');
      if (opened === undefined) return invalid();
      const colon = opened.indexOf(':');
      if (Number.parseInt(opened.slice(0, colon), 36) + LIFETIME < call.now) return invalid();
      return opened.slice(colon + 1);
    },
  };
}
