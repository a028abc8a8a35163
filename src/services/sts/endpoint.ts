/** STS's global endpoint, `sts.amazonaws.com`: clients that believe to talk to AWS may reach us by that name. */
import { fail } from '#platform/error.ts';
import type { Call } from '#platform/service.ts';

const isGlobalEndpoint = (origin: string): boolean => URL.parse(origin)?.hostname.toLowerCase() === 'sts.amazonaws.com';

/** Some operations are regional ones only. */
export function refuseGlobalEndpoint({ origin, operation }: Call): void {
  if (isGlobalEndpoint(origin)) fail('InvalidAction', `${operation} is not available on the STS global endpoint.`);
}
