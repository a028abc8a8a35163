/** Credentials that a service issues itself (S3 Express's sessions): they come with a token in a place of its own. */
import type { Authentication } from '#gateway/auth/authentication.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Credential } from '#platform/principal.ts';
import type { RegisteredService } from '#platform/registry.ts';

/** Undefined for keys of IAM's. */
export function ownCredential(
  { headers, query }: Pick<WireRequest, 'headers' | 'query'>,
  { form, accessKeyId }: Authentication,
  { declaration: { sessions } }: RegisteredService,
  now: Milliseconds,
): Credential | undefined {
  if (sessions === undefined) return undefined;
  const inQuery = () => [...new URLSearchParams(query)].find(([name]) => name.toLowerCase() === sessions.header)?.[1];
  const token = headers[sessions.header] ?? (form === 'query' ? inQuery() : undefined);
  return token === undefined ? undefined : sessions.open(accessKeyId, token, now);
}
