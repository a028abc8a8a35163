/**
 * AWS Identity and Access Management: who there is in an account, what they may do, and with which keys they sign. All of
 * an account is one partition. What the request path needs of it (credentials, compiled policies) is kept ready in memory
 * and forgotten by each write (memory.ts, identity.ts).
 *
 * Order of reading: state.ts, names.ts, owners.ts, then one file per noun; identity.ts for the request path, accounts.ts
 * and bootstrap.ts for how accounts come to be, sessions.ts for what STS asks.
 */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { SessionFacts } from '#platform/principal.ts';
import { defineService, type Handlers } from '#platform/service.ts';
import { accountOperations } from '#services/iam/account/operations.ts';
import { makeCredentialReport } from '#services/iam/credential-report/credential-report.ts';
import { forgetDelegationRequest } from '#services/iam/delegation-requests/delegation-requests.ts';
import { delegationRequestOperations } from '#services/iam/delegation-requests/operations.ts';
import { invalidToken } from '#services/iam/errors.ts';
import { groupOperations } from '#services/iam/groups/operations.ts';
import { instanceProfileOperations } from '#services/iam/instance-profiles/operations.ts';
import { kinds } from '#services/iam/kinds.ts';
import { quotas } from '#services/iam/limits.ts';
import { mfaOperations } from '#services/iam/mfa/operations.ts';
import { notImplemented } from '#services/iam/not-implemented.ts';
import { oidcProviderOperations } from '#services/iam/oidc-providers/operations.ts';
import { organizationOperations } from '#services/iam/organization/operations.ts';
import { outboundFederationOperations } from '#services/iam/outbound-federation/operations.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { passwordOperations } from '#services/iam/passwords/operations.ts';
import { policyOperations } from '#services/iam/policies/operations.ts';
import { reportOperations } from '#services/iam/reports/operations.ts';
import { roleTemplateOperations } from '#services/iam/role-templates/operations.ts';
import { roleOperations } from '#services/iam/roles/operations.ts';
import { samlProviderOperations } from '#services/iam/saml-providers/operations.ts';
import { serverCertificateOperations } from '#services/iam/server-certificates/operations.ts';
import { deletionJob } from '#services/iam/service-linked-roles/deletion.ts';
import { serviceLinkedRoleOperations } from '#services/iam/service-linked-roles/operations.ts';
import { serviceSpecificCredentialOperations } from '#services/iam/service-specific-credentials/operations.ts';
import { signingCertificateOperations } from '#services/iam/signing-certificates/operations.ts';
import { simulationOperations } from '#services/iam/simulation/operations.ts';
import { sshPublicKeyOperations } from '#services/iam/ssh-public-keys/operations.ts';
import { tokenPreferenceOperations } from '#services/iam/token-preferences/token-preferences.ts';
import { userOperations } from '#services/iam/users/operations.ts';

/** "You cannot call any IAM API operations unless MFA authentication information is included in the request"; federated: never. */
function admitSession({ issuedBy, mfaAuthenticatedAt }: SessionFacts): void {
  // Federated users never had a code.
  if (issuedBy !== undefined && mfaAuthenticatedAt === undefined) invalidToken();
}

export const iam = (parts: IamParts) =>
  defineService({
    defaults: { event: 'management' },
    operations: {
      ...userOperations(parts),
      ...groupOperations(parts),
      ...roleOperations(parts),
      ...serviceLinkedRoleOperations(parts),
      ...roleTemplateOperations(parts),
      ...policyOperations(parts),
      ...simulationOperations(parts),
      ...reportOperations(parts),
      ...accountOperations(parts),
      ...organizationOperations(parts),
      ...delegationRequestOperations(parts),
      ...instanceProfileOperations(parts),
      ...sshPublicKeyOperations(parts),
      ...serverCertificateOperations(parts),
      ...signingCertificateOperations(parts),
      ...serviceSpecificCredentialOperations(parts),
      ...passwordOperations(parts),
      ...mfaOperations(parts),
      ...oidcProviderOperations(parts),
      ...samlProviderOperations(parts),
      ...outboundFederationOperations(parts),
      ...tokenPreferenceOperations,
    } satisfies Handlers<IamOperations, typeof notImplemented>,
    notImplemented,
    admitSession,
    kinds,
    quotas,
    timers: {
      makeCredentialReport,
      forgetDelegationRequest,
      deleteServiceLinkedRole: deletionJob(parts.store, parts.registry),
    },
  });
