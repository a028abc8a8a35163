/** The operator removes an account's resources: what hangs on users, roles and groups goes first, so that they can go too. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { enable, newAuthenticator } from '#test/sdk/authenticator.ts';
import { cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { operate } from '#test/sdk/people.ts';

const allowAll = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
});
const ReadOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';

/** Everything that stands in the way of something else. */
async function fill(c: TestCloud): Promise<void> {
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  const user = { UserName };
  const role = { RoleName: 'worker' };
  const group = { GroupName: 'Readers' };
  const { Policy } = await admin.send(new iam.CreatePolicyCommand({ PolicyName: 'own', PolicyDocument: allowAll }));
  const PolicyArn = Policy?.Arn;
  await admin.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allowAll, SetAsDefault: true }));
  await admin.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allowAll }));
  await admin.send(new iam.CreateUserCommand({ UserName, Path: '/a|b/', PermissionsBoundary: PolicyArn }));
  await admin.send(new iam.CreateRoleCommand({ ...role, AssumeRolePolicyDocument: trust }));
  await admin.send(new iam.CreateGroupCommand(group));
  const inline = { PolicyName: 'inline', PolicyDocument: allowAll };
  await admin.send(new iam.PutUserPolicyCommand({ ...user, ...inline }));
  await admin.send(new iam.PutRolePolicyCommand({ ...role, ...inline }));
  await admin.send(new iam.PutGroupPolicyCommand({ ...group, ...inline }));
  await admin.send(new iam.AttachUserPolicyCommand({ ...user, PolicyArn }));
  await admin.send(new iam.AttachRolePolicyCommand({ ...role, PolicyArn }));
  await admin.send(new iam.AttachGroupPolicyCommand({ ...group, PolicyArn: ReadOnly }));
  await admin.send(new iam.AddUserToGroupCommand({ ...user, ...group }));
  await admin.send(new iam.AddUserToGroupCommand({ UserName: 'administrator', ...group }));
  for (let n = 0; n < 2; n++) await admin.send(new iam.CreateAccessKeyCommand(user));
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const SSHPublicKeyBody = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  await admin.send(new iam.UploadSSHPublicKeyCommand({ ...user, SSHPublicKeyBody }));
  await admin.send(new iam.CreateLoginProfileCommand({ ...user, Password: 'Pass-word-123' }));
  await enable(c, admin, UserName, await newAuthenticator(c, admin, 'phone'));
  await newAuthenticator(c, admin, 'spare');
  const ServiceName = 'codecommit.amazonaws.com';
  await admin.send(new iam.CreateServiceSpecificCredentialCommand({ ...user, ServiceName }));
  const profile = { InstanceProfileName: 'Web' };
  await admin.send(new iam.CreateInstanceProfileCommand({ ...profile, Path: '/x/' }));
  await admin.send(new iam.AddRoleToInstanceProfileCommand({ ...profile, ...role }));
}

test('nothing of IAM stays', async (t) => {
  const c = await cloud(t);
  await fill(c);
  const { Remaining } = await operate(c, 'RemoveAccountResources', { AccountId: c.account });
  assert.deepEqual(Remaining, []);
  const { AccessKey } = await operate(c, 'CreateAccountAccessKey', { AccountId: c.account, Owner: 'root' });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey as Record<string, string>;
  const root = c.client(iam.IAMClient, { credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } });
  assert.deepEqual((await root.send(new iam.ListUsersCommand({}))).Users, []);
  assert.deepEqual((await root.send(new iam.ListRolesCommand({}))).Roles, []);
  assert.deepEqual((await root.send(new iam.ListGroupsCommand({}))).Groups, []);
  assert.deepEqual((await root.send(new iam.ListPoliciesCommand({ Scope: 'Local' }))).Policies, []);
  assert.deepEqual((await root.send(new iam.ListInstanceProfilesCommand({}))).InstanceProfiles, []);
  assert.deepEqual((await root.send(new iam.ListVirtualMFADevicesCommand({}))).VirtualMFADevices, []);
});
