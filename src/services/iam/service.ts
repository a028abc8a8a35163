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
import { invalidToken } from '#services/iam/errors.ts';
import { groupOperations } from '#services/iam/groups/operations.ts';
import { kinds } from '#services/iam/kinds.ts';
import { quotas } from '#services/iam/limits.ts';
import { mfaOperations } from '#services/iam/mfa/operations.ts';
import { notImplemented } from '#services/iam/not-implemented.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { passwordOperations } from '#services/iam/passwords/operations.ts';
import { policyOperations } from '#services/iam/policies/operations.ts';
import { reportOperations } from '#services/iam/reports/operations.ts';
import { roleOperations } from '#services/iam/roles/operations.ts';
import { simulationOperations } from '#services/iam/simulation/operations.ts';
import { userOperations } from '#services/iam/users/operations.ts';

/** "You cannot call any IAM API operations unless MFA authentication information is included in the request"; federated: never. */
function admitSession({ issuedBy, mfaAuthenticatedAt }: SessionFacts): void {
  if (issuedBy === 'GetFederationToken' || (issuedBy && mfaAuthenticatedAt === undefined)) invalidToken();
}

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
      ...passwordOperations(parts),
      ...mfaOperations(parts),
      ...simulationOperations(parts),
      ...reportOperations(parts),
    } satisfies Handlers<IamOperations, typeof notImplemented>,
    notImplemented,
    admitSession,
    kinds,
    quotas,
  });
