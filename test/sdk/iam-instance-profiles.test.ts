import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
});
const InstanceProfileName = 'web';

test('an instance profile’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const made = await admin.send(
    new iam.CreateInstanceProfileCommand({ InstanceProfileName, Path: '/app/', Tags: [{ Key: 'a', Value: '1' }] }),
  );
  assert.match(made.InstanceProfile?.InstanceProfileId ?? '', /^AIPA[A-Z2-7]{17}$/);
  assert.equal(made.InstanceProfile?.Arn, `arn:aws:iam::${c.account}:instance-profile/app/web`);
  assert.deepEqual(made.InstanceProfile?.Roles, []);
  await assert.rejects(
    admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'WEB' })),
    refusal('EntityAlreadyExistsException', 'Instance Profile WEB already exists.'),
  );
  await assert.rejects(
    admin.send(new iam.GetInstanceProfileCommand({ InstanceProfileName: 'none' })),
    refusal('NoSuchEntityException', 'Instance Profile none cannot be found.'),
  );

  await admin.send(new iam.TagInstanceProfileCommand({ InstanceProfileName, Tags: [{ Key: 'b', Value: '2' }] }));
  await admin.send(new iam.UntagInstanceProfileCommand({ InstanceProfileName, TagKeys: ['a'] }));
  const { Tags } = await admin.send(new iam.ListInstanceProfileTagsCommand({ InstanceProfileName }));
  assert.deepEqual(Tags, [{ Key: 'b', Value: '2' }]);
  const { InstanceProfile } = await admin.send(new iam.GetInstanceProfileCommand({ InstanceProfileName }));
  assert.deepEqual(InstanceProfile?.Tags, Tags);

  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName: 'other' }));
  const first = await admin.send(new iam.ListInstanceProfilesCommand({ MaxItems: 1 }));
  const second = await admin.send(new iam.ListInstanceProfilesCommand({ MaxItems: 1, Marker: first.Marker }));
  const names = [...(first.InstanceProfiles ?? []), ...(second.InstanceProfiles ?? [])];
  assert.deepEqual(
    names.map((each) => each.InstanceProfileName),
    ['other', 'web'],
  );
  const below = await admin.send(new iam.ListInstanceProfilesCommand({ PathPrefix: '/app/' }));
  assert.equal(below.InstanceProfiles?.length, 1);
  await admin.send(new iam.DeleteInstanceProfileCommand({ InstanceProfileName }));
  await assert.rejects(
    admin.send(new iam.DeleteInstanceProfileCommand({ InstanceProfileName })),
    refusal('NoSuchEntityException'),
  );
});

test('a profile has one role, which cannot go before it is taken out', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName }));
  for (const RoleName of ['one', 'two']) {
    await admin.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  }
  const add = (RoleName: string) =>
    admin.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
  const remove = (RoleName: string) =>
    admin.send(new iam.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
  const profilesOf = async (RoleName: string) =>
    (await admin.send(new iam.ListInstanceProfilesForRoleCommand({ RoleName }))).InstanceProfiles ?? [];
  await assert.rejects(add('none'), refusal('NoSuchEntityException'));
  await assert.rejects(remove('one'), refusal('NoSuchEntityException'));
  await add('one');
  const limit = 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1';
  await assert.rejects(add('two'), refusal('LimitExceededException', limit));
  const [profile] = await profilesOf('one');
  assert.equal(profile?.Roles?.[0]?.RoleName, 'one');
  assert.deepEqual(await profilesOf('two'), []);
  const details = await admin.send(new iam.GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }));
  const held = details.RoleDetailList?.map((role) => role.InstanceProfileList?.map((each) => each.InstanceProfileName));
  assert.deepEqual(held, [[InstanceProfileName], []]);
  const conflict = refusal(
    'DeleteConflictException',
    'Cannot delete entity, must remove roles from instance profile first.',
  );
  await assert.rejects(admin.send(new iam.DeleteInstanceProfileCommand({ InstanceProfileName })), conflict);
  await assert.rejects(admin.send(new iam.DeleteRoleCommand({ RoleName: 'one' })), conflict);
  await remove('one');
  await admin.send(new iam.DeleteRoleCommand({ RoleName: 'one' }));
  await add('two');
});

test('who puts a role into a profile must be allowed to pass it to EC2', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName }));
  await admin.send(new iam.CreateRoleCommand({ RoleName: 'one', AssumeRolePolicyDocument: trust }));
  const ann = await newUser(c, 'ann');
  const as = c.client(iam.IAMClient, { credentials: ann.credentials });
  const add = () => as.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: 'one' }));
  const profile = `arn:aws:iam::${c.account}:instance-profile/web`;
  const addRole = { Effect: 'Allow', Action: 'iam:AddRoleToInstanceProfile', Resource: profile };
  const passTo = (service: string) => ({
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: `arn:aws:iam::${c.account}:role/one`,
    Condition: { StringEquals: { 'iam:PassedToService': service } },
  });
  await ann.allow(addRole);
  await assert.rejects(add(), refusal('AccessDenied', /iam:PassRole on resource: arn:aws:iam::\d+:role\/one/));
  await ann.allow(addRole, passTo('lambda.amazonaws.com'));
  await assert.rejects(add(), refusal('AccessDenied'));
  await ann.allow(passTo('ec2.amazonaws.com'));
  await assert.rejects(add(), refusal('AccessDenied', /iam:AddRoleToInstanceProfile/));
  await ann.allow(addRole, passTo('ec2.amazonaws.com'));
  await add();
});
