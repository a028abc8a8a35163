/** The table of the operations that report on permissions. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { getAuthorizationDetails } from '#services/iam/reports/authorization-details.ts';
import { listGrantingPolicies } from '#services/iam/reports/granting-policies.ts';
import { generateLastAccessed, getLastAccessed, getLastAccessedEntities } from '#services/iam/reports/last-accessed.ts';
import { generateOrganizationsReport, getOrganizationsReport } from '#services/iam/reports/organizations-access.ts';

const subject = ({ Arn }: { readonly Arn: string }): string => Arn;
const none = (): string => '*';

export const reportOperations = (parts: IamParts) =>
  ({
    GetAccountAuthorizationDetails: { handler: getAuthorizationDetails(parts), resource: none },
    ListPoliciesGrantingServiceAccess: { handler: listGrantingPolicies(parts), resource: subject },
    GenerateServiceLastAccessedDetails: { handler: generateLastAccessed(parts), resource: subject, steps: true },
    GetServiceLastAccessedDetails: { handler: getLastAccessed(parts), resource: none },
    GetServiceLastAccessedDetailsWithEntities: { handler: getLastAccessedEntities(parts), resource: none },
    GenerateOrganizationsAccessReport: {
      handler: generateOrganizationsReport,
      resource: ({ EntityPath }, { account }) => `arn:aws:iam::${account}:access-report/${EntityPath}`,
      conditions: ({ OrganizationsPolicyId }) => ({ 'iam:organizationspolicyid': OrganizationsPolicyId }),
    },
    GetOrganizationsAccessReport: { handler: getOrganizationsReport, resource: none },
  }) satisfies Partial<Handlers<IamOperations, object>>;
