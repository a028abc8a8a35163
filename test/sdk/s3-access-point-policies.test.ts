/** What is said of an access point: its policy, which is public or not, and its tags. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeletePublicAccessBlockCommand } from '@aws-sdk/client-s3';
import {
  CreateAccessPointCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  GetAccessPointPolicyStatusCommand,
  ListTagsForResourceCommand,
  PutAccessPointPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-s3-control';
import { Bucket, Name, pointTest, reading } from '#test/sdk/access-points.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { controlClient } from '#test/sdk/s3control.ts';

test('policies are kept, judged public or not, and blocked', async (t) => {
  const { s3, control, AccountId, arn } = await pointTest(t);
  const get = () => control.send(new GetAccessPointPolicyCommand({ AccountId, Name }));
  const status = async (name = Name) =>
    (await control.send(new GetAccessPointPolicyStatusCommand({ AccountId, Name: name }))).PolicyStatus?.IsPublic;
  const put = (Policy: string, name = Name) =>
    control.send(new PutAccessPointPolicyCommand({ AccountId, Name: name, Policy }));
  await assert.rejects(get(), refusal('NoSuchAccessPointPolicy'));
  await assert.rejects(status(), refusal('NoSuchAccessPointPolicy'));
  await assert.rejects(put(reading({ AWS: AccountId }, `${arn}s`)), refusal('MalformedPolicy'));
  await assert.rejects(put('no policy'), refusal('MalformedPolicy'));
  await assert.rejects(put(' '.repeat(20_481)), refusal('InvalidRequest'));
  const Policy = reading({ AWS: AccountId }, arn);
  await put(Policy);
  assert.equal((await get()).Policy, Policy);
  assert.equal(await status(), false);
  await assert.rejects(put(reading('*', arn)), refusal('AccessDenied'));
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  };
  await control.send(new CreateAccessPointCommand({ AccountId, Name: 'open', Bucket, PublicAccessBlockConfiguration }));
  await put(reading('*', arn.replace(Name, 'open')), 'open');
  assert.equal(await status('open'), true);
  // For an access point one that names a set of access points is public, and one of a network never is.
  const ofSet = (name: string) => {
    const { Version, Statement } = JSON.parse(reading('*', arn.replace(Name, name)));
    const StringLike = { 's3:DataAccessPointArn': arn.replace(Name, '*') };
    const limited = Statement.map((each: object) => ({ ...each, Condition: { StringLike } }));
    return JSON.stringify({ Version, Statement: limited });
  };
  await put(ofSet('open'), 'open');
  assert.equal(await status('open'), true);
  await assert.rejects(put(ofSet(Name)), refusal('AccessDenied'));
  const VpcConfiguration = { VpcId: 'vpc-0123456789abcdef0' };
  await control.send(new CreateAccessPointCommand({ AccountId, Name: 'inside', Bucket, VpcConfiguration }));
  await put(reading('*', arn.replace(Name, 'inside')), 'inside');
  assert.equal(await status('inside'), false);
  await assert.rejects(put(Policy, 'none'), refusal('NoSuchAccessPoint'));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
});

test('an access point has tags', async (t) => {
  const { c, control, AccountId, arn: ResourceArn } = await pointTest(t, { Tags: [{ Key: 'team', Value: 'red' }] });
  const tags = async () => (await control.send(new ListTagsForResourceCommand({ AccountId, ResourceArn }))).Tags ?? [];
  assert.deepEqual(await tags(), [{ Key: 'team', Value: 'red' }]);
  await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: 'stage', Value: 'test' }] }));
  await control.send(new UntagResourceCommand({ AccountId, ResourceArn, TagKeys: ['team'] }));
  assert.deepEqual(await tags(), [{ Key: 'stage', Value: 'test' }]);
  const reserved = new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: 'aws:x', Value: '' }] });
  await assert.rejects(control.send(reserved), refusal('InvalidTag'));
  const absent = new ListTagsForResourceCommand({ AccountId, ResourceArn: `${ResourceArn}s` });
  await assert.rejects(control.send(absent), refusal('NoSuchResource'));
  const { credentials, allow } = await newUser(c, 'ann');
  const ann = controlClient(c, { credentials });
  const see = () => ann.send(new GetAccessPointCommand({ AccountId, Name }));
  for (const key of ['s3:AccessPointTag/stage', 'aws:ResourceTag/stage']) {
    const where = (stage: string) => ({
      Effect: 'Allow',
      Action: 's3:GetAccessPoint',
      Resource: '*',
      Condition: { StringEquals: { [key]: stage } },
    });
    await allow(where('live'));
    await assert.rejects(see(), refusal('AccessDenied'));
    await allow(where('test'));
    assert.equal((await see()).Name, Name);
  }
});
