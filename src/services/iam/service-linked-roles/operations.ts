/** The table of the operations on service-linked roles. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Handlers } from '#platform/service.ts';
import { ROLE, resourceOf } from '#services/iam/owners.ts';
import type { IamParts } from '#services/iam/parts.ts';
import {
  deleteServiceLinkedRole,
  getServiceLinkedRoleDeletionStatus,
  taskRole,
} from '#services/iam/service-linked-roles/deletion.ts';
import { createServiceLinkedRole, linkedRoleArn } from '#services/iam/service-linked-roles/service-linked-roles.ts';

export const serviceLinkedRoleOperations = ({ identity: { principals } }: IamParts) =>
  ({
    CreateServiceLinkedRole: {
      handler: (input, call) => createServiceLinkedRole(principals, input, call),
      resource: linkedRoleArn,
      conditions: ({ AWSServiceName }) => ({ 'iam:awsservicename': AWSServiceName }),
    },
    DeleteServiceLinkedRole: { handler: deleteServiceLinkedRole, resource: resourceOf(ROLE) },
    GetServiceLinkedRoleDeletionStatus: { handler: getServiceLinkedRoleDeletionStatus, resource: taskRole },
  }) satisfies Partial<Handlers<IamOperations, object>>;
