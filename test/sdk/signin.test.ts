import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import type { AuditRecord } from '#platform/audit/record.ts';
import { days, hours, minutes } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { enable, newAuthenticator } from '#test/sdk/authenticator.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser, operate } from '#test/sdk/people.ts';
import { type Answer, ask, credentialsOf } from '#test/sdk/sign-in.ts';

const PASSWORD = 'Correct-Horse-1';
const OTHER = 'Correct-Horse-2';

interface Given {
  readonly Account?: string;
  readonly UserName?: string;
  readonly Password?: string;
  readonly MfaCode?: string;
  readonly NewPassword?: string;
  readonly DurationSeconds?: number;
}

const enter = (c: TestCloud, given: Given): Promise<Answer> =>
  ask(c, 'SignIn', { Account: c.account, Password: PASSWORD, ...given });

const who = async (c: TestCloud, credentials: Credentials) =>
  (await c.client(STSClient, { credentials }).send(new GetCallerIdentityCommand({}))).Arn;

const loginProfile = (c: TestCloud, UserName: string, PasswordResetRequired = false) =>
  c
    .client(iam.IAMClient)
    .send(new iam.CreateLoginProfileCommand({ UserName, Password: PASSWORD, PasswordResetRequired }));

/** The newest first. */
const events = (c: TestCloud, account = c.account, service = 'signin'): AuditRecord[] =>
  c.running.cloud.store
    .partition({ service, account: account as AccountId, region: GLOBAL_REGION })
    .read(waitingRecords);

const lookOf = ({ eventName, responseElements, errorMessage, userIdentity, additionalEventData }: AuditRecord) => [
  eventName,
  (responseElements as Record<string, string>)[eventName],
  errorMessage,
  userIdentity['type'],
  userIdentity['userName'],
  additionalEventData?.['MFAUsed'],
];

test('a user signs in with account, name and password, and the account’s audit says so', async (t) => {
  const c = await cloud(t);
  await c.client(iam.IAMClient).send(new iam.CreateUserCommand({ UserName: 'ann', Path: '/team/' }));
  await loginProfile(c, 'ann');
  const { status, body, ...rest } = await enter(c, { UserName: 'ann' });
  assert.equal(status, 200, JSON.stringify(body));
  const arn = `arn:aws:iam::${c.account}:user/team/ann`;
  assert.deepEqual([body['AccountId'], body['UserName'], body['Arn'], body['MfaUsed']], [c.account, 'ann', arn, false]);
  const session = credentialsOf({ status, body, ...rest });
  assert.equal(await who(c, session), arn);
  // Unlike a session of GetSessionToken, a sign-in opens IAM; what is allowed there is another question.
  const own = c.client(iam.IAMClient, { credentials: session });
  await assert.rejects(own.send(new iam.GetUserCommand({})), { name: 'AccessDenied' });
  const { User } = await c.client(iam.IAMClient).send(new iam.GetUserCommand({ UserName: 'ann' }));
  assert.ok(Math.abs(Number(User?.PasswordLastUsed) - c.clock.now()) < minutes(1));

  const [event] = events(c);
  assert.ok(event);
  assert.deepEqual(lookOf(event), ['ConsoleLogin', 'Success', undefined, 'IAMUser', 'ann', 'No']);
  assert.deepEqual(
    [event.eventType, event.eventSource, event.requestParameters, event.recipientAccountId, event.readOnly],
    ['AwsConsoleSignIn', 'signin.amazonaws.com', null, c.account, false],
  );
  c.advance(hours(12) - minutes(1));
  await who(c, session);
  c.advance(minutes(1));
  await assert.rejects(who(c, session), { name: 'ExpiredToken' });
});

test('a wrong name, account or password is answered alike; the audit hides a name that is nobody’s', async (t) => {
  const c = await cloud(t);
  await newUser(c, 'ann');
  await newUser(c, 'no-password');
  await loginProfile(c, 'ann');
  const tries: Given[] = [
    { UserName: 'ann', Password: OTHER },
    { UserName: 'Ann' },
    { UserName: 'nobody' },
    { UserName: 'no-password' },
    { Account: '999999999999', UserName: 'ann' },
    { Account: 'no-such-alias', UserName: 'ann' },
    { Password: OTHER },
  ];
  for (const given of tries) {
    const { status, code, body } = await enter(c, given);
    const { message, ...others } = body;
    const expected = 'Your authentication information is incorrect. Please try again.';
    assert.deepEqual(
      [status, code, message, Object.keys(others)],
      [400, 'AuthenticationFailedException', expected, ['__type']],
    );
  }
  const failed = (type: string, name: string | undefined, why = 'Failed authentication') => [
    'ConsoleLogin',
    'Failure',
    why,
    type,
    name,
    'No',
  ];
  const hidden = failed('IAMUser', 'HIDDEN_DUE_TO_SECURITY_REASONS', 'No username found in supplied account');
  assert.deepEqual(events(c).map(lookOf).reverse(), [
    failed('IAMUser', 'ann'),
    hidden,
    hidden,
    failed('IAMUser', 'no-password'),
    failed('Root', undefined),
  ]);
  assert.equal((await enter(c, { UserName: 'x y' })).code, 'ValidationException');
});

test('the operator sets a root password; root sessions are root’s, and short', async (t) => {
  const c = await cloud(t);
  const set = (AccountId: string, Password: string, as = c.operator) =>
    ask(c, 'SetRootPassword', { AccountId, Password }, as);
  assert.equal((await set(c.account, PASSWORD, c.administrator)).code, 'AccessDeniedException');
  assert.equal((await set('999999999999', PASSWORD)).code, 'AccountNotFoundException');
  assert.equal((await set(c.account, 'weak')).code, 'PasswordPolicyViolationException');
  await operate(c, 'SetRootPassword', { AccountId: c.account, Password: PASSWORD });
  const entered = await enter(c, {});
  assert.equal(entered.status, 200, JSON.stringify(entered.body));
  assert.equal(entered.body['UserName'], undefined);
  const session = credentialsOf(entered);
  assert.equal(await who(c, session), `arn:aws:iam::${c.account}:root`);
  await c.client(iam.IAMClient, { credentials: session }).send(new iam.ListUsersCommand({}));
  const changed = await enter(c, { NewPassword: OTHER, DurationSeconds: 900 });
  assert.equal(changed.status, 200);
  assert.equal((await enter(c, {})).code, 'AuthenticationFailedException');
  assert.deepEqual(
    events(c).map(({ eventName, userIdentity }) => [eventName, userIdentity['type']]),
    ['ConsoleLogin', 'ConsoleLogin', 'PasswordUpdated', 'ConsoleLogin'].map((name) => [name, 'Root']),
  );
  c.advance(minutes(15));
  await assert.rejects(who(c, credentialsOf(changed)), { name: 'ExpiredToken' });
  await who(c, session);
  c.advance(minutes(45));
  await assert.rejects(who(c, session), { name: 'ExpiredToken' });
});

test('with an MFA device a code is wanted, once the password is right', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  await loginProfile(c, 'ann');
  await ann.allow({
    Effect: 'Allow',
    Action: 'iam:ListUsers',
    Resource: '*',
    Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
  });
  const users = (credentials: Credentials) =>
    c.client(iam.IAMClient, { credentials }).send(new iam.ListUsersCommand({}));
  await assert.rejects(users(credentialsOf(await enter(c, { UserName: 'ann' }))), { name: 'AccessDenied' });

  const phone = await newAuthenticator(c, admin, 'ann');
  await enable(c, admin, 'ann', phone);
  assert.equal((await enter(c, { UserName: 'ann', Password: OTHER })).code, 'AuthenticationFailedException');
  assert.equal((await enter(c, { UserName: 'ann' })).code, 'MfaRequiredException');
  assert.equal((await enter(c, { UserName: 'ann', MfaCode: '000000' })).code, 'AuthenticationFailedException');
  const MfaCode = phone.code();
  const entered = await enter(c, { UserName: 'ann', MfaCode });
  assert.deepEqual([entered.status, entered.body['MfaUsed']], [200, true]);
  await users(credentialsOf(entered));
  assert.equal((await enter(c, { UserName: 'ann', MfaCode })).code, 'AuthenticationFailedException', 'used');
  assert.deepEqual(
    events(c)
      .map((event) => [event.eventName, event.errorMessage, event.additionalEventData?.['MFAUsed']])
      .reverse(),
    [
      ['ConsoleLogin', undefined, 'No'],
      ['ConsoleLogin', 'Failed authentication', 'No'],
      ['CheckMfa', undefined, undefined],
      ['ConsoleLogin', 'Failed authentication', 'Yes'],
      ['ConsoleLogin', undefined, 'Yes'],
      ['ConsoleLogin', 'Failed authentication', 'Yes'],
    ],
  );
  // "IAM user, successful sign-in with MFA".
  const devices = events(c).map(({ additionalEventData }) => additionalEventData?.['MFAIdentifier']);
  const { MFADevices = [] } = await admin.send(new iam.ListMFADevicesCommand({ UserName: 'ann' }));
  assert.deepEqual(
    devices.filter((device) => device !== undefined),
    MFADevices.map(({ SerialNumber }) => SerialNumber),
  );
});

test('a password that must be reset, or has expired, is renewed on the way in by who may', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  await loginProfile(c, 'ann', true);
  const wanted = await enter(c, { UserName: 'ann' });
  assert.deepEqual([wanted.code, wanted.body['Reason']], ['PasswordChangeRequiredException', 'RESET_REQUIRED']);
  const renew = (NewPassword: string) => enter(c, { UserName: 'ann', NewPassword });
  assert.equal((await renew(OTHER)).code, 'AccessDeniedException');
  await ann.allow({ Effect: 'Allow', Action: 'iam:ChangePassword', Resource: `arn:aws:iam::*:user/\${aws:username}` });
  assert.equal((await renew('weak')).code, 'PasswordPolicyViolationException');
  assert.equal((await renew(OTHER)).status, 200);
  const now = (more: Given = {}) => enter(c, { UserName: 'ann', Password: OTHER, ...more });
  assert.equal((await now()).body['PasswordExpiresAt'], undefined);

  const policy = { MaxPasswordAge: 30, AllowUsersToChangePassword: true };
  await admin.send(new iam.UpdateAccountPasswordPolicyCommand(policy));
  const ends = Number((await now()).body['PasswordExpiresAt']) * 1000;
  assert.ok(Math.abs(ends - (c.clock.now() + days(30))) < minutes(5));
  c.advance(days(30));
  assert.equal((await now()).body['Reason'], 'EXPIRED');
  await admin.send(new iam.UpdateAccountPasswordPolicyCommand({ ...policy, HardExpiry: true }));
  assert.equal((await now({ NewPassword: PASSWORD })).code, 'PasswordExpiredException');
  // Its keys still work, and by them its password is renewed, as on AWS.
  const own = c.client(iam.IAMClient, { credentials: ann.credentials });
  await own.send(new iam.ChangePasswordCommand({ OldPassword: OTHER, NewPassword: PASSWORD }));
  assert.equal((await enter(c, { UserName: 'ann' })).status, 200);
});

test('who guesses is locked out, the person and the name that is nobody’s alike, and a restart opens nothing', async (t) => {
  const c = await cloud(t);
  await newUser(c, 'ann');
  await loginProfile(c, 'ann');
  for (const UserName of ['ann', 'nobody']) {
    // Side by side: each counts before it is judged.
    const codes = (await Promise.all(Array.from({ length: 8 }, () => enter(c, { UserName, Password: OTHER })))).map(
      ({ status, code }) => `${status} ${code}`,
    );
    assert.equal(codes.filter((each) => each === '400 AuthenticationFailedException').length, 6, UserName);
    assert.equal(codes.filter((each) => each === '429 TooManyFailedAttemptsException').length, 2, UserName);
  }
  const again = await c.restart();
  const locked = await enter(again, { UserName: 'ann' });
  assert.equal(locked.code, 'TooManyFailedAttemptsException');
  const wait = Number(locked.body['RetryAfterSeconds']);
  assert.ok(wait > 0 && wait <= 60, String(wait));
  c.advance(minutes(1));
  assert.equal((await enter(again, { UserName: 'ann', Password: OTHER })).code, 'AuthenticationFailedException');
  c.advance(minutes(1));
  assert.equal((await enter(again, { UserName: 'ann' })).code, 'TooManyFailedAttemptsException', 'twice as long');
  c.advance(minutes(1));
  assert.equal((await enter(again, { UserName: 'ann' })).status, 200);
  assert.equal((await enter(again, { UserName: 'ann', Password: OTHER })).code, 'AuthenticationFailedException');
  assert.equal((await enter(again, { UserName: 'ann' })).status, 200, 'forgotten by the success');
});

test('people of other accounts are others', async (t) => {
  const c = await cloud(t);
  const other = await newAccount(c, '123456789012');
  await newUser(c, 'ann', other);
  const theirs = c.client(iam.IAMClient, { credentials: other });
  await theirs.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: PASSWORD }));
  assert.equal((await enter(c, { UserName: 'ann' })).code, 'AuthenticationFailedException');
  const entered = await enter(c, { Account: '123456789012', UserName: 'ann' });
  assert.equal(entered.body['Arn'], 'arn:aws:iam::123456789012:user/ann');
  assert.equal(events(c, '123456789012').length, 1);
});

test('an alias stands for the account; its reports tell of passwords and devices; all goes with the account', async (t) => {
  const c = await cloud(t);
  const other = await newAccount(c, '123456789012');
  const theirs = c.client(iam.IAMClient, { credentials: other });
  await theirs.send(new iam.CreateAccountAliasCommand({ AccountAlias: 'example-corp' }));
  await newUser(c, 'ann', other);
  await theirs.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: PASSWORD }));
  await theirs.send(new iam.UpdateAccountPasswordPolicyCommand({ MaxPasswordAge: 90 }));
  const entered = await enter(c, { Account: 'example-corp', UserName: 'ann' });
  assert.deepEqual([entered.status, entered.body['AccountId']], [200, '123456789012']);
  const phone = await newAuthenticator(c, theirs, 'ann');
  await newAuthenticator(c, theirs, 'spare');
  await enable(c, theirs, 'ann', phone);

  const { SummaryMap } = await theirs.send(new iam.GetAccountSummaryCommand({}));
  const { MFADevices, MFADevicesInUse, AccountMFAEnabled, AccountPasswordPresent } = SummaryMap ?? {};
  assert.deepEqual([MFADevices, MFADevicesInUse, AccountMFAEnabled, AccountPasswordPresent], [2, 1, 0, 0]);
  await operate(c, 'SetRootPassword', { AccountId: '123456789012', Password: PASSWORD });
  await theirs.send(new iam.GenerateCredentialReportCommand({}));
  c.advance(minutes(1));
  const { Content } = await theirs.send(new iam.GetCredentialReportCommand({}));
  const [head = [], ...rows] = Buffer.from(Content ?? [])
    .toString()
    .split('\n')
    .map((line) => line.split(','));
  const ann = rows.find(([user]) => user === 'ann') ?? [];
  const told = Object.fromEntries(head.map((name, index) => [name, ann[index]]));
  assert.deepEqual([told['password_enabled'], told['mfa_active']], ['true', 'true']);
  const [used, changed, next] = ['password_last_used', 'password_last_changed', 'password_next_rotation'].map((name) =>
    Date.parse(told[name] ?? ''),
  );
  assert.ok(used !== undefined && changed !== undefined && used >= changed);
  assert.equal(next, changed + days(90));

  // The administrator whose keys these are goes too.
  const { Remaining } = await operate(c, 'RemoveAccountResources', { AccountId: '123456789012' });
  assert.deepEqual(Remaining, []);
});

test('the audit says of a session whether it had MFA', async (t) => {
  const c = await cloud(t);
  await newUser(c, 'ann');
  await loginProfile(c, 'ann');
  const session = credentialsOf(await enter(c, { UserName: 'ann' }));
  await assert.rejects(c.client(iam.IAMClient, { credentials: session }).send(new iam.ListUsersCommand({})));
  const [refusal] = events(c, c.account, 'iam');
  assert.ok(refusal);
  const { attributes } = refusal.userIdentity['sessionContext'] as { attributes: Record<string, string> };
  assert.deepEqual([refusal.eventName, attributes['mfaAuthenticated']], ['ListUsers', 'false']);
});
