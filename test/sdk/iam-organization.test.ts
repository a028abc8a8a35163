/** Centralized root access: the management account switches it on, and acts as the root user of its members for one task each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sqs from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, AssumeRootCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser, operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const MEMBER = '210987654321';
const task = (name: string): string => `arn:aws:iam::aws:policy/root-task/${name}`;

test('features are switched on and off by the management account alone', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const listed = await admin.send(new iam.ListOrganizationsFeaturesCommand({}));
  assert.match(listed.OrganizationId ?? '', /^o-[a-z0-9]{10,32}$/);
  assert.deepEqual(listed.EnabledFeatures, []);
  await admin.send(new iam.EnableOrganizationsRootCredentialsManagementCommand({}));
  const both = await admin.send(new iam.EnableOrganizationsRootSessionsCommand({}));
  assert.deepEqual(both, { ...both, OrganizationId: listed.OrganizationId });
  assert.deepEqual(both.EnabledFeatures, ['RootCredentialsManagement', 'RootSessions']);
  const one = await admin.send(new iam.DisableOrganizationsRootCredentialsManagementCommand({}));
  assert.deepEqual(one.EnabledFeatures, ['RootSessions']);
  assert.deepEqual((await admin.send(new iam.DisableOrganizationsRootSessionsCommand({}))).EnabledFeatures, []);

  const member = c.client(iam.IAMClient, { credentials: await newAccount(c, MEMBER) });
  const refused = refusal('AccountNotManagementOrDelegatedAdministratorException');
  await assert.rejects(member.send(new iam.ListOrganizationsFeaturesCommand({})), refused);
  await assert.rejects(member.send(new iam.EnableOrganizationsRootSessionsCommand({})), refused);
  const operator = c.client(iam.IAMClient, { credentials: c.operator });
  const alone = refusal('OrganizationNotFoundException');
  await assert.rejects(operator.send(new iam.ListOrganizationsFeaturesCommand({})), alone);
});

async function start(c: TestCloud, client?: Credentials) {
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.EnableOrganizationsRootCredentialsManagementCommand({}));
  await admin.send(new iam.EnableOrganizationsRootSessionsCommand({}));
  const member = await newAccount(c, MEMBER);
  const sts = c.client(STSClient, client ? { credentials: client } : {});
  const assume = async (name: string, options: { TargetPrincipal?: string; DurationSeconds?: number } = {}) => {
    const TaskPolicyArn = { arn: name.includes(':') ? name : task(name) };
    const answer = await sts.send(new AssumeRootCommand({ TargetPrincipal: MEMBER, TaskPolicyArn, ...options }));
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = answer.Credentials ?? {};
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    return { credentials, Expiration };
  };
  return { admin, member, assume };
}

test('a root session does its task and nothing else, for fifteen minutes', async (t) => {
  const c = await cloud(t);
  const { member, assume } = await start(c);
  const { credentials, Expiration } = await assume('IAMDeleteRootUserCredentials');
  assert.ok(Math.abs((Expiration?.getTime() ?? 0) - c.clock.now() - 900_000) < 5000);
  const root = c.client(iam.IAMClient, { credentials });
  const { AccessKeyMetadata: keys } = await root.send(new iam.ListAccessKeysCommand({}));
  assert.equal(keys?.length, 1);
  const denied = refusal('AccessDenied', /explicit deny in an identity-based policy/);
  await assert.rejects(root.send(new iam.CreateAccessKeyCommand({})), denied);
  await assert.rejects(root.send(new iam.ListUsersCommand({})), denied);
  await assert.rejects(root.send(new iam.ListAccessKeysCommand({ UserName: 'administrator' })), denied);
  await assert.rejects(c.client(sqs.SQSClient, { credentials }).send(new sqs.ListQueuesCommand({})), /not authorized/);
  await root.send(new iam.DeleteAccessKeyCommand({ AccessKeyId: keys?.[0]?.AccessKeyId ?? '' }));
  // The member's audit tells such a session from its root user's own.
  const records = c.running.cloud.store
    .partition({ service: 'iam', account: MEMBER as AccountId, region: GLOBAL_REGION })
    .read(waitingRecords);
  const deleted = records.find(({ eventName }) => eventName === 'DeleteAccessKey');
  const { type, sessionContext } = deleted?.userIdentity ?? {};
  assert.deepEqual([type, (sessionContext as { assumedRoot?: string }).assumedRoot], ['Root', 'true']);
  const admin = c.client(iam.IAMClient, { credentials: member });
  const { SummaryMap } = await admin.send(new iam.GetAccountSummaryCommand({}));
  assert.equal(SummaryMap?.AccountAccessKeysPresent, 0);
  const audit = await assume('IAMAuditRootUserCredentials', { TargetPrincipal: `arn:aws:iam::${MEMBER}:root` });
  const auditor = c.client(iam.IAMClient, { credentials: audit.credentials });
  await auditor.send(new iam.GetAccountSummaryCommand({}));
  c.advance(900_000);
  await assert.rejects(
    c.client(STSClient, { credentials: audit.credentials }).send(new GetCallerIdentityCommand({})),
    refusal('ExpiredToken'),
  );
});

test('a queue that locks everybody out is opened again', async (t) => {
  const c = await cloud(t);
  const { member, assume } = await start(c);
  const owner = c.client(sqs.SQSClient, { credentials: member });
  const { QueueUrl } = await owner.send(new sqs.CreateQueueCommand({ QueueName: 'locked' }));
  const Statement = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await owner.send(new sqs.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await assert.rejects(owner.send(new sqs.GetQueueAttributesCommand({ QueueUrl })), /explicit deny/);
  const { credentials } = await assume('SQSUnlockQueuePolicy');
  const root = c.client(sqs.SQSClient, { credentials });
  const read = new sqs.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['Policy'] });
  assert.equal((await root.send(read)).Attributes?.['Policy'], Policy);
  await assert.rejects(root.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: 'x' })), /explicit deny/);
  await root.send(new sqs.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: '' } }));
  await owner.send(new sqs.GetQueueAttributesCommand({ QueueUrl }));
});

test('who may not, for whom not, and for what not', async (t) => {
  const c = await cloud(t);
  const { admin, member, assume } = await start(c);
  const denied = refusal('AccessDenied');
  await assert.rejects(assume('SQSUnlockQueuePolicy', { TargetPrincipal: c.account }), denied);
  await assert.rejects(assume('SQSUnlockQueuePolicy', { TargetPrincipal: '999999999999' }), denied);
  await assert.rejects(
    assume('SQSUnlockQueuePolicy', { TargetPrincipal: 'somebody-else' }),
    refusal('ValidationError'),
  );
  await assert.rejects(assume('arn:aws:iam::aws:policy/AdministratorAccess'), refusal('ValidationError', /root tasks/));
  await assert.rejects(assume('SQSUnlockQueuePolicy', { DurationSeconds: 901 }), refusal('ValidationError'));
  const input = { TargetPrincipal: MEMBER, TaskPolicyArn: { arn: task('SQSUnlockQueuePolicy') } };
  const by = (credentials: Credentials) => c.client(STSClient, { credentials }).send(new AssumeRootCommand(input));
  // A member's administrator is no administrator of the organization, not even for its own root user.
  await assert.rejects(by(member), denied);
  const { AccessKey } = await operate(c, 'CreateAccountAccessKey', { AccountId: c.account, Owner: 'root' });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey as Record<string, string>;
  const rootKey = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  await assert.rejects(by(rootKey), refusal('AccessDenied', /root user credentials/));

  const ann = await newUser(c, 'ann');
  await assert.rejects(by(ann.credentials), denied);
  const Condition = { ArnEquals: { 'sts:TaskPolicyArn': task('IAMAuditRootUserCredentials') } };
  const allow = { Effect: 'Allow', Action: 'sts:AssumeRoot', Resource: `arn:aws:iam::${MEMBER}:root` };
  await ann.allow({ ...allow, Condition });
  await assert.rejects(by(ann.credentials), denied);
  await ann.allow(allow);
  await by(ann.credentials);

  await admin.send(new iam.DisableOrganizationsRootSessionsCommand({}));
  await assert.rejects(assume('SQSUnlockQueuePolicy'), refusal('AccessDenied', /not enabled/));
  await assume('IAMAuditRootUserCredentials');
});

test('the caller’s source identity goes along', async (t) => {
  const c = await cloud(t);
  await start(c);
  const admin = c.client(iam.IAMClient);
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: c.account },
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
    },
  });
  await admin.send(new iam.CreateRoleCommand({ RoleName: 'ops', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await admin.send(new iam.AttachRolePolicyCommand({ RoleName: 'ops', PolicyArn }));
  const RoleArn = `arn:aws:iam::${c.account}:role/ops`;
  const role = { RoleArn, RoleSessionName: 'shift', SourceIdentity: 'ann' };
  const { Credentials: keys } = await c.client(STSClient).send(new AssumeRoleCommand(role));
  const credentials = {
    accessKeyId: keys?.AccessKeyId ?? '',
    secretAccessKey: keys?.SecretAccessKey ?? '',
    sessionToken: keys?.SessionToken ?? '',
  };
  const answer = await c
    .client(STSClient, { credentials })
    .send(new AssumeRootCommand({ TargetPrincipal: MEMBER, TaskPolicyArn: { arn: task('SQSUnlockQueuePolicy') } }));
  assert.equal(answer.SourceIdentity, 'ann');
});
