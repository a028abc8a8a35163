/** The account as a whole: alias, properties, summary, credential report. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import * as iam from '@aws-sdk/client-iam';
import { enable, newAuthenticator } from '#test/sdk/authenticator.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser, operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { ask, credentialsOf } from '#test/sdk/sign-in.ts';
import { until } from '#test/until.ts';

const HOUR = 3_600_000;

test('an alias belongs to one account, and an account has one', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const partner = c.client(iam.IAMClient, { credentials: await newAccount(c, '210987654321') });
  const create = (client: iam.IAMClient, AccountAlias: string) =>
    client.send(new iam.CreateAccountAliasCommand({ AccountAlias }));
  const remove = (client: iam.IAMClient, AccountAlias: string) =>
    client.send(new iam.DeleteAccountAliasCommand({ AccountAlias }));
  const aliases = async (client: iam.IAMClient) =>
    (await client.send(new iam.ListAccountAliasesCommand({}))).AccountAliases;
  await create(admin, 'example-corp');
  const taken = refusal('EntityAlreadyExistsException', 'The account alias example-corp already exists.');
  await assert.rejects(create(partner, 'example-corp'), taken);
  await assert.rejects(create(admin, 'example-corp'), taken);
  await assert.rejects(remove(partner, 'example-corp'), refusal('NoSuchEntityException'));
  for (const bad of ['ab', '-abc', 'abc-', 'a--b', 'ABC', '123456789012']) {
    await assert.rejects(create(admin, bad), refusal('ValidationError'), bad);
  }
  // A new one takes the place of the old, which is free again.
  await create(admin, 'example');
  assert.deepEqual(await aliases(admin), ['example']);
  await create(partner, 'example-corp');
  await remove(admin, 'example');
  assert.deepEqual(await aliases(admin), []);
  const { Remaining } = await operate(c, 'RemoveAccountResources', { AccountId: '210987654321' });
  assert.deepEqual(Remaining, []);
  await create(admin, 'example-corp');
});

test('the event history calls the root user by the account’s alias', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const Password = 'Pass-word-123';
  await operate(c, 'SetRootPassword', { AccountId: c.account, Password });
  const credentials = credentialsOf(await ask(c, 'SignIn', { Account: c.account, Password }));
  const root = c.client(iam.IAMClient, { credentials });
  const call = async (): Promise<Record<string, unknown>> => {
    await root.send(new iam.GetAccountSummaryCommand({}));
    c.advance(1000);
    const LookupAttributes = [{ AttributeKey: 'EventName' as const, AttributeValue: 'GetAccountSummary' }];
    const { Events = [] } = await c.client(CloudTrailClient).send(new LookupEventsCommand({ LookupAttributes }));
    return JSON.parse(Events[0]?.CloudTrailEvent ?? '{}').userIdentity;
  };
  const { type, userName } = await call();
  assert.deepEqual([type, userName], ['Root', undefined]);
  const alias = { AccountAlias: 'example-corp' };
  await admin.send(new iam.CreateAccountAliasCommand(alias));
  assert.equal((await call())['userName'], 'example-corp');
  await admin.send(new iam.DeleteAccountAliasCommand(alias));
  assert.equal((await call())['userName'], undefined);
});

test('properties of the account', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const put = (Properties: Record<string, string>, client = admin) =>
    client.send(new iam.PutAccountPropertiesCommand({ Properties }));
  const properties = async () => (await admin.send(new iam.GetAccountPropertiesCommand({}))).Properties;
  assert.deepEqual(await properties(), { 'RoleManager/Enabled': 'false' });
  await put({ 'RoleManager/Enabled': 'true' });
  assert.deepEqual(await properties(), { 'RoleManager/Enabled': 'true' });
  const bad = [
    { 'RoleManager/Enabled': 'yes' },
    { 'RoleManager/Other': 'true' },
    { RoleManager: 'true' },
    { 'RoleManager/Enabled/x': 'true' },
    { 'RoleManager/Enabled': 'true', 'Other/Enabled': 'true' },
  ];
  for (const each of bad) await assert.rejects(put(each), refusal('InvalidInputException'), JSON.stringify(each));

  const ann = await newUser(c, 'ann');
  const as = c.client(iam.IAMClient, { credentials: ann.credentials });
  const allowed = { Effect: 'Allow', Action: 'iam:PutAccountProperties', Resource: '*' };
  const namespace = (name: string) => ({
    ...allowed,
    Condition: { 'ForAllValues:StringEquals': { 'iam:AccountPropertyNamespaces': name } },
  });
  await ann.allow(namespace('Other'));
  await assert.rejects(put({ 'RoleManager/Enabled': 'false' }, as), refusal('AccessDenied'));
  await ann.allow(namespace('RoleManager'));
  await put({ 'RoleManager/Enabled': 'false' }, as);
  // To switch it on takes another permission.
  await assert.rejects(put({ 'RoleManager/Enabled': 'true' }, as), refusal('AccessDenied', /CreateServiceLinkedRole/));
});

test('a summary counts what there is', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const summary = async () => (await admin.send(new iam.GetAccountSummaryCommand({}))).SummaryMap ?? {};
  const before = await summary();
  assert.equal(before.Users, 1);
  assert.equal(before.AccountAccessKeysPresent, 1);
  assert.equal(before.AccountMFAEnabled, 0);
  assert.deepEqual(
    [before.UsersQuota, before.GroupsQuota, before.RolesQuota, before.PoliciesQuota, before.ServerCertificatesQuota],
    [5000, 300, 1000, 1500, 20],
  );
  assert.deepEqual(
    [before.UserPolicySizeQuota, before.GroupPolicySizeQuota, before.RolePolicySizeQuota, before.PolicySizeQuota],
    [2048, 5120, 10_240, 6144],
  );
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' },
  });
  const { Policy } = await admin.send(new iam.CreatePolicyCommand({ PolicyName: 'own', PolicyDocument }));
  await admin.send(new iam.CreatePolicyVersionCommand({ PolicyArn: Policy?.Arn, PolicyDocument }));
  await admin.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  await admin.send(new iam.CreateGroupCommand({ GroupName: 'readers' }));
  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'web' }));
  await enable(c, admin, 'ann', await newAuthenticator(c, admin, 'phone'));
  const after = await summary();
  const grown = [
    'Users',
    'Groups',
    'Policies',
    'InstanceProfiles',
    'Roles',
    'PolicyVersionsInUse',
    'MFADevicesInUse',
  ] as const;
  assert.deepEqual(
    grown.map((key) => (after[key] ?? 0) - (before[key] ?? 0)),
    [1, 1, 1, 1, 0, 2, 1],
  );
  // What goes is counted off.
  await admin.send(new iam.DeletePolicyVersionCommand({ PolicyArn: Policy?.Arn, VersionId: 'v2' }));
  await admin.send(new iam.DeletePolicyCommand({ PolicyArn: Policy?.Arn }));
  assert.equal((await summary()).PolicyVersionsInUse, before.PolicyVersionsInUse);
  assert.deepEqual(Object.keys(after).sort(), Object.values(iam.SummaryKeyType).sort());
});

test('a credential report is made, answered for four hours, and then made anew', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann,b');
  await c
    .client(iam.IAMClient, { credentials: ann.credentials })
    .send(new iam.GetUserCommand({}))
    .catch(() => {});
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const SSHPublicKeyBody = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  await admin.send(new iam.UploadSSHPublicKeyCommand({ UserName: 'ann,b', SSHPublicKeyBody }));
  // Another user has a password that ends, and a device.
  await admin.send(new iam.UpdateAccountPasswordPolicyCommand({ MaxPasswordAge: 90 }));
  await admin.send(new iam.CreateUserCommand({ UserName: 'bob' }));
  await admin.send(new iam.CreateLoginProfileCommand({ UserName: 'bob', Password: 'Pass-word-123' }));
  await enable(c, admin, 'bob', await newAuthenticator(c, admin, 'phone'));
  const generate = async (client = admin) => (await client.send(new iam.GenerateCredentialReportCommand({}))).State;
  const get = async (client = admin) => await client.send(new iam.GetCredentialReportCommand({}));
  await assert.rejects(get(), refusal('CredentialReportNotPresentException'));
  assert.equal(await generate(), 'STARTED');
  await until(async () => (await generate()) === 'COMPLETE', 'the report is complete');
  const { Content, ReportFormat, GeneratedTime } = await get();
  assert.equal(ReportFormat, 'text/csv');
  assert.ok(GeneratedTime);
  const [header = '', root = '', ...users] = Buffer.from(Content ?? '')
    .toString()
    .split('\n');
  const columns = header.split(',');
  assert.equal(columns.length, 23);
  const of = (line: string) => {
    // The one field with a comma is quoted.
    const fields = line
      .replace('"ann,b"', 'ann')
      .replace(/"(arn:[^"]*)"/, 'arn')
      .split(',');
    return Object.fromEntries(columns.map((name, index) => [name, fields[index]]));
  };
  assert.deepEqual(
    [of(root)['user'], of(root)['arn'], of(root)['password_enabled'], of(root)['access_key_1_active']],
    ['<root_account>', `arn:aws:iam::${c.account}:root`, 'not_supported', 'true'],
  );
  assert.equal(users.length, 3);
  const bob = of(users.find((line) => line.startsWith('bob,')) ?? '');
  assert.deepEqual(
    [bob['password_enabled'], bob['password_last_used'], bob['mfa_active'], bob['access_key_1_active']],
    ['true', 'no_information', 'true', 'false'],
  );
  const [changed = 0, next = 0] = ['password_last_changed', 'password_next_rotation'].map((name) =>
    Date.parse(bob[name] ?? ''),
  );
  assert.equal(next - changed, 90 * 24 * HOUR);
  const row = of(users.find((line) => line.includes('ann')) ?? '');
  assert.match(row['user_creation_time'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
  assert.deepEqual(
    [row['password_enabled'], row['password_last_used'], row['mfa_active'], row['access_key_2_active']],
    ['false', 'N/A', 'false', 'false'],
  );
  assert.deepEqual([row['access_key_1_active'], row['access_key_1_last_used_service']], ['true', 'iam']);
  assert.deepEqual([row['cert_1_active'], row['additional_credentials_info']], ['false', 'N/A']);

  c.advance(4 * HOUR);
  const later = c.client(iam.IAMClient);
  await assert.rejects(get(later), refusal('CredentialReportExpiredException'));
  assert.equal(await generate(later), 'STARTED');
  await until(async () => (await generate(later)) === 'COMPLETE', 'the report is complete');
  assert.notDeepEqual((await get(later)).GeneratedTime, GeneratedTime);
});

test('a report of many users takes several runs, and is in progress meanwhile', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const names = Array.from({ length: 600 }, (_, n) => `user${n}`);
  for (let at = 0; at < names.length; at += 100) {
    await Promise.all(names.slice(at, at + 100).map((UserName) => admin.send(new iam.CreateUserCommand({ UserName }))));
  }
  const [started, refused] = await Promise.allSettled([
    admin.send(new iam.GenerateCredentialReportCommand({})),
    admin.send(new iam.GetCredentialReportCommand({})),
  ]);
  assert.equal(started.status, 'fulfilled');
  assert.ok(refused.status === 'rejected');
  assert.ok(/NotReady|NotPresent/.test(String(refused.reason)), String(refused.reason));
  await until(
    async () => (await admin.send(new iam.GenerateCredentialReportCommand({}))).State === 'COMPLETE',
    'the report is complete',
  );
  const { Content } = await admin.send(new iam.GetCredentialReportCommand({}));
  const lines = Buffer.from(Content ?? '')
    .toString()
    .split('\n');
  assert.equal(lines.length, 600 + 3);
  assert.equal(new Set(lines).size, lines.length);
});
