/** How S3 words refusals ("Troubleshoot access denied (403 Forbidden) errors in Amazon S3"). */
import { nameOf } from '#platform/policy/denial.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/s3/errors.ts';

/** The context is for callers of the account or its organization, so not for anonymous ones; resources are quoted, and `*` is not named. */
export const refusalMessage = (message: string, { kind }: Principal, resource: string): string =>
  kind === 'anonymous' ? 'Access Denied' : message.replace(` on resource: ${resource}`, onResource(resource));

/** What a setting of the bucket forbids, whatever policies say; so worded by AWS's answers. */
const BLOCKED = {
  policy: 'public policies are blocked by the BlockPublicPolicy block public access setting.',
  acl: 'public access control lists (ACLs) are blocked by the BlockPublicAcls block public access setting.',
  customerKey:
    'this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C)',
} as const;

export function failBlocked({ principal }: Call, action: string, resource: string, by: keyof typeof BLOCKED): never {
  if (principal.kind === 'anonymous') fail('AccessDenied');
  const message = `User: ${nameOf(principal)} is not authorized to perform: ${action}${onResource(resource)} because ${BLOCKED[by]}`;
  return fail('AccessDenied', { message });
}

const onResource = (resource: string): string => (resource === '*' ? '' : ` on resource: "${resource}"`);
