/**
 * The role of EC2 Instance Connect in an account, AWSServiceRoleForEC2InstanceConnect: made with the first EC2 Instance Connect Endpoint, by whoever may do
 * that (User Guide, "Permissions to create, describe, modify, and delete EC2 Instance Connect Endpoints"). While there are endpoints it can't be deleted.
 */
import { send } from '#platform/jobs/outbox.ts';
import type { Call, CallScope, FurtherPermission, Work } from '#platform/service.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';

export const CONNECT_PRINCIPAL = 'ec2-instance-connect.amazonaws.com';
export const LINKED_ROLE_WORK = 'MakeLinkedRole';

type RoleParts = Pick<Ec2Parts, 'linkedRoles'>;

export function permissionForRole({ linkedRoles }: RoleParts, { account }: CallScope): FurtherPermission[] {
  const { arn, isThere } = linkedRoles.find(account, CONNECT_PRINCIPAL);
  const conditions = { 'iam:awsservicename': CONNECT_PRINCIPAL };
  return isThere ? [] : [{ action: 'iam:CreateServiceLinkedRole', resource: arn, conditions }];
}

/** It is another partition's, so it follows the endpoint. */
export function needLinkedRole({ linkedRoles }: RoleParts, call: Call, endpoint: string): void {
  if (linkedRoles.find(call.account, CONNECT_PRINCIPAL).isThere) return;
  send(call.tx, call.now, {
    service: 'ec2',
    operation: LINKED_ROLE_WORK,
    input: {},
    region: call.region,
    sourceArn: resourceArn(call, 'instance-connect-endpoint', endpoint),
    target: 'linked-role',
  });
}

export const makeLinkedRole =
  ({ linkedRoles }: RoleParts): Work =>
  (_, { account, now }) =>
    linkedRoles.make(account, CONNECT_PRINCIPAL, now);
