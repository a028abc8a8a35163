/** Buckets: made, found, listed, configured, removed; their policies and what blocks them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';

test('a bucket is made once, is there, and is gone', async (t) => {
  const { c, s3, as } = await bucketTest(t);
  const Bucket = 'new-bucket';
  const made = await s3.send(new CreateBucketCommand({ Bucket }));
  assert.equal(made.Location, '/new-bucket');
  assert.equal(made.BucketArn, 'arn:aws:s3:::new-bucket');
  const head = await s3.send(new HeadBucketCommand({ Bucket }));
  assert.equal(head.BucketRegion, 'us-east-1');
  // In us-east-1, and there alone, making it again is no error.
  await s3.send(new CreateBucketCommand({ Bucket }));
  const other = as(await newAccount(c, '210987654321'));
  await assert.rejects(other.send(new CreateBucketCommand({ Bucket })), refusal('BucketAlreadyExists'));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket })), refusal('NotFound'));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('NoSuchBucket'));
  // The name is free again, for anybody.
  await other.send(new CreateBucketCommand({ Bucket }));
});

test('names follow the rules', async (t) => {
  const { s3 } = await bucketTest(t);
  for (const Bucket of ['aa', 'Upper', 'under_score', 'a..b', '192.168.5.4', '-dash', 'dash-', 'xn--a', 'a-s3alias']) {
    await assert.rejects(s3.send(new CreateBucketCommand({ Bucket })), refusal('InvalidBucketName'), Bucket);
  }
});

test('a bucket lies in the region that it was made in', async (t) => {
  const { c, s3, as } = await bucketTest(t);
  const west = as(c.administrator, 'eu-west-1');
  const Bucket = 'western';
  // SDKs say the region by themselves; without it the bucket is meant to lie in us-east-1.
  const bare = { method: 'PUT', path: `/${Bucket}` };
  const refused = await sendRaw(c, await signedRequest(c, bare, { service: 's3', region: 'eu-west-1' }));
  assert.equal(refused.code, 'IllegalLocationConstraintException');
  const inWest = { LocationConstraint: 'eu-west-1' } as const;
  await west.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: inWest }));
  const again = new CreateBucketCommand({ Bucket, CreateBucketConfiguration: inWest });
  await assert.rejects(west.send(again), refusal('BucketAlreadyOwnedByYou'));
  assert.equal((await west.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, 'eu-west-1');
  assert.equal((await s3.send(new GetBucketLocationCommand({ Bucket: 'books' }))).LocationConstraint, undefined);
  const nowhere = { LocationConstraint: 'moon-1' as 'eu-west-1' };
  const bad = new CreateBucketCommand({ Bucket: 'lunar', CreateBucketConfiguration: nowhere });
  for (const client of [west, s3]) await assert.rejects(client.send(bad), refusal('InvalidLocationConstraint'));
  // The endpoint of us-east-1 makes buckets of all regions.
  await s3.send(new CreateBucketCommand({ Bucket: 'from-afar', CreateBucketConfiguration: inWest }));
  assert.equal((await west.send(new HeadBucketCommand({ Bucket: 'from-afar' }))).BucketRegion, 'eu-west-1');
  const elsewhere = new CreateBucketCommand({ Bucket: 'central', CreateBucketConfiguration: inWest });
  const central = as(c.administrator, 'eu-central-1').send(elsewhere);
  await assert.rejects(central, refusal('IllegalLocationConstraintException'));
});

test('an account sees its buckets of all regions, page by page', async (t) => {
  const { c, s3, as } = await bucketTest(t);
  await s3.send(new CreateBucketCommand({ Bucket: 'bills' }));
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await as(c.administrator, 'eu-west-1').send(new CreateBucketCommand({ Bucket: 'boats', CreateBucketConfiguration }));
  const names = async (input: object) => {
    const { Buckets = [], ContinuationToken } = await s3.send(new ListBucketsCommand(input));
    return { names: Buckets.map(({ Name }) => Name), ContinuationToken };
  };
  assert.deepEqual((await names({})).names, ['bills', 'boats', 'books']);
  assert.deepEqual((await names({ BucketRegion: 'eu-west-1' })).names, ['boats']);
  assert.deepEqual((await names({ Prefix: 'boo' })).names, ['books']);
  const first = await names({ MaxBuckets: 2 });
  assert.deepEqual(first.names, ['bills', 'boats']);
  const second = await names({ MaxBuckets: 2, ContinuationToken: first.ContinuationToken });
  assert.deepEqual(second, { names: ['books'], ContinuationToken: undefined });
  await assert.rejects(names({ ContinuationToken: 'made up' }), refusal('InvalidArgument'));
});

test('a bucket with objects or older versions stays; uploads in progress end with it', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('novel');
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketNotEmpty'));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'novel' }));
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'never finished' }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await s3.send(new CreateBucketCommand({ Bucket }));
  assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }));
});

test('a bucket ends with any number of uploads', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const begin = (_: unknown, at: number) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key: `k${at}` }));
  await Promise.all(Array.from({ length: 45 }, begin));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await s3.send(new CreateBucketCommand({ Bucket }));
  assert.equal((await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads, undefined);
});

test('who may list buckets is said of all of them', async (t) => {
  const { c, as } = await bucketTest(t);
  const { credentials, allow } = await newUser(c, 'reader');
  const list = () => as(credentials).send(new ListBucketsCommand({}));
  await allow({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::*' });
  assert.equal((await list()).Buckets?.length, 1);
  await allow({ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::books' });
  await assert.rejects(list(), refusal('AccessDenied'));
});

test('versioning is off, on, suspended', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const status = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  assert.equal(await status(), undefined);
  for (const Status of ['Enabled', 'Suspended'] as const) {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    assert.equal(await status(), Status);
  }
  const nothing = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: {} });
  await assert.rejects(s3.send(nothing), refusal('IllegalVersioningConfigurationException'));
});

test('new buckets are private, owned by their account and encrypted', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  assert.deepEqual(OwnershipControls, { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] });
  const block = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const blocked = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  assert.deepEqual(blocked.PublicAccessBlockConfiguration, block);
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  const [rule] = ServerSideEncryptionConfiguration?.Rules ?? [];
  assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, 'AES256');
});

test('ownership controls are set, read and dropped', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
  await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  const got = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  assert.deepEqual(got.OwnershipControls, OwnershipControls);
  const none = new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [] } });
  await assert.rejects(s3.send(none), refusal('MalformedXML'));
  await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  const read = s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  await assert.rejects(read, refusal('OwnershipControlsNotFoundError'));
});

test('tags of a bucket are replaced whole', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const tag = (...pairs: [string, string][]) =>
    s3.send(
      new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: pairs.map(([Key, Value]) => ({ Key, Value })) } }),
    );
  await assert.rejects(s3.send(new GetBucketTaggingCommand({ Bucket })), refusal('NoSuchTagSet'));
  await tag(['a', '1'], ['b', '2']);
  await tag(['b', '3']);
  const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket }));
  assert.deepEqual(TagSet, [{ Key: 'b', Value: '3' }]);
  await assert.rejects(tag(['a', '1'], ['a', '2']), refusal('InvalidTag'));
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
  await assert.rejects(s3.send(new GetBucketTaggingCommand({ Bucket })), refusal('NoSuchTagSet'));
});

const PUBLIC = (Bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }],
  });

test('a policy lets everybody in once the public access block is gone', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('novel', 'once upon a time');
  const Policy = PUBLIC(Bucket);
  const setPolicy = () => s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const read = async () => sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}/novel`, query: {} }));
  await assert.rejects(s3.send(new GetBucketPolicyCommand({ Bucket })), refusal('NoSuchBucketPolicy'));
  await assert.rejects(s3.send(new GetBucketPolicyStatusCommand({ Bucket })), refusal('NoSuchBucketPolicy'));
  await assert.rejects(setPolicy(), refusal('AccessDenied'));
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const none = s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  await assert.rejects(none, refusal('NoSuchPublicAccessBlockConfiguration'));
  assert.equal((await read()).code, 'AccessDenied');
  assert.equal((await setPolicy()).$metadata.httpStatusCode, 204);
  assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, Policy);
  assert.equal((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic, true);
  assert.equal((await read()).body, 'once upon a time');
  const PublicAccessBlockConfiguration = { RestrictPublicBuckets: true };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  assert.equal((await read()).code, 'AccessDenied');
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  await assert.rejects(s3.send(new GetBucketPolicyCommand({ Bucket })), refusal('NoSuchBucketPolicy'));
});

test('a policy that is none, or of another bucket, is refused', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  for (const Policy of ['no json', PUBLIC('other')]) {
    const put = s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await assert.rejects(put, refusal('MalformedPolicy'));
  }
});

test('users and other accounts do what policies say', async (t) => {
  const { c, s3, Bucket, put, as } = await bucketTest(t);
  await put('novel');
  const user = await newUser(c, 'reader');
  const reader = as(user.credentials);
  const get = (client = reader) => client.send(new GetObjectCommand({ Bucket, Key: 'novel' }));
  await assert.rejects(get(), refusal('AccessDenied'));
  await user.allow({ Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/n*` });
  assert.equal(await textOf((await get()).Body), 'text');
  // Whether a key is there is told to those who may list alone.
  const absent = reader.send(new GetObjectCommand({ Bucket, Key: 'nothing' }));
  await assert.rejects(absent, refusal('AccessDenied'));
  const partner = as(await newAccount(c, '210987654321'));
  await assert.rejects(get(partner), refusal('AccessDenied'));
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: '210987654321' }, Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}/*` },
  ];
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  assert.equal(await textOf((await get(partner)).Body), 'text');
});

test('a bucket that is not there is told before any permission', async (t) => {
  const { c, as } = await bucketTest(t);
  const nobody = as((await newUser(c, 'nobody')).credentials);
  const read = nobody.send(new GetBucketTaggingCommand({ Bucket: 'nowhere' }));
  await assert.rejects(read, refusal('NoSuchBucket', 'The specified bucket does not exist'));
});

test('buckets are hosts as well', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  await put('shelf/a novel', 'by host');
  const host = `${Bucket}.s3.localhost:${c.port}`;
  const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const draft = { method: 'GET', path: '/shelf/a%20novel', headers };
  const answer = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  assert.equal(answer.body, 'by host');
});
