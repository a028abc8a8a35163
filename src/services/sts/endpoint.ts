/** STS's global endpoint, `sts.amazonaws.com`: clients that believe to talk to AWS may reach us by that name. */
import type { AccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { Call } from '#platform/service.ts';
import type { SessionsApi } from '#services/iam/api.ts';

const isGlobalEndpoint = (origin: string): boolean => URL.parse(origin)?.hostname.toLowerCase() === 'sts.amazonaws.com';

/** What sessions that begin here carry about their tokens. */
export const tokenFacts = (sessions: SessionsApi, { origin }: Call, account: AccountId): { tokenVersion?: 1 } =>
  isGlobalEndpoint(origin) && sessions.globalTokenVersion(account) === 1 ? { tokenVersion: 1 } : {};

/** Some operations are regional ones only. */
export function refuseGlobalEndpoint({ origin, operation }: Call): void {
  if (isGlobalEndpoint(origin)) fail('InvalidAction', `${operation} is not available on the STS global endpoint.`);
}
