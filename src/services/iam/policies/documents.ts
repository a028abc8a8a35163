/** Policy documents on their way in and out. */
import { fail } from '#platform/error.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import { limitExceeded } from '#services/iam/errors.ts';

/** IAM answers documents "URL-encoded compliant with RFC 3986", where these five are reserved too. */
export const encodedDocument = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export const MANAGED_LIMIT = 6144;

/** Throws MalformedPolicyDocument, or LimitExceeded. */
export function checkManagedDocument(document: string): void {
  parsePolicy(document, 'identity', { currentVersionOnly: true });
  if (policySize(document) > MANAGED_LIMIT) limitExceeded('PolicySize', MANAGED_LIMIT);
}

export function checkInlineDocuments(documents: readonly string[], limit: number, who: string): void {
  const size = documents.reduce((sum, document) => sum + policySize(document), 0);
  if (size > limit) fail('LimitExceeded', `Maximum policy size of ${limit} bytes exceeded for ${who}`);
}
