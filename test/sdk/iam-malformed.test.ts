import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { document } from '#test/policy-document.ts';
import { cloud } from '#test/sdk/cloud.ts';

const allow = (Resource: string | string[]) => document({ Effect: 'Allow', Action: 'sqs:*', Resource });
const trust = (...Service: string[]) => document({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' });
const failing = (name: string, message: RegExp) => (error: unknown) =>
  error instanceof Error && error.name === name && message.test(error.message);
const legacy = failing('MalformedPolicyDocumentException', /^The policy failed legacy parsing$/);
const malformed = failing('MalformedPolicyDocumentException', /^Resource queue must be in ARN format or "\*"\.$/);

/** A good policy of at least this many characters. */
const long = (size: number): string => {
  const queues = Array.from(
    { length: Math.ceil(size / 60) },
    (_, at) => `arn:aws:sqs:us-east-1:123456789012:a-long-name-of-queue-${at}`,
  );
  return allow(queues);
};

test('each way to write a policy refuses what is none, and what is too long', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  await admin.send(new iam.CreateGroupCommand({ GroupName: 'team' }));
  const good = trust('ec2.amazonaws.com');
  await admin.send(new iam.CreateRoleCommand({ RoleName: 'work', AssumeRolePolicyDocument: good }));
  const { Policy } = await admin.send(new iam.CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: allow('*') }));
  const PolicyArn = Policy?.Arn ?? '';
  const PolicyName = 'p';
  const bytes = (limit: number, who: string) =>
    failing('LimitExceededException', new RegExp(`^Maximum policy size of ${limit} bytes exceeded for ${who}$`));
  const quota = failing('LimitExceededException', /^Cannot exceed quota for PolicySize: 6144$/);

  const ways: readonly [(PolicyDocument: string) => Promise<unknown>, number, (error: unknown) => boolean][] = [
    [(PolicyDocument) => admin.send(new iam.CreatePolicyCommand({ PolicyName, PolicyDocument })), 6144, quota],
    [(PolicyDocument) => admin.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument })), 6144, quota],
    [
      (PolicyDocument) => admin.send(new iam.PutUserPolicyCommand({ UserName: 'bob', PolicyName, PolicyDocument })),
      2048,
      bytes(2048, 'user bob'),
    ],
    [
      (PolicyDocument) => admin.send(new iam.PutGroupPolicyCommand({ GroupName: 'team', PolicyName, PolicyDocument })),
      5120,
      bytes(5120, 'group team'),
    ],
    [
      (PolicyDocument) => admin.send(new iam.PutRolePolicyCommand({ RoleName: 'work', PolicyName, PolicyDocument })),
      10_240,
      bytes(10_240, 'role work'),
    ],
  ];
  for (const [write, limit, tooLong] of ways) {
    await assert.rejects(write(allow('queue')), malformed);
    for (const account of ['ACCOUNT_ID', '12345', `\${aws:PrincipalAccount}`]) {
      await assert.rejects(write(allow(`arn:aws:sqs:*:${account}:q`)), legacy, account);
    }
    await assert.rejects(write(` ${allow('*')}`), legacy);
    await assert.rejects(write(long(limit)), tooLong);
  }

  const services = Array.from({ length: 100 }, (_, at) => `service-${at}.events.amazonaws.com`);
  const trusts: readonly [string, (error: unknown) => boolean][] = [
    [allow('*'), failing('MalformedPolicyDocumentException', /^Missing required field Principal$/)],
    [
      ` ${trust('ec2.amazonaws.com')}`,
      failing('MalformedPolicyDocumentException', /^JSON strings must not have leading spaces$/),
    ],
    [trust('lambda'), failing('MalformedPolicyDocumentException', /^Invalid principal in policy: "SERVICE":"lambda"$/)],
    [trust(...services), failing('LimitExceededException', /^Cannot exceed quota for ACLSizePerRole: 2048$/)],
  ];
  for (const [PolicyDocument, refusal] of trusts) {
    const role = { RoleName: 'other', AssumeRolePolicyDocument: PolicyDocument };
    await assert.rejects(admin.send(new iam.CreateRoleCommand(role)), refusal);
    await assert.rejects(
      admin.send(new iam.UpdateAssumeRolePolicyCommand({ RoleName: 'work', PolicyDocument })),
      refusal,
    );
  }
});
