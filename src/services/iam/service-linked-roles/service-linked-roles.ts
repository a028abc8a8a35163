/**
 * Roles that belong to a service: it says what they may do, and when they may go. The role is made with the name, trust and policy
 * of the table (services.ts); users can describe and tag it, and ask for its deletion (deletion.ts), nothing else.
 */
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { entityArn } from '#services/iam/names.ts';
import { found, ROLE } from '#services/iam/owners.ts';
import { insertRole, type RoleMaker, wholeRole } from '#services/iam/roles/roles.ts';
import { SERVICE_ROLE_PATH } from '#services/iam/roles/service-linked.ts';
import { LINKED_SERVICES, type LinkedService } from '#services/iam/service-linked-roles/services.ts';
import { attachedTo, attachments, EMPTY, type RoleRow } from '#services/iam/state.ts';

const LONGEST_NAME = 64;
const SESSION_SECONDS = 3600;

/** `AWSServiceRoleForAutoScaling_blue`, at `/aws-service-role/autoscaling.amazonaws.com/`. */
export function nameOf({ AWSServiceName: service, CustomSuffix: suffix }: Model.CreateServiceLinkedRoleRequest) {
  const { roleName = 'AWSServiceRole' } = LINKED_SERVICES.get(service) ?? {};
  return {
    path: `${SERVICE_ROLE_PATH}${service}/`,
    name: suffix === undefined ? roleName : `${roleName}_${suffix}`,
  };
}

export const linkedRoleArn = (input: Model.CreateServiceLinkedRoleRequest, { account }: CallScope): string =>
  entityArn(account, 'role', nameOf(input));

export function serviceFor({
  AWSServiceName: service,
  CustomSuffix: suffix,
}: Model.CreateServiceLinkedRoleRequest): LinkedService {
  const linked = LINKED_SERVICES.get(service);
  if (!linked) return fail('NoSuchEntity', `The service ${service} has no service-linked role.`);
  if (suffix !== undefined && !linked.takesSuffix) invalidInput(`Custom suffix is not allowed for ${service}`);
  return linked;
}

export function createServiceLinkedRole(
  principals: PrincipalDirectory,
  input: Model.CreateServiceLinkedRoleRequest,
  call: Call,
): Model.CreateServiceLinkedRoleResponse {
  const { tx } = call;
  const linked = serviceFor(input);
  const { name } = nameOf(input);
  if (name.length > LONGEST_NAME) invalidInput(`The role name ${name} is longer than ${LONGEST_NAME} characters.`);
  if (found(tx, ROLE.table, name)) {
    invalidInput(`Service role name ${name} has been taken in this account, please try a different suffix.`);
  }
  return { Role: wholeRole(principals, call, insertLinkedRole(call, input, linked)) };
}

export function insertLinkedRole(
  call: RoleMaker,
  input: Model.CreateServiceLinkedRoleRequest,
  { policy }: LinkedService,
): RoleRow {
  const { tx } = call;
  const { name, path } = nameOf(input);
  const { AWSServiceName: service, Description: description } = input;
  const row = insertRole(call, {
    name,
    path,
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    }),
    maxSessionSeconds: SESSION_SECONDS,
    ...(description !== undefined && { description }),
  });
  const arn = `arn:aws:iam::aws:policy/aws-service-role/${policy}`;
  tx.put(attachments, attachments.key(row.id, arn), EMPTY);
  tx.put(attachedTo, attachedTo.key(arn, row.id), EMPTY);
  return row;
}
