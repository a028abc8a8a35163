/** STS's records (IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"): tokens and codes are in none, and roles are IAM's. */
import { type AuditNames, smallFirst } from '#platform/audit/redact.ts';
import type { AuditedResource } from '#platform/audit/resources.ts';
import { parseArn } from '#platform/base/arn.ts';

const OMITTED: ReadonlySet<string> = new Set(['SAMLAssertion', 'TokenCode', 'WebIdentityToken']);

export const auditNames: AuditNames = (member) => (OMITTED.has(member) ? undefined : smallFirst(member));

export function auditedResources(ARN: string): readonly AuditedResource[] {
  const { account, resource = '' } = parseArn(ARN) ?? {};
  const type = resource.startsWith('role/') ? { type: 'AWS::IAM::Role' } : {};
  return [{ ...(account && { accountId: account }), ...type, ARN }];
}
