/** IAM's quotas (IAM User Guide, "IAM and AWS STS quotas"), under their Service Quotas codes. */
import type { QuotaDeclaration } from '#platform/service.ts';
import { type Counted, countOf } from '#services/iam/state.ts';

const quota = (name: string, value: number, adjustable: boolean, counts?: Counted): QuotaDeclaration => ({
  name,
  description: name,
  value,
  unit: 'None',
  adjustable,
  global: true,
  ...(counts && { used: (tx) => countOf(tx, counts) }),
});

export const quotas = {
  'L-F55AF5E4': quota('Users per account', 5000, false, 'user'),
  'L-FE177D64': quota('Roles per account', 1000, true, 'role'),
  'L-F4A5425F': quota('Groups per account', 300, true, 'group'),
  'L-E95E4862': quota('Customer managed policies per account', 1500, true, 'policy'),
  'L-6E65F664': quota('Instance profiles per account', 1000, true, 'instance-profile'),
  'L-BF35879D': quota('Server certificates per account', 20, true, 'server-certificate'),
  'L-4019AD8B': quota('Managed policies per user', 10, true),
  'L-0DA4ABF3': quota('Managed policies per role', 10, true),
  'L-384571C4': quota('Managed policies per group', 10, true),
  'L-7A1621EC': quota('IAM groups per user', 10, false),
  'L-8758042E': quota('Access keys per user', 2, false),
  'L-858F3967': quota('OpenId connect providers per account', 100, true, 'oidc-provider'),
  'L-DB618D39': quota('SAML providers per account', 100, true, 'saml-provider'),
  'L-C07B4B0D': quota('Role trust policy length', 2048, true),
} satisfies Record<string, QuotaDeclaration>;

/** Those that Service Quotas does not list. */
export const SSH_KEYS_PER_USER = 5;
export const SIGNING_CERTIFICATES_PER_USER = 2;
/** "You can have a maximum of two sets of service-specific credentials for each supported service per user." */
export const CREDENTIALS_PER_SERVICE = 2;
/** Ours: AWS says that there is a limit, not which. */
export const DELEGATION_REQUESTS_PER_ACCOUNT = 1000;
