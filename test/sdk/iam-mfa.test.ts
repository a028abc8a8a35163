import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { hours, minutes, seconds } from '#platform/base/clock.ts';
import { type Authenticator, ENFORCE_MFA, enable, newAuthenticator } from '#test/sdk/authenticator.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

const refused = (name: string, words?: string) => (error: Error) =>
  error.name === name && (words === undefined || error.message.includes(words));

const credentialsOf = (given: sts.Credentials | undefined): Credentials => ({
  accessKeyId: given?.AccessKeyId ?? '',
  secretAccessKey: given?.SecretAccessKey ?? '',
  sessionToken: given?.SessionToken ?? '',
});

const session = (c: TestCloud, credentials: Credentials, SerialNumber?: string, TokenCode?: string) =>
  c.client(sts.STSClient, { credentials }).send(new sts.GetSessionTokenCommand({ SerialNumber, TokenCode }));

const pair = ({ code }: Authenticator, from = -1) => ({
  AuthenticationCode1: code(from),
  AuthenticationCode2: code(from + 1),
});

test('a virtual device is made, enabled by two consecutive codes, kept in step, given up and deleted', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const make = { VirtualMFADeviceName: 'phone', Path: '/team/', Tags: [{ Key: 'owner', Value: 'ann' }] };
  const { VirtualMFADevice: made } = await admin.send(new iam.CreateVirtualMFADeviceCommand(make));
  const picture = Buffer.from(made?.QRCodePNG ?? []);
  assert.equal(made?.SerialNumber, `arn:aws:iam::${c.account}:mfa/team/phone`);
  assert.match(Buffer.from(made?.Base32StringSeed ?? []).toString(), /^[A-Z2-7]{64}$/);
  assert.equal(picture.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual(made?.Tags, make.Tags);
  await assert.rejects(
    admin.send(new iam.CreateVirtualMFADeviceCommand(make)),
    refused('EntityAlreadyExistsException', 'MFADevice entity at the same path and name already exists.'),
  );
  const long = new iam.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'x'.repeat(220) });
  await assert.rejects(admin.send(long), refused('InvalidInputException'));

  const phone = await newAuthenticator(c, admin, 'ann');
  const { serial: SerialNumber } = phone;
  const enabling = (codes: object, other = {}) =>
    admin.send(new iam.EnableMFADeviceCommand({ UserName, SerialNumber, ...pair(phone), ...codes, ...other }));
  const wrong = refused('InvalidAuthenticationCodeException', 'Authentication code for device is not valid.');
  await assert.rejects(enabling({ AuthenticationCode2: phone.code(-1) }), wrong);
  await assert.rejects(enabling({ AuthenticationCode1: phone.code(1), AuthenticationCode2: phone.code(-1) }), wrong);
  await assert.rejects(enabling({ AuthenticationCode2: phone.code(1) }), wrong);
  await assert.rejects(enabling({}, { UserName: 'nobody' }), refused('NoSuchEntityException'));
  await assert.rejects(enabling({}, { SerialNumber: 'GAHT12345678' }), refused('NoSuchEntityException'));
  await enabling({});
  await assert.rejects(enabling({}), refused('EntityAlreadyExistsException', 'already in use'));

  const listed = await admin.send(new iam.ListMFADevicesCommand({ UserName }));
  const [device] = listed.MFADevices ?? [];
  assert.deepEqual([device?.UserName, device?.SerialNumber], [UserName, SerialNumber]);
  const got = await admin.send(new iam.GetMFADeviceCommand({ UserName, SerialNumber }));
  assert.deepEqual(got.EnableDate, device?.EnableDate);
  await assert.rejects(
    admin.send(new iam.GetMFADeviceCommand({ SerialNumber })),
    refused('NoSuchEntityException', 'MFA Device invalid for user.'),
  );
  await assert.rejects(
    admin.send(new iam.DeleteUserCommand({ UserName })),
    refused('DeleteConflictException', 'must delete MFA device first'),
  );
  await assert.rejects(
    admin.send(new iam.DeleteVirtualMFADeviceCommand({ SerialNumber })),
    refused('DeleteConflictException', 'Must deactivate first'),
  );

  const resync = (codes: object) =>
    admin.send(new iam.ResyncMFADeviceCommand({ UserName, SerialNumber, ...pair(phone), ...codes }));
  await assert.rejects(resync({ AuthenticationCode2: '000000' }), wrong);
  await resync(pair(phone, 30));
  await admin.send(new iam.DeactivateMFADeviceCommand({ UserName, SerialNumber }));
  await assert.rejects(
    admin.send(new iam.DeactivateMFADeviceCommand({ UserName, SerialNumber })),
    refused('NoSuchEntityException'),
  );
  await admin.send(new iam.DeleteVirtualMFADeviceCommand({ SerialNumber }));
  await assert.rejects(
    admin.send(new iam.DeleteVirtualMFADeviceCommand({ SerialNumber })),
    refused('NoSuchEntityException', "doesn't exist"),
  );
  await admin.send(new iam.DeleteUserCommand({ UserName }));
});

test('devices are listed by pages and by assignment, tagged, and at most eight a user', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const devices: Authenticator[] = [];
  for (let i = 0; i < 9; i++) devices.push(await newAuthenticator(c, admin, `phone-${i}`));
  for (const each of devices.slice(0, 8)) {
    await admin.send(new iam.EnableMFADeviceCommand({ UserName, SerialNumber: each.serial, ...pair(each) }));
  }
  const [first, ninth] = [devices[0], devices[8]];
  assert.ok(first && ninth);
  await assert.rejects(
    admin.send(new iam.EnableMFADeviceCommand({ UserName, SerialNumber: ninth.serial, ...pair(ninth) })),
    refused('LimitExceededException', 'MFADevicesPerUser: 8'),
  );
  const pages: (string | undefined)[][] = [];
  for await (const page of iam.paginateListMFADevices({ client: admin, pageSize: 3 }, { UserName })) {
    pages.push((page.MFADevices ?? []).map((each) => each.SerialNumber));
  }
  assert.deepEqual(
    pages.map(({ length }) => length),
    [3, 3, 2],
  );
  const list = async (AssignmentStatus?: iam.AssignmentStatusType) => {
    const found: iam.VirtualMFADevice[] = [];
    const query = { client: admin, pageSize: 4 };
    for await (const page of iam.paginateListVirtualMFADevices(query, { AssignmentStatus })) {
      found.push(...(page.VirtualMFADevices ?? []));
    }
    return found;
  };
  assert.deepEqual(
    (await list()).map(({ SerialNumber }) => SerialNumber),
    devices.map(({ serial }) => serial),
  );
  assert.deepEqual(
    (await list('Unassigned')).map(({ SerialNumber }) => SerialNumber),
    [ninth.serial],
  );
  const assigned = await list('Assigned');
  assert.deepEqual([assigned.length, assigned[0]?.User?.UserName], [8, UserName]);
  assert.ok(assigned.every((each) => each.Base32StringSeed === undefined && each.EnableDate !== undefined));
  await assert.rejects(
    admin.send(new iam.ListVirtualMFADevicesCommand({ AssignmentStatus: 'Assigned', Marker: 'none' })),
    refused('ValidationError'),
  );

  const on = { SerialNumber: first.serial };
  await admin.send(
    new iam.TagMFADeviceCommand({
      ...on,
      Tags: [
        { Key: 'Team', Value: 'blue' },
        { Key: 'b', Value: '' },
      ],
    }),
  );
  await admin.send(new iam.UntagMFADeviceCommand({ ...on, TagKeys: ['b'] }));
  const { Tags } = await admin.send(new iam.ListMFADeviceTagsCommand(on));
  assert.deepEqual(Tags, [{ Key: 'Team', Value: 'blue' }]);
  const nowhere = { SerialNumber: `${first.serial}-else` };
  await assert.rejects(admin.send(new iam.ListMFADeviceTagsCommand(nowhere)), refused('NoSuchEntityException'));
  await assert.rejects(
    admin.send(new iam.TagMFADeviceCommand({ ...on, Tags: [{ Key: 'aws:x', Value: '' }] })),
    refused('InvalidInputException'),
  );
});

test('GetSessionToken takes each code once, within a step, and goes deaf when it is guessed at', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  const bob = await newUser(c, 'bob');
  const phone = await newAuthenticator(c, admin, 'ann');
  const get = (code: string | undefined, serial: string | undefined = phone.serial, as = ann) =>
    session(c, as.credentials, serial, code);
  const denied = (words: string) => refused('AccessDenied', `MultiFactorAuthentication failed${words}`);
  const notYours = denied(', unable to validate MFA code.');
  await assert.rejects(get(phone.code()), notYours, 'nobody has it yet');
  await enable(c, admin, 'ann', phone);
  await assert.rejects(get(phone.code(), phone.serial, bob), notYours);
  await assert.rejects(get(undefined), denied(', must provide both'));
  await assert.rejects(get(phone.code(-3)), denied(' with invalid MFA one time pass code.'));
  await assert.rejects(get(phone.code(2)), denied(' with invalid'));
  const code = phone.code();
  await get(code);
  await assert.rejects(get(code), denied(' with invalid'), 'used');
  await assert.rejects(get(phone.code(-1)), denied(' with invalid'), 'older than a used one');
  const again = await c.restart();
  await assert.rejects(session(again, ann.credentials, phone.serial, code), denied(' with invalid'), 'used for good');

  c.advance(minutes(5));
  const later = (guess: string) => session(again, ann.credentials, phone.serial, guess);
  for (let i = 0; i < 3; i++) await assert.rejects(later('000000'));
  await assert.rejects(later(phone.code()), denied(' with invalid'), 'deaf');
  c.advance(minutes(1));
  await later(phone.code());
});

test('a session has MFA or not: conditions see it, and without it IAM is closed', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  await ann.allow(
    { Effect: 'Allow', Action: ['iam:*', 'sts:*'], Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'sqs:ListQueues',
      Resource: '*',
      Condition: {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
        NumericLessThan: { 'aws:MultiFactorAuthAge': '3600' },
      },
    },
  );
  const phone = await newAuthenticator(c, admin, 'ann');
  await enable(c, admin, 'ann', phone);
  const plain = credentialsOf((await session(c, ann.credentials)).Credentials);
  const strong = credentialsOf((await session(c, ann.credentials, phone.serial, phone.code())).Credentials);
  const queues = (credentials: Credentials) => c.client(SQSClient, { credentials }).send(new ListQueuesCommand({}));
  await assert.rejects(queues(ann.credentials), refused('AccessDenied'));
  await assert.rejects(queues(plain), refused('AccessDenied'));
  await queues(strong);

  const users = (credentials: Credentials) =>
    c.client(iam.IAMClient, { credentials }).send(new iam.ListUsersCommand({}));
  await assert.rejects(
    users(plain),
    refused('InvalidClientTokenId', 'security token included in the request is invalid'),
  );
  await users(strong);
  const stsOf = (credentials: Credentials) => c.client(sts.STSClient, { credentials });
  await stsOf(plain).send(new sts.GetCallerIdentityCommand({}));
  const keyInfo = new sts.GetAccessKeyInfoCommand({ AccessKeyId: ann.credentials.accessKeyId });
  await assert.rejects(
    stsOf(strong).send(keyInfo),
    refused('AccessDenied', 'Cannot call GetAccessKeyInfo with session'),
  );
  const federation = new sts.GetFederationTokenCommand({ Name: 'eve', Policy: ALL });
  const federated = credentialsOf((await stsOf(ann.credentials).send(federation)).Credentials);
  await assert.rejects(users(federated), refused('InvalidClientTokenId'));
  await stsOf(federated).send(new sts.GetCallerIdentityCommand({}));
  await assert.rejects(stsOf(federated).send(keyInfo), refused('AccessDenied'));
  c.advance(hours(1));
  await assert.rejects(queues(strong), refused('AccessDenied'), 'an hour after the code');
});

const ALL = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });

test('a role that wants MFA is assumed with a code, or by a session that had one', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  await ann.allow({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' });
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: c.account },
      Action: 'sts:AssumeRole',
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    },
  });
  const { Role } = await admin.send(new iam.CreateRoleCommand({ RoleName: 'guarded', AssumeRolePolicyDocument }));
  await admin.send(new iam.PutRolePolicyCommand({ RoleName: 'guarded', PolicyName: 'all', PolicyDocument: ALL }));
  const phone = await newAuthenticator(c, admin, 'ann');
  await enable(c, admin, 'ann', phone);
  const assume = (credentials: Credentials, mfa = {}) =>
    c
      .client(sts.STSClient, { credentials })
      .send(new sts.AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'test', ...mfa }));
  const SerialNumber = phone.serial;
  await assert.rejects(assume(ann.credentials), refused('AccessDenied', 'sts:AssumeRole'));
  const wrong = refused('AccessDenied', 'invalid MFA one time pass code');
  await assert.rejects(assume(ann.credentials, { SerialNumber, TokenCode: '000000' }), wrong);
  const code = phone.code();
  const made = await assume(ann.credentials, { SerialNumber, TokenCode: code });
  await assert.rejects(assume(ann.credentials, { SerialNumber, TokenCode: code }), wrong);
  const role = credentialsOf(made.Credentials);
  await c.client(iam.IAMClient, { credentials: role }).send(new iam.ListUsersCommand({}));

  c.advance(seconds(60));
  const plain = credentialsOf((await session(c, ann.credentials)).Credentials);
  await assert.rejects(assume(plain), refused('AccessDenied'));
  await assert.rejects(
    assume(plain, { SerialNumber, TokenCode: phone.code() }),
    refused('AccessDenied', 'unable to validate'),
  );
  const strong = credentialsOf((await session(c, ann.credentials, SerialNumber, phone.code())).Credentials);
  await assume(strong);
});

test('the root user has a device of its own', async (t) => {
  const c = await cloud(t);
  const root = c.client(iam.IAMClient, { credentials: c.operator });
  const UserName = '000000000000';
  const key = await newAuthenticator(c, root, 'root-account-mfa-device');
  await enable(c, root, UserName, key);
  const { MFADevices } = await root.send(new iam.ListMFADevicesCommand({}));
  assert.deepEqual(
    MFADevices?.map((each) => [each.UserName, each.SerialNumber]),
    [[UserName, key.serial]],
  );
  const { VirtualMFADevices } = await root.send(new iam.ListVirtualMFADevicesCommand({}));
  assert.equal(VirtualMFADevices?.[0]?.User?.Arn, `arn:aws:iam::${UserName}:root`);
  await session(c, c.operator, key.serial, key.code());
  await root.send(new iam.DeactivateMFADeviceCommand({ SerialNumber: key.serial }));
});

test('AWS’s policy that enforces MFA: a user sets up a device alone, and can do the rest with it only', async (t) => {
  const c = await cloud(t);
  const ann = await newUser(c, 'ann');
  await ann.allow(...ENFORCE_MFA, { Effect: 'Allow', Action: 'sqs:*', Resource: '*' });
  const own = c.client(iam.IAMClient, { credentials: ann.credentials });
  const keys = (client: iam.IAMClient) => client.send(new iam.ListAccessKeysCommand({}));
  await assert.rejects(keys(own), refused('AccessDenied', 'explicit deny'));
  await assert.rejects(
    c.client(SQSClient, { credentials: ann.credentials }).send(new ListQueuesCommand({})),
    refused('AccessDenied', 'explicit deny'),
  );
  await assert.rejects(newAuthenticator(c, own, 'bob'), refused('AccessDenied'), 'a device of another name');
  const phone = await newAuthenticator(c, own, 'ann');
  await assert.rejects(
    enable(c, own, 'administrator', phone),
    refused('AccessDenied', 'iam:EnableMFADevice'),
    'a device for somebody else',
  );
  await enable(c, own, 'ann', phone);
  const { MFADevices } = await own.send(new iam.ListMFADevicesCommand({}));
  assert.equal(MFADevices?.length, 1);
  await own.send(new iam.ListVirtualMFADevicesCommand({}));
  await own.send(new iam.GetUserCommand({}));
  const deactivate = new iam.DeactivateMFADeviceCommand({ UserName: 'ann', SerialNumber: phone.serial });
  await assert.rejects(own.send(deactivate), refused('AccessDenied', 'explicit deny'));

  const strong = credentialsOf((await session(c, ann.credentials, phone.serial, phone.code())).Credentials);
  const withMfa = c.client(iam.IAMClient, { credentials: strong });
  await keys(withMfa);
  await c.client(SQSClient, { credentials: strong }).send(new ListQueuesCommand({}));
  await withMfa.send(deactivate);
  await withMfa.send(new iam.DeleteVirtualMFADeviceCommand({ SerialNumber: phone.serial }));
});
