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
import { trustsOf } from '#services/iam/roles/trust.ts';

export const roleTemplateOperations = (parts: IamParts) => {
  const trusts = trustsOf(parts);
  return {
    GetRoleTemplateVersion: { handler: getRoleTemplateVersion, resource: ({ TemplateArn }) => TemplateArn },
    AcquireRole: {
      handler: (input, call) => acquireRole(trusts, input, call),
      resource: acquiredRoleArn,
      action: () => [],
      further: acquiringPermissions,
    },
  } satisfies Partial<Handlers<IamOperations, object>>;
};
