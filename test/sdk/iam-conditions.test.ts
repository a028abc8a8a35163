/** IAM's own condition keys: what an administrator of limited rights may do, and to whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
});
const BOUNDARY = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
const denied = (error: unknown) => error instanceof Error && error.name === 'AccessDenied';

test('only roles within a boundary may be made, changed and deleted', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const delegate = await newUser(c, 'delegate');
  await delegate.allow({
    Effect: 'Allow',
    Action: 'iam:*',
    Resource: '*',
    Condition: { StringEquals: { 'iam:PermissionsBoundary': BOUNDARY } },
  });
  const user = c.client(iam.IAMClient, { credentials: delegate.credentials });
  const free = { RoleName: 'free', AssumeRolePolicyDocument: TRUST };
  await assert.rejects(user.send(new iam.CreateRoleCommand(free)), denied);
  await admin.send(new iam.CreateRoleCommand(free));
  await user.send(new iam.CreateRoleCommand({ ...free, RoleName: 'bounded', PermissionsBoundary: BOUNDARY }));

  const changes = (RoleName: string) => [
    () => user.send(new iam.GetRoleCommand({ RoleName })),
    () => user.send(new iam.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 })),
    () => user.send(new iam.UpdateRoleDescriptionCommand({ RoleName, Description: 'works' })),
    () => user.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: TRUST })),
    () => user.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: BOUNDARY })),
    () => user.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: BOUNDARY })),
    () => user.send(new iam.DeleteRoleCommand({ RoleName })),
  ];
  for (const change of changes('free')) await assert.rejects(change(), denied, String(change));
  for (const change of changes('bounded')) await change();
});

test('iam:ResourceTag is the tag of the user or role', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const delegate = await newUser(c, 'delegate');
  await delegate.allow({
    Effect: 'Allow',
    Action: 'iam:GetUser',
    Resource: '*',
    Condition: { StringEquals: { 'iam:ResourceTag/team': 'blue' } },
  });
  const user = c.client(iam.IAMClient, { credentials: delegate.credentials });
  await admin.send(new iam.CreateUserCommand({ UserName: 'blue', Tags: [{ Key: 'team', Value: 'blue' }] }));
  await admin.send(new iam.CreateUserCommand({ UserName: 'red', Tags: [{ Key: 'team', Value: 'red' }] }));
  await user.send(new iam.GetUserCommand({ UserName: 'blue' }));
  await assert.rejects(user.send(new iam.GetUserCommand({ UserName: 'red' })), denied);
});

test('only some policies may be attached, and only some reports asked for', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const delegate = await newUser(c, 'delegate');
  await delegate.allow(
    {
      Effect: 'Allow',
      Action: 'iam:AttachUserPolicy',
      Resource: '*',
      Condition: { ArnEquals: { 'iam:PolicyARN': BOUNDARY } },
    },
    {
      Effect: 'Allow',
      Action: 'iam:GenerateOrganizationsAccessReport',
      Resource: '*',
      Condition: { StringEquals: { 'iam:OrganizationsPolicyId': 'p-12345678' } },
    },
  );
  const user = c.client(iam.IAMClient, { credentials: delegate.credentials });
  await admin.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  await user.send(new iam.AttachUserPolicyCommand({ UserName: 'bob', PolicyArn: BOUNDARY }));
  const all = { UserName: 'bob', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' };
  await assert.rejects(user.send(new iam.AttachUserPolicyCommand(all)), denied);
  const EntityPath = 'o-a1b2c3d4e5/r-f6g7h8i9j0example';
  const report = (OrganizationsPolicyId: string) =>
    user.send(new iam.GenerateOrganizationsAccessReportCommand({ EntityPath, OrganizationsPolicyId }));
  const refusedFor = (reason: RegExp) => (error: unknown) => error instanceof Error && reason.test(error.message);
  await assert.rejects(report('p-12345678'), refusedFor(/not the management account/));
  await assert.rejects(report('p-87654321'), refusedFor(/not authorized to perform/));
});
