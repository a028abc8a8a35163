/** Policy documents on their way in and out. */
import { fail } from '#platform/error.ts';
import type { DocumentRules } from '#platform/policy/document.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import { limitExceeded } from '#services/iam/errors.ts';

/** IAM answers documents "URL-encoded compliant with RFC 3986", where these five are reserved too. */
export const encodedDocument = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export const MANAGED_LIMIT = 6144;

/** The fifth part of an ARN: AWS's own policies have no other ones. */
const ACCOUNT = /^(?:\d{12}|[\d*?]*[*?][\d*?]*|aws|)$/;

/**
 * More is asked of a policy that is written than of one that decides or is simulated: no white space before it (hashicorp/terraform issue
 * 14652), and no variable or placeholder for an account. Throws MalformedPolicyDocument.
 */
export function checkWritten(document: string, rules?: DocumentRules): void {
  const { statements } = parsePolicy(document, 'identity', rules).document;
  const accounts = statements.flatMap(({ resource }) => resource?.patterns.map((arn) => arn.split(':')[4] ?? '') ?? []);
  const isWellFormed = !/^\s/.test(document) && accounts.every((account) => ACCOUNT.test(account));
  if (!isWellFormed) fail('MalformedPolicyDocument', 'The policy failed legacy parsing');
}

/** Throws MalformedPolicyDocument, or LimitExceeded. */
export function checkManagedDocument(document: string): void {
  checkWritten(document, { currentVersionOnly: true });
  if (policySize(document) > MANAGED_LIMIT) limitExceeded('PolicySize', MANAGED_LIMIT);
}

export function checkInlineDocuments(documents: readonly string[], limit: number, who: string): void {
  const size = documents.reduce((sum, document) => sum + policySize(document), 0);
  if (size > limit) fail('LimitExceeded', `Maximum policy size of ${limit} bytes exceeded for ${who}`);
}
