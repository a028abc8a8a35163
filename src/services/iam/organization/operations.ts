/** The table of the operations on the organization's root access. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { disableFeature, enableFeature, listOrganizationsFeatures } from '#services/iam/organization/features.ts';
import type { IamParts } from '#services/iam/parts.ts';

const all = (): string => '*';

export const organizationOperations = ({ store }: IamParts) =>
  ({
    ListOrganizationsFeatures: { handler: listOrganizationsFeatures(store), resource: all },
    EnableOrganizationsRootCredentialsManagement: {
      handler: enableFeature(store, 'RootCredentialsManagement'),
      resource: all,
    },
    DisableOrganizationsRootCredentialsManagement: {
      handler: disableFeature(store, 'RootCredentialsManagement'),
      resource: all,
    },
    EnableOrganizationsRootSessions: { handler: enableFeature(store, 'RootSessions'), resource: all },
    DisableOrganizationsRootSessions: { handler: disableFeature(store, 'RootSessions'), resource: all },
  }) satisfies Partial<Handlers<IamOperations, object>>;
