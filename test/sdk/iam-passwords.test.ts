import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { days, minutes } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';

const refused = (name: string, words?: string) => (error: Error) =>
  error.name === name && (words === undefined || error.message.includes(words));

const GOOD = 'Correct-Horse-1';
const BETTER = 'Correct-Horse-2';

test('a login profile is created, read, changed and deleted; a user with one is not deleted', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const get = () => admin.send(new iam.GetLoginProfileCommand({ UserName }));
  await assert.rejects(get(), refused('NoSuchEntityException', 'Login Profile for User ann cannot be found.'));
  const create = (Password: string | undefined, name = UserName) =>
    admin.send(new iam.CreateLoginProfileCommand({ UserName: name, Password, PasswordResetRequired: true }));
  await assert.rejects(create(GOOD, 'nobody'), refused('NoSuchEntityException', 'The user with name nobody'));
  await assert.rejects(create(undefined), refused('ValidationError'));
  // Hashing takes its time: who deletes the user meanwhile leaves no password behind.
  await admin.send(new iam.CreateUserCommand({ UserName: 'short' }));
  const late = create(GOOD, 'short');
  late.catch(() => {});
  await assert.rejects(
    admin.send(new iam.DeleteLoginProfileCommand({ UserName: 'short' })),
    refused('EntityTemporarilyUnmodifiableException'),
  );
  await admin.send(new iam.DeleteUserCommand({ UserName: 'short' }));
  await assert.rejects(late, refused('NoSuchEntityException', 'The user with name short'));
  const need = (count: number) => `Password should meet ${count} more of the following requirements: `;
  const each = (noun: string) => `Password should have at least one ${noun}`;
  for (const [weak, words] of Object.entries({
    'Short-1': 'Password should have a minimum length of 8',
    alllowercase: `${need(2)}${each('uppercase letter')}, ${each('number')}, ${each('symbol')}`,
    lowercase1: `${need(1)}${each('uppercase letter')}, ${each('symbol')}`,
  })) {
    await assert.rejects(create(weak), refused('PasswordPolicyViolationException', words), weak);
  }
  const { LoginProfile: made } = await create(GOOD);
  assert.deepEqual([made?.UserName, made?.PasswordResetRequired], [UserName, true]);
  await assert.rejects(
    create(GOOD),
    refused('EntityAlreadyExistsException', 'Login Profile for user ann already exists.'),
  );

  await admin.send(new iam.UpdateLoginProfileCommand({ UserName, PasswordResetRequired: false }));
  const { LoginProfile: read } = await get();
  assert.deepEqual([read?.CreateDate, read?.PasswordResetRequired], [made?.CreateDate, false]);
  const isSet = await Promise.allSettled(
    [GOOD, BETTER].map((Password) => admin.send(new iam.UpdateLoginProfileCommand({ UserName, Password }))),
  );
  const [lost] = isSet.filter((each) => each.status === 'rejected');
  assert.equal(isSet.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok(lost && refused('EntityTemporarilyUnmodifiableException')(lost.reason));

  await assert.rejects(
    admin.send(new iam.DeleteUserCommand({ UserName })),
    refused('DeleteConflictException', 'login profile'),
  );
  await admin.send(new iam.DeleteLoginProfileCommand({ UserName }));
  await assert.rejects(admin.send(new iam.DeleteLoginProfileCommand({ UserName })), refused('NoSuchEntityException'));
  await assert.rejects(
    admin.send(new iam.UpdateLoginProfileCommand({ UserName, Password: GOOD })),
    refused('NoSuchEntityException'),
  );
  await admin.send(new iam.DeleteUserCommand({ UserName }));
});

test('the password policy is enforced, as a whole and part by part', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const getPolicy = async () => (await admin.send(new iam.GetAccountPasswordPolicyCommand({}))).PasswordPolicy;
  const setPolicy = (policy: iam.UpdateAccountPasswordPolicyCommandInput) =>
    admin.send(new iam.UpdateAccountPasswordPolicyCommand(policy));
  const none = refused('NoSuchEntityException', 'The Password Policy with domain name');
  await assert.rejects(getPolicy(), none);
  await assert.rejects(admin.send(new iam.DeleteAccountPasswordPolicyCommand({})), none);
  await assert.rejects(setPolicy({ MinimumPasswordLength: 5 }), refused('ValidationError'));

  await setPolicy({});
  assert.deepEqual(await getPolicy(), {
    MinimumPasswordLength: 6,
    RequireSymbols: false,
    RequireNumbers: false,
    RequireUppercaseCharacters: false,
    RequireLowercaseCharacters: false,
    AllowUsersToChangePassword: false,
    ExpirePasswords: false,
  });
  await admin.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  const set = (Password: string) => admin.send(new iam.UpdateLoginProfileCommand({ UserName: 'ann', Password }));
  await admin.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: 'simple' }));

  const whole = {
    MinimumPasswordLength: 10,
    RequireSymbols: true,
    RequireNumbers: true,
    RequireUppercaseCharacters: true,
    RequireLowercaseCharacters: true,
    MaxPasswordAge: 90,
    PasswordReusePrevention: 2,
    HardExpiry: true,
  };
  await setPolicy(whole);
  assert.deepEqual(await getPolicy(), { ...whole, AllowUsersToChangePassword: false, ExpirePasswords: true });
  const faults: Record<string, string> = {
    'Aa1!': 'minimum length of 10',
    'aaaaaaaa1!': 'uppercase letter',
    'AAAAAAAA1!': 'lowercase letter',
    'AAAAAaaaa!': 'number',
    AAAAAaaaa1: 'symbol',
    aaaaaaaaa1: 'Password should have at least one uppercase letter, Password should have at least one symbol',
  };
  for (const [password, words] of Object.entries(faults)) {
    await assert.rejects(set(password), refused('PasswordPolicyViolationException', words), password);
  }
  await set('Password-1');
  await assert.rejects(set('Password-1'), refused('PasswordPolicyViolationException', 'password reuse prevention'));
  await set('Password-2');
  await assert.rejects(set('Password-1'), refused('PasswordPolicyViolationException', 'password reuse prevention'));
  await set('Password-3');
  await set('Password-1');

  await admin.send(new iam.DeleteAccountPasswordPolicyCommand({}));
  await assert.rejects(getPolicy(), none);
});

test('users change their own password, if a policy or the account lets them', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const ann = await newUser(c, 'ann');
  const own = c.client(iam.IAMClient, { credentials: ann.credentials });
  const change = (OldPassword: string, NewPassword: string) =>
    own.send(new iam.ChangePasswordCommand({ OldPassword, NewPassword }));
  await assert.rejects(change(GOOD, BETTER), refused('AccessDenied'));
  await admin.send(new iam.UpdateAccountPasswordPolicyCommand({ AllowUsersToChangePassword: true }));
  await own.send(new iam.GetAccountPasswordPolicyCommand({}));
  await assert.rejects(own.send(new iam.ListUsersCommand({})), refused('AccessDenied'));
  await assert.rejects(change(GOOD, BETTER), refused('NoSuchEntityException', 'Login Profile for User ann'));
  await admin.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: GOOD, PasswordResetRequired: true }));

  await assert.rejects(change(BETTER, GOOD), refused('AccessDenied', 'old password'));
  await assert.rejects(change(GOOD, 'abc'), refused('PasswordPolicyViolationException'));
  await change(GOOD, BETTER);
  await assert.rejects(change(GOOD, BETTER), refused('AccessDenied', 'old password'));
  const { LoginProfile: read } = await admin.send(new iam.GetLoginProfileCommand({ UserName: 'ann' }));
  assert.equal(read?.PasswordResetRequired, false);

  // Guessing the old password locks the way by which it is guessed.
  for (let i = 0; i < 5; i++) await assert.rejects(change(GOOD, 'Guess-No-1'), refused('AccessDenied'));
  await assert.rejects(change(BETTER, GOOD), refused('EntityTemporarilyUnmodifiableException'));
  c.advance(minutes(1));
  await change(BETTER, GOOD);

  await admin.send(new iam.DeleteAccountPasswordPolicyCommand({}));
  await assert.rejects(change(GOOD, BETTER), refused('AccessDenied'));
  await ann.allow({
    Effect: 'Allow',
    Action: 'iam:ChangePassword',
    Resource: `arn:aws:iam::*:user/\${aws:username}`,
  });
  await change(GOOD, BETTER);
});

test('the root user has no password to change here, a role neither; nothing of a password is written down', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const root = c.client(iam.IAMClient, { credentials: c.operator });
  const change = new iam.ChangePasswordCommand({ OldPassword: GOOD, NewPassword: BETTER });
  await assert.rejects(root.send(change), refused('InvalidUserTypeException'));
  const own = await root.send(new iam.CreateLoginProfileCommand({ Password: GOOD }));
  assert.equal(own.LoginProfile?.UserName, '000000000000');
  await root.send(new iam.DeleteLoginProfileCommand({}));

  await admin.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  await admin.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: GOOD }));
  await admin.send(new iam.UpdateLoginProfileCommand({ UserName: 'ann', Password: BETTER }));
  const { User } = await admin.send(new iam.GetUserCommand({ UserName: 'ann' }));
  assert.equal(User?.PasswordLastUsed, undefined);
  c.advance(days(1));
  await c.running.stop(0);
  for (const file of readdirSync(join(c.data, 'regions'))) {
    const bytes = readFileSync(join(c.data, 'regions', file)).toString('latin1');
    assert.ok(!bytes.includes(GOOD) && !bytes.includes(BETTER), file);
    if (file.includes('global')) assert.ok(bytes.includes('CreateLoginProfile'), 'the audit is there');
  }
});
