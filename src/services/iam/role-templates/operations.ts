/** The table of the operations on role templates. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  acquiredRoleArn,
  acquireRole,
  acquiringPermissions,
  getRoleTemplateVersion,
} from '#services/iam/role-templates/role-templates.ts';

export const roleTemplateOperations = ({ identity: { principals } }: IamParts) =>
  ({
    GetRoleTemplateVersion: { handler: getRoleTemplateVersion, resource: ({ TemplateArn }) => TemplateArn },
    AcquireRole: {
      handler: (input, call) => acquireRole(principals, input, call),
      resource: acquiredRoleArn,
      action: () => [],
      further: acquiringPermissions,
    },
  }) satisfies Partial<Handlers<IamOperations, object>>;
