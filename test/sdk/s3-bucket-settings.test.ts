/** Requester Pays, Transfer Acceleration, ABAC, the account's own namespace, and keys that tell how a request came. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAbacCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketAbacCommand,
  PutBucketAccelerateConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-s3-control';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, textOf } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';

const Bucket = 'books';
const PARTNER = '210987654321' as AccountId;
const HOME = 'us-east-1' as Region;

const policyOf = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const onObjects = (further: object): object => ({
  Principal: '*',
  Action: ['s3:GetObject', 's3:PutObject'],
  Resource: `arn:aws:s3:::${Bucket}/*`,
  ...further,
});

test('who asks pays, if the bucket is so, and says so', async (t) => {
  const { c, s3, put, as } = await bucketTest(t);
  await put('novel', 'dear');
  const payment = async () => (await s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer;
  assert.equal(await payment(), 'BucketOwner');
  const set = (Payer: 'Requester' | 'BucketOwner') =>
    s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer } }));
  await assert.rejects(set('Nobody' as 'Requester'), refusal('MalformedXML'));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(onObjects({ Effect: 'Allow' })) }));
  const partner = as(await newAccount(c, PARTNER));
  const read = (further: object = {}) => partner.send(new GetObjectCommand({ Bucket, Key: 'novel', ...further }));
  assert.equal((await read()).RequestCharged, undefined);
  await set('Requester');
  assert.equal(await payment(), 'Requester');
  await assert.rejects(read(), refusal('AccessDenied'));
  const anonymous = await sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}/novel` }));
  assert.equal(anonymous.code, 'AccessDenied');
  assert.match(anonymous.body, /<Message>Access Denied<\/Message>/);
  const RequestPayer = 'requester';
  const paid = await read({ RequestPayer });
  assert.equal(await textOf(paid.Body), 'dear');
  assert.equal(paid.RequestCharged, 'requester');
  // The owner needs not say it, and is not told.
  assert.equal((await s3.send(new GetObjectCommand({ Bucket, Key: 'novel', RequestPayer }))).RequestCharged, undefined);
  await partner.send(new CreateBucketCommand({ Bucket: 'copies' }));
  const copy = (further: object = {}) =>
    partner.send(new CopyObjectCommand({ Bucket: 'copies', Key: 'novel', CopySource: `${Bucket}/novel`, ...further }));
  await assert.rejects(copy(), refusal('AccessDenied'));
  await copy({ RequestPayer });
  assert.deepEqual(await billed(c, PARTNER), ['DataTransfer-Out-Bytes 4', 'Requests-Tier2 1']);
  await set('BucketOwner');
  await read();
  assert.deepEqual(await billed(c, PARTNER), ['DataTransfer-Out-Bytes 4', 'Requests-Tier2 1']);
});

/** What reading of the bucket has cost the account. */
async function billed(c: TestCloud, account: AccountId): Promise<string[]> {
  const partition = c.running.cloud.store.partition({ service: 's3', account, region: HOME });
  await partition.durable();
  return partition
    .read((tx) => usageOf(tx, 0, c.clock.now() + 1))
    .filter(({ operation }) => operation === 'GetObject')
    .map(({ usageType, amount }) => `${usageType} ${amount}`);
}

test('accelerated hosts serve buckets that want it', async (t) => {
  const { c, s3, put } = await bucketTest(t);
  await put('novel', 'fast');
  const status = async () => (await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status;
  const set = (Status: 'Enabled' | 'Suspended', of = Bucket) =>
    s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket: of, AccelerateConfiguration: { Status } }));
  const ask = async (host: string, path = '/novel') => {
    const draft = { method: 'GET', path, headers: { host: `${host}:${c.port}` } };
    return sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  };
  const host = `${Bucket}.s3-accelerate.localhost`;
  assert.equal(await status(), undefined);
  const refused = async (words: string, ...asked: Parameters<typeof ask>) => {
    const { status: number, code, message } = await ask(...asked);
    assert.deepEqual([number, code, message], [400, 'InvalidRequest', words]);
  };
  await refused('Amazon S3 Transfer Accelerate is not configured on this bucket.', host);
  await set('Enabled');
  assert.equal(await status(), 'Enabled');
  assert.equal((await ask(host)).body, 'fast');
  assert.equal((await ask(`${Bucket}.s3-accelerate.dualstack.localhost`)).body, 'fast');
  await set('Suspended');
  await refused('Amazon S3 Transfer Accelerate is disabled on this bucket.', host);
  const path = 'Amazon S3 Transfer Accelerate endpoint only supports virtual style requests.';
  await refused(path, 's3-accelerate.localhost', `/${Bucket}/novel`);
  await refused(path, 's3-accelerate.localhost', '/');
  await s3.send(new CreateBucketCommand({ Bucket: 'a.b' }));
  await assert.rejects(set('Enabled', 'a.b'), refusal('InvalidRequest', /periods/));
  await assert.rejects(set('Fast' as 'Enabled'), refusal('MalformedXML'));
});

async function tagged(t: TestContext): Promise<BucketTest> {
  const made = await bucketTest(t);
  const TagSet = [{ Key: 'Team', Value: 'red' }];
  await made.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await made.put('novel', 'red book');
  return made;
}

test('tags of a bucket decide once that is enabled, and are set by other operations then', async (t) => {
  const { c, s3, as } = await tagged(t);
  const user = await newUser(c, 'red-user');
  const client = as(user.credentials);
  const read = async () => textOf((await client.send(new GetObjectCommand({ Bucket, Key: 'novel' }))).Body);
  const allow = (key: string) =>
    user.allow({
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket'],
      Resource: '*',
      Condition: { StringEquals: { [key]: 'red' } },
    });
  await allow('aws:ResourceTag/Team');
  const abac = (Status: 'Enabled' | 'Disabled') =>
    s3.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status } }));
  const status = async () => (await s3.send(new GetBucketAbacCommand({ Bucket }))).AbacStatus?.Status;
  assert.equal(await status(), 'Disabled');
  await assert.rejects(read(), refusal('AccessDenied'));
  await abac('Enabled');
  assert.equal(await status(), 'Enabled');
  assert.equal(await read(), 'red book');
  await client.send(new ListObjectsV2Command({ Bucket }));
  await allow('s3:BucketTag/Team');
  assert.equal(await read(), 'red book');

  const old = new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [] } });
  await assert.rejects(s3.send(old), refusal('InvalidRequest'));
  await assert.rejects(s3.send(new DeleteBucketTaggingCommand({ Bucket })), refusal('InvalidRequest'));
  const control = controlClient(c);
  const resource = { AccountId: c.account, ResourceArn: `arn:aws:s3:::${Bucket}` };
  await control.send(new TagResourceCommand({ ...resource, Tags: [{ Key: 'Team', Value: 'blue' }] }));
  await assert.rejects(read(), refusal('AccessDenied'));
  const { Tags } = await control.send(new ListTagsForResourceCommand(resource));
  assert.deepEqual(Tags, [{ Key: 'Team', Value: 'blue' }]);
  assert.deepEqual((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet, Tags);
  await control.send(new UntagResourceCommand({ ...resource, TagKeys: ['Team'] }));
  await assert.rejects(s3.send(new GetBucketTaggingCommand({ Bucket })), refusal('NoSuchTagSet'));
  // The bucket's policy has its say there too.
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:TagResource', Resource: `arn:aws:s3:::${Bucket}` };
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(deny) }));
  const denied = new TagResourceCommand({ ...resource, Tags: [{ Key: 'Team', Value: 'red' }] });
  await assert.rejects(control.send(denied), refusal('AccessDenied'));
  const absent = { ...resource, ResourceArn: 'arn:aws:s3:::no-such-bucket-here' };
  await assert.rejects(control.send(new ListTagsForResourceCommand(absent)), refusal('NoSuchResource'));
});

test('tags of a bucket decide of the source of a copy, of each key of many, and of who may know that a key is absent', async (t) => {
  const { c, s3, as } = await tagged(t);
  const user = await newUser(c, 'red-copier');
  const client = as(user.credentials);
  await user.allow({
    Effect: 'Allow',
    Action: 's3:*',
    Resource: '*',
    Condition: { StringEquals: { 'aws:ResourceTag/Team': 'red' } },
  });
  const copy = () => client.send(new CopyObjectCommand({ Bucket, Key: 'reprint', CopySource: `${Bucket}/novel` }));
  const absent = () => client.send(new GetObjectCommand({ Bucket, Key: 'no such' }));
  const remove = async () => {
    const objects = { Objects: [{ Key: 'reprint' }] };
    const { Errors = [], Deleted = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: objects }));
    return [Errors.length, Deleted.length];
  };
  await s3.send(
    new PutObjectTaggingCommand({ Bucket, Key: 'novel', Tagging: { TagSet: [{ Key: 'kind', Value: 'a' }] } }),
  );
  await assert.rejects(copy(), refusal('AccessDenied'));
  await s3.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status: 'Enabled' } }));
  await copy();
  await assert.rejects(absent(), refusal('NoSuchKey'));
  assert.deepEqual(await remove(), [0, 1]);
  const control = controlClient(c);
  const resource = { AccountId: c.account, ResourceArn: `arn:aws:s3:::${Bucket}` };
  await control.send(new TagResourceCommand({ ...resource, Tags: [{ Key: 'Team', Value: 'blue' }] }));
  await assert.rejects(copy(), refusal('AccessDenied'));
  await assert.rejects(absent(), refusal('AccessDenied'));
  assert.deepEqual(await remove(), [1, 0]);
});

test('an account has a namespace of its own in each region', async (t) => {
  const { c, s3, as } = await bucketTest(t);
  const make = (name: string, BucketNamespace?: 'account-regional' | 'global', client = s3) =>
    client.send(new CreateBucketCommand({ Bucket: name, ...(BucketNamespace && { BucketNamespace }) }));
  const own = `novels-${c.account}-us-east-1-an`;
  await assert.rejects(make(own), refusal('InvalidBucketName'));
  await assert.rejects(make('novels', 'account-regional'), refusal('InvalidBucketName'));
  await assert.rejects(make(`novels-${c.account}-eu-west-1-an`, 'account-regional'), refusal('InvalidBucketName'));
  const stranger = as(await newAccount(c, PARTNER));
  await assert.rejects(make(own, 'account-regional', stranger), refusal('InvalidBucketName'));
  await make(own, 'account-regional');
  await s3.send(new PutObjectCommand({ Bucket: own, Key: 'novel', Body: 'mine' }));
  const user = await newUser(c, 'maker');
  await user.allow({
    Effect: 'Allow',
    Action: 's3:CreateBucket',
    Resource: '*',
    Condition: { StringEquals: { 's3:x-amz-bucket-namespace': 'account-regional' } },
  });
  await assert.rejects(make('poems', undefined, as(user.credentials)), refusal('AccessDenied'));
  await make(`poems-${c.account}-us-east-1-an`, 'account-regional', as(user.credentials));
});

test('policies may ask how a request is signed', async (t) => {
  const { c, s3, put } = await bucketTest(t);
  await put('novel', 'text');
  const path = `/${Bucket}/novel`;
  const byHeader = async (headers: Record<string, string> = {}) =>
    (await sendRaw(c, await signedRequest(c, { method: 'GET', path, headers }, { service: 's3' }))).status;
  const unsignedBody = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const byQuery = async (at = c.clock.now()) => {
    const draft = { method: 'GET', path, headers: unsignedBody };
    return (await sendRaw(c, await signedRequest(c, draft, { service: 's3', presignedFor: 3600, at }))).status;
  };
  const forbid = (Condition: object) =>
    s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(onObjects({ Effect: 'Deny', Condition })) }));
  await forbid({ StringNotEquals: { 's3:authType': 'REST-HEADER' } });
  assert.deepEqual([await byHeader(), await byQuery()], [200, 403]);
  await forbid({ StringEquals: { 's3:authType': 'REST-HEADER' } });
  assert.deepEqual([await byHeader(), await byQuery()], [403, 200]);
  await forbid({ NumericGreaterThan: { 's3:signatureAge': '600000' } });
  assert.deepEqual([await byQuery(), await byQuery(c.clock.now() - 601_000), await byHeader()], [200, 403, 200]);
  await forbid({ StringEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } });
  assert.equal(await byHeader(), 403);
  await forbid({ StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } });
  assert.deepEqual([await byHeader(), await byHeader(unsignedBody), await byQuery()], [200, 403, 200]);
  // Whoever comes without TLS has no version of it.
  await forbid({ Null: { 's3:TlsVersion': 'true' } });
  assert.equal(await byHeader(), 403);
});

test('a condition on how objects are made lets their parts through', async (t) => {
  const { s3 } = await bucketTest(t);
  const Condition = { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } };
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: policyOf(onObjects({ Effect: 'Deny', Action: 's3:PutObject', Condition })),
    }),
  );
  const put = new PutObjectCommand({ Bucket, Key: 'novel', Body: 'text' });
  await assert.rejects(s3.send(put), refusal('AccessDenied'));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'novel', Body: 'text', IfNoneMatch: '*' }));
  const part = new UploadPartCommand({ Bucket, Key: 'novel', UploadId: 'none', PartNumber: 1, Body: 'text' });
  await assert.rejects(s3.send(part), refusal('NoSuchUpload'));
});
