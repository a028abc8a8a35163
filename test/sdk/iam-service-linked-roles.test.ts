import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser, operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const ECS = 'ecs.amazonaws.com';
const RoleName = 'AWSServiceRoleForECS';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
});
const allowAll = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });

test('a service’s role is made by the service’s rules', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const create = async (AWSServiceName: string, CustomSuffix?: string) =>
    (
      await admin.send(
        new iam.CreateServiceLinkedRoleCommand({ AWSServiceName, ...(CustomSuffix && { CustomSuffix }) }),
      )
    ).Role;
  const role = await create(ECS);
  assert.equal(role?.Arn, `arn:aws:iam::${c.account}:role/aws-service-role/${ECS}/${RoleName}`);
  assert.deepEqual(JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal, {
    Service: ECS,
  });
  const { AttachedPolicies } = await admin.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
  assert.equal(AttachedPolicies?.[0]?.PolicyArn, 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy');
  const taken = `Service role name ${RoleName} has been taken in this account, please try a different suffix.`;
  await assert.rejects(create(ECS), refusal('InvalidInputException', taken));
  await assert.rejects(create(ECS, 'blue'), refusal('InvalidInputException', /suffix is not allowed/));
  assert.equal((await create('autoscaling.amazonaws.com', 'blue'))?.RoleName, 'AWSServiceRoleForAutoScaling_blue');
  await assert.rejects(create('autoscaling.amazonaws.com', 'x'.repeat(64)), refusal('InvalidInputException', /longer/));
  await assert.rejects(create('nothing.amazonaws.com'), refusal('NoSuchEntityException'));
  await assert.rejects(create('ECS.amazonaws.com'), refusal('NoSuchEntityException'));
  const reserved = { RoleName: 'mine', Path: '/aws-service-role/x/', AssumeRolePolicyDocument: trust };
  await assert.rejects(admin.send(new iam.CreateRoleCommand(reserved)), refusal('InvalidInputException', /reserved/));

  const ann = await newUser(c, 'ann');
  const Condition = { StringEquals: { 'iam:AWSServiceName': 'rds.amazonaws.com' } };
  const path = `arn:aws:iam::${c.account}:role/aws-service-role/*`;
  await ann.allow({ Effect: 'Allow', Action: 'iam:CreateServiceLinkedRole', Resource: path, Condition });
  const as = c.client(iam.IAMClient, { credentials: ann.credentials });
  const other = as.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName: 'batch.amazonaws.com' }));
  await assert.rejects(other, refusal('AccessDenied'));
  await as.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName: 'rds.amazonaws.com' }));
});

test('what belongs to a service nobody else changes', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName: ECS }));
  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'web' }));
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const own = 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy';
  const PolicyName = 'inline';
  const refused = refusal(
    'UnmodifiableEntityException',
    `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
  );
  const attempts = [
    () => admin.send(new iam.DeleteRoleCommand({ RoleName })),
    () => admin.send(new iam.UpdateRoleCommand({ RoleName, MaxSessionDuration: 7200 })),
    () => admin.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust })),
    () => admin.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn })),
    () => admin.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn: own })),
    () => admin.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: allowAll })),
    () => admin.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName })),
    () => admin.send(new iam.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: PolicyArn })),
    () => admin.send(new iam.DeleteRolePermissionsBoundaryCommand({ RoleName })),
    () => admin.send(new iam.AddRoleToInstanceProfileCommand({ RoleName, InstanceProfileName: 'web' })),
    () => admin.send(new iam.RemoveRoleFromInstanceProfileCommand({ RoleName, InstanceProfileName: 'web' })),
  ];
  for (const attempt of attempts) await assert.rejects(attempt(), refused, attempt.toString());
  await admin.send(new iam.UpdateRoleCommand({ RoleName, Description: 'for tasks' }));
  await admin.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key: 'a', Value: '1' }] }));
  const { Role } = await admin.send(new iam.GetRoleCommand({ RoleName }));
  assert.equal(Role?.Description, 'for tasks');

  await admin.send(new iam.CreateRoleCommand({ RoleName: 'mine', AssumeRolePolicyDocument: trust }));
  await assert.rejects(
    admin.send(new iam.AttachRolePolicyCommand({ RoleName: 'mine', PolicyArn: own })),
    refusal('PolicyNotAttachableException', 'Cannot attach a Service Role Policy to a Customer Role.'),
  );
});

test('its deletion is a task', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName: ECS }));
  const remove = async (name: string) =>
    (await admin.send(new iam.DeleteServiceLinkedRoleCommand({ RoleName: name }))).DeletionTaskId ?? '';
  const status = (DeletionTaskId: string) =>
    admin.send(new iam.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
  await assert.rejects(remove('none'), refusal('NoSuchEntityException'));
  await admin.send(new iam.CreateRoleCommand({ RoleName: 'mine', AssumeRolePolicyDocument: trust }));
  await assert.rejects(remove('mine'), refusal('NoSuchEntityException'));
  const task = await remove(RoleName);
  assert.match(task, new RegExp(`^task/aws-service-role/${ECS}/${RoleName}/[0-9a-f-]{36}$`));
  await until(async () => (await status(task)).Status === 'SUCCEEDED', 'the role is deleted');
  await assert.rejects(admin.send(new iam.GetRoleCommand({ RoleName })), refusal('NoSuchEntityException'));
  await assert.rejects(
    status(task.replace(/.$/, (char) => (char === '0' ? '1' : '0'))),
    refusal('NoSuchEntityException'),
  );
  await assert.rejects(status('task/1'), refusal('InvalidInputException'));

  // The removal of an account asks for it, and finds it gone in the end.
  await admin.send(new iam.CreateServiceLinkedRoleCommand({ AWSServiceName: ECS }));
  await until(async () => {
    const { Remaining } = await operate(c, 'RemoveAccountResources', { AccountId: c.account });
    return (Remaining as unknown[]).length === 0;
  }, 'nothing remains');
});
