import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';

const named = (name: string) => (error: unknown) => error instanceof Error && error.name === name;

test('the policies that AWS manages', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const names: string[] = [];
  for await (const page of iam.paginateListPolicies({ client: admin, pageSize: 1000 }, { Scope: 'AWS' })) {
    names.push(...(page.Policies ?? []).map((policy) => policy.PolicyName ?? ''));
  }
  assert.ok(names.length > 1500);
  assert.equal(new Set(names).size, names.length);

  const PolicyArn = 'arn:aws:iam::aws:policy/job-function/ViewOnlyAccess';
  const { Policy } = await admin.send(new iam.GetPolicyCommand({ PolicyArn }));
  assert.equal(Policy?.DefaultVersionId, 'v45');
  const VersionId = Policy?.DefaultVersionId;
  const { PolicyVersion } = await admin.send(new iam.GetPolicyVersionCommand({ PolicyArn, VersionId }));
  assert.match(decodeURIComponent(PolicyVersion?.Document ?? ''), /"ec2:DescribeVpc\*"/);
});

test('a service-linked role’s policy can’t be attached to others', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  const PolicyArn = 'arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy';
  const attach = admin.send(new iam.AttachUserPolicyCommand({ UserName: 'bob', PolicyArn }));
  await assert.rejects(attach, named('PolicyNotAttachableException'));
});
