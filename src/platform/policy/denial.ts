/** AWS's words for a refusal (IAM User Guide, "Troubleshoot access denied error messages"). */
import type { Principal } from '#platform/principal.ts';

export type PolicyType =
  | 'resource-control'
  | 'service-control'
  | 'resource'
  | 'trust'
  | 'endpoint'
  | 'identity'
  | 'boundary'
  | 'session';

interface Words {
  /** `because no … allows the … action` */
  readonly name: string;
  /** `with an explicit deny in …` */
  readonly withArticle: string;
}

const WORDS: Readonly<Record<PolicyType, Words>> = {
  'resource-control': { name: 'resource control policy', withArticle: 'a resource control policy' },
  'service-control': { name: 'service control policy', withArticle: 'a service control policy' },
  resource: { name: 'resource-based policy', withArticle: 'a resource-based policy' },
  trust: { name: 'role trust policy', withArticle: 'the role trust policy' },
  endpoint: { name: 'VPC endpoint policy', withArticle: 'a VPC endpoint policy' },
  identity: { name: 'identity-based policy', withArticle: 'an identity-based policy' },
  boundary: { name: 'permissions boundary', withArticle: 'a permissions boundary' },
  session: { name: 'session policy', withArticle: 'a session policy' },
};

/** How a refusal names the caller: an ARN, a service's name, or `anonymous`. */
export function nameOf(principal: Principal): string {
  if (principal.kind === 'service') return principal.service;
  return 'arn' in principal ? principal.arn : 'anonymous';
}

export function denialMessage(
  principal: Principal,
  action: string,
  resource: string,
  policy: PolicyType,
  explicit: boolean,
): string {
  // "Troubleshooting SAML 2.0 federation": whom only a provider knows gets no more to read.
  if (principal.kind === 'external') return `Not authorized to perform ${action}`;
  const refusal = `User: ${nameOf(principal)} is not authorized to perform: ${action} on resource: ${resource}`;
  const { name, withArticle } = WORDS[policy];
  return explicit
    ? `${refusal} with an explicit deny in ${withArticle}`
    : `${refusal} because no ${name} allows the ${action} action`;
}
