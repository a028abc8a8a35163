/** S3 Control: how its requests are told from S3's, and the public access block of an account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand as DeleteBucketBlock,
  GetObjectCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  DeletePublicAccessBlockCommand,
  GetPublicAccessBlockCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3-control';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';

const NONE = {
  BlockPublicAcls: false,
  IgnorePublicAcls: false,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
};

const forEverybody = (Bucket: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
  });

test('an account has a public access block, or none', async (t) => {
  const { c } = await bucketTest(t);
  const control = controlClient(c);
  const AccountId = c.account;
  const get = () => control.send(new GetPublicAccessBlockCommand({ AccountId }));
  await assert.rejects(get(), refusal('NoSuchPublicAccessBlockConfiguration'));
  await control.send(
    new PutPublicAccessBlockCommand({ AccountId, PublicAccessBlockConfiguration: { BlockPublicAcls: true } }),
  );
  assert.deepEqual((await get()).PublicAccessBlockConfiguration, { ...NONE, BlockPublicAcls: true });
  // It is the account's, in each region.
  const western = controlClient(c, { region: 'eu-west-1' });
  const there = await western.send(new GetPublicAccessBlockCommand({ AccountId }));
  assert.deepEqual(there.PublicAccessBlockConfiguration, { ...NONE, BlockPublicAcls: true });
  await control.send(new DeletePublicAccessBlockCommand({ AccountId }));
  await assert.rejects(get(), refusal('NoSuchPublicAccessBlockConfiguration'));
});

test('it is the own account’s business, and takes a permission', async (t) => {
  const { c } = await bucketTest(t);
  const AccountId = c.account;
  const stranger = controlClient(c, { credentials: await newAccount(c, '210987654321') });
  await assert.rejects(stranger.send(new GetPublicAccessBlockCommand({ AccountId })), refusal('AccessDenied'));
  const user = await newUser(c, 'auditor');
  const auditor = controlClient(c, { credentials: user.credentials });
  await assert.rejects(auditor.send(new GetPublicAccessBlockCommand({ AccountId })), refusal('AccessDenied'));
  await user.allow({ Effect: 'Allow', Action: 's3:GetAccountPublicAccessBlock', Resource: '*' });
  const found = auditor.send(new GetPublicAccessBlockCommand({ AccountId }));
  await assert.rejects(found, refusal('NoSuchPublicAccessBlockConfiguration'));
  // The SDK takes a command once.
  const put = () => new PutPublicAccessBlockCommand({ AccountId, PublicAccessBlockConfiguration: NONE });
  await assert.rejects(auditor.send(put()), refusal('AccessDenied'));
  const remove = () => new DeletePublicAccessBlockCommand({ AccountId });
  await assert.rejects(auditor.send(remove()), refusal('AccessDenied'));
  await user.allow({ Effect: 'Allow', Action: 's3:PutAccountPublicAccessBlock', Resource: '*' });
  await auditor.send(put());
  await auditor.send(remove());
});

const block = (c: TestCloud, blocked: Partial<typeof NONE>): Promise<unknown> =>
  controlClient(c).send(
    new PutPublicAccessBlockCommand({ AccountId: c.account, PublicAccessBlockConfiguration: { ...NONE, ...blocked } }),
  );

test('public policies and lists of open buckets are refused, or don’t count, where the account blocks them', async (t) => {
  const { c, s3, put } = await bucketTest(t);
  const Bucket = 'books';
  await put('novel', 'text');
  await s3.send(new DeleteBucketBlock({ Bucket }));
  const Rules = [{ ObjectOwnership: 'ObjectWriter' as const }];
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }));
  const anonymous = async (key: string) =>
    (await sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}/${key}` }))).status;

  const policy = new PutBucketPolicyCommand({ Bucket, Policy: forEverybody(Bucket) });
  await block(c, { BlockPublicPolicy: true });
  await assert.rejects(s3.send(policy), refusal('AccessDenied'));
  await block(c, {});
  await s3.send(policy);
  assert.equal(await anonymous('novel'), 200);
  await block(c, { RestrictPublicBuckets: true });
  assert.equal(await anonymous('novel'), 403);
  await block(c, { BlockPublicPolicy: true });
  assert.equal(await anonymous('novel'), 200);
});

test('public lists are refused, or don’t count, where the account blocks them', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await s3.send(new DeleteBucketBlock({ Bucket }));
  const Rules = [{ ObjectOwnership: 'ObjectWriter' as const }];
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules } }));
  const list = async () => (await sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}` }))).status;
  const read = async () => (await sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}/novel` }))).status;
  const ACL = 'public-read';
  await put('novel');
  await block(c, { BlockPublicAcls: true });
  const ofObject = new PutObjectAclCommand({ Bucket, Key: 'novel', ACL });
  await assert.rejects(s3.send(new PutBucketAclCommand({ Bucket, ACL })), refusal('AccessDenied'));
  await assert.rejects(s3.send(ofObject), refusal('AccessDenied'));
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: 'new', ACL })), refusal('AccessDenied'));
  await block(c, {});
  await s3.send(new PutBucketAclCommand({ Bucket, ACL }));
  await s3.send(ofObject);
  assert.deepEqual([await list(), await read()], [200, 200]);
  await block(c, { IgnorePublicAcls: true });
  assert.deepEqual([await list(), await read()], [403, 403]);
  const again = await c.restart();
  const after = await sendRaw(again, unsigned(again, { method: 'GET', path: `/${Bucket}/novel` }));
  assert.equal(after.status, 403);
});

test('a bucket that is named like its paths is a bucket, and hides nothing', async (t) => {
  const { c, s3 } = await bucketTest(t);
  const Bucket = 'v20180820';
  const Key = 'configuration/publicAccessBlock';
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'an object' }));
  assert.equal(await textOf((await s3.send(new GetObjectCommand({ Bucket, Key }))).Body), 'an object');
  const path = `/${Bucket}/${Key}`;
  const asked = async (headers: Record<string, string>) =>
    await sendRaw(c, await signedRequest(c, { method: 'GET', path, headers }, { service: 's3' }));
  assert.equal((await asked({})).body, 'an object');
  // A host that names no service, as of clients whose endpoint is an address.
  const answer = await asked({ 'x-amz-account-id': c.account });
  assert.equal(answer.code, 'NoSuchPublicAccessBlockConfiguration', answer.body);
  const nobody = await sendRaw(
    c,
    unsigned(c, { method: 'GET', path, headers: { host: `s3-control.localhost:${c.port}` } }),
  );
  assert.equal(nobody.status, 403);
  assert.equal(nobody.code, 'MissingAuthenticationToken', nobody.body);
});
