import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '#platform/policy/parse.ts';
import { awsManagedPolicies, awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';

test('our grammar takes every policy that AWS manages', () => {
  let count = 0;
  for (const policy of awsManagedPolicies()) {
    const { document } = policy;
    assert.doesNotThrow(() => parsePolicy(document, 'identity', { currentVersionOnly: true }), policy.name);
    count++;
  }
  assert.ok(count > 1500);
});

test('a policy is found by its ARN, with its own document', () => {
  const administrator = awsManagedPolicy('arn:aws:iam::aws:policy/AdministratorAccess');
  assert.deepEqual(JSON.parse(administrator?.document ?? ''), {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  assert.match(administrator?.id ?? '', /^ANPA[A-Z2-7]{17}$/);
  assert.equal(administrator?.createdAt, Date.parse('2015-02-06T18:39:46Z'));
  const inJob = awsManagedPolicy('arn:aws:iam::aws:policy/job-function/ViewOnlyAccess');
  assert.ok(inJob?.document.includes('"ec2:DescribeVpc*"') ?? false, inJob?.document.slice(0, 200));
  assert.equal(awsManagedPolicy('arn:aws:iam::aws:policy/ViewOnlyAccess'), undefined);
});

test('what service-linked roles have is not for others', () => {
  const arn = 'arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy';
  assert.equal(awsManagedPolicy(arn)?.isAttachable, false);
});
