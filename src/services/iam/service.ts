/**
 * AWS Identity and Access Management: who there is in an account, what they may do, and with which keys they sign. All of
 * an account is one partition. What the request path needs of it (credentials, compiled policies) is kept ready in memory
 * and forgotten by each write (memory.ts, identity.ts).
 *
 * Order of reading: state.ts, names.ts, owners.ts, then one file per noun; identity.ts for the request path, accounts.ts
 * and bootstrap.ts for how accounts come to be, sessions.ts for what STS asks.
 */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import { defineService, type Handlers } from '#platform/service.ts';
import { groupOperations } from '#services/iam/groups/operations.ts';
import { kinds } from '#services/iam/kinds.ts';
import { quotas } from '#services/iam/limits.ts';
import { notImplemented } from '#services/iam/not-implemented.ts';
import { oidcProviderOperations } from '#services/iam/oidc-providers/operations.ts';
import { outboundFederationOperations } from '#services/iam/outbound-federation/operations.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { policyOperations } from '#services/iam/policies/operations.ts';
import { roleOperations } from '#services/iam/roles/operations.ts';
import { samlProviderOperations } from '#services/iam/saml-providers/operations.ts';
import { tokenPreferenceOperations } from '#services/iam/token-preferences/token-preferences.ts';
import { userOperations } from '#services/iam/users/operations.ts';

export const iam = (parts: IamParts) =>
  defineService({
    name: 'iam',
    principal: 'iam.amazonaws.com',
    scope: 'global',
    defaults: { event: 'management' },
    operations: {
      ...userOperations(parts),
      ...groupOperations(parts),
      ...roleOperations(parts),
      ...policyOperations(parts),
      ...oidcProviderOperations(parts),
      ...samlProviderOperations(parts),
      ...outboundFederationOperations(parts),
      ...tokenPreferenceOperations,
    } satisfies Handlers<IamOperations, typeof notImplemented>,
    notImplemented,
    kinds,
    quotas,
  });
