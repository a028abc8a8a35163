import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketPolicyCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListDirectoryBucketsCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-s3-control';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { hasStatus } from '#test/sdk/s3.ts';
import { configurationOf, directoryTest, ZONE } from '#test/sdk/s3-express.ts';
import { controlClient } from '#test/sdk/s3control.ts';

const create = (s3: S3Client, Bucket: string, CreateBucketConfiguration: object = configurationOf()) =>
  s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));

test('directory buckets are made, found, listed and removed', async (t) => {
  const { c, control: s3, Bucket } = await directoryTest(t);
  await assert.rejects(create(s3, Bucket), refusal('BucketAlreadyOwnedByYou'));
  const head = await s3.send(new HeadBucketCommand({ Bucket }));
  const BucketArn = `arn:aws:s3express:us-east-1:${c.account}:bucket/${Bucket}`;
  assert.deepEqual(
    [head.BucketArn, head.BucketLocationType, head.BucketLocationName, head.BucketRegion, head.AccessPointAlias],
    [BucketArn, 'AvailabilityZone', ZONE, 'us-east-1', false],
  );
  const second = `faster--${ZONE}--x-s3`;
  await create(s3, second);
  const first = await s3.send(new ListDirectoryBucketsCommand({ MaxDirectoryBuckets: 1 }));
  assert.deepEqual(
    first.Buckets?.map(({ Name, BucketArn: arn }) => [Name, arn]),
    [[Bucket, BucketArn]],
  );
  const { ContinuationToken } = first;
  const rest = await s3.send(new ListDirectoryBucketsCommand({ ContinuationToken }));
  assert.deepEqual(
    rest.Buckets?.map(({ Name }) => Name),
    [second],
  );
  await assert.rejects(
    s3.send(new ListDirectoryBucketsCommand({ ContinuationToken: 'made-up' })),
    refusal('InvalidArgument'),
  );
  const general = c.client(PathStyleS3);
  assert.deepEqual((await general.send(new ListBucketsCommand({}))).Buckets, []);

  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketNotEmpty'));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketNotEmpty'));
  await s3.send(new DeleteBucketCommand({ Bucket: second }));
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket: second })), hasStatus(404));
});

test('names and places that no directory bucket can have', async (t) => {
  const { control: s3 } = await directoryTest(t);
  for (const name of ['books--east--x-s3', `sthree-a--${ZONE}--x-s3`, `xn--a--${ZONE}--x-s3`]) {
    await assert.rejects(create(s3, name), refusal('InvalidBucketName'), name);
  }
  const name = `books--${ZONE}--x-s3`;
  const { Location, Bucket } = configurationOf();
  for (const [configuration, code] of [
    [undefined, 'MalformedXML'],
    [{ Location }, 'MalformedXML'],
    [{ Location, Bucket, LocationConstraint: 'eu-west-1' }, 'MalformedXML'],
    [{ Location: { Type: 'LocalZone', Name: ZONE }, Bucket }, 'InvalidArgument'],
    [{ Location, Bucket: { ...Bucket, DataRedundancy: 'SingleLocalZone' } }, 'InvalidArgument'],
    [{ Location: { ...Location, Name: 'use1-az5' }, Bucket }, 'InvalidArgument'],
  ] as const) {
    const CreateBucketConfiguration = configuration as ReturnType<typeof configurationOf> | undefined;
    await assert.rejects(
      s3.send(
        new CreateBucketCommand({ Bucket: name, ...(CreateBucketConfiguration && { CreateBucketConfiguration }) }),
      ),
      refusal(code),
      JSON.stringify(configuration),
    );
  }
  await assert.rejects(create(s3, 'books--usw2-az1--x-s3', configurationOf('usw2-az1')), refusal('InvalidArgument'));
});

test('what directory buckets do not have is refused as not implemented', async (t) => {
  const { control: s3, Bucket } = await directoryTest(t);
  const versioned = { Bucket, VersioningConfiguration: { Status: 'Enabled' } } as const;
  await assert.rejects(s3.send(new PutBucketVersioningCommand(versioned)), refusal('NotImplemented'));
  await assert.rejects(s3.send(new GetBucketVersioningCommand({ Bucket })), refusal('NotImplemented'));
});

test('bucket policies allow sessions, and nothing else', async (t) => {
  const { c, control, Bucket, as, controlAs } = await directoryTest(t);
  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const maker = controlAs({ accessKeyId, secretAccessKey });
  // A client that was refused a session never asks again.
  const list = () => as({ accessKeyId, secretAccessKey }).send(new ListObjectsV2Command({ Bucket }));
  await assert.rejects(list(), refusal('AccessDenied'));
  await assert.rejects(maker.send(new ListDirectoryBucketsCommand({})), refusal('AccessDenied'));
  await assert.rejects(create(maker, `his--${ZONE}--x-s3`), refusal('AccessDenied'));
  await assert.rejects(control.send(new GetBucketPolicyCommand({ Bucket })), refusal('NoSuchBucketPolicy'));

  const statement = (Action: string, Principal: object = { AWS: `arn:aws:iam::${c.account}:user/reader` }) =>
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Principal, Action, Resource: '*' } });
  const putPolicy = (Policy: string) => control.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await assert.rejects(putPolicy(statement('s3:GetObject')), refusal('MalformedPolicy'));
  await assert.rejects(putPolicy(statement('s3express:CreateSession', { AWS: '*' })), refusal('AccessDenied'));
  await putPolicy(statement('s3express:CreateSession'));
  assert.equal((await list()).KeyCount, 0);
  assert.match((await control.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? '', /CreateSession/);
  await control.send(new DeleteBucketPolicyCommand({ Bucket }));
  await assert.rejects(list(), refusal('AccessDenied'));

  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 's3express:CreateSession', Resource: `arn:aws:s3express:*:*:bucket/${Bucket}` },
      {
        Effect: 'Allow',
        Action: 's3express:CreateBucket',
        Resource: '*',
        Condition: { StringEquals: { 's3express:LocationName': 'use1-az6' } },
      },
    ],
  });
  await iam.send(new PutUserPolicyCommand({ UserName: 'reader', PolicyName: 'p', PolicyDocument }));
  assert.equal((await list()).KeyCount, 0);
  await assert.rejects(create(maker, `his--${ZONE}--x-s3`), refusal('AccessDenied'));
  await create(maker, 'his--use1-az6--x-s3', configurationOf('use1-az6'));
});

test('lifecycle rules expire objects, and do no more', async (t) => {
  const { c, control: s3, Bucket } = await directoryTest(t, { s3Day: 60_000 });
  const put = (rule: object) => {
    const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: '' }, ...rule }];
    return s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  };
  const transition = { Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] };
  await assert.rejects(put(transition), refusal('InvalidRequest'));
  const Tag = { Key: 'a', Value: 'b' };
  await assert.rejects(put({ Filter: { Tag }, Expiration: { Days: 1 } }), refusal('InvalidRequest'));
  await put({ Expiration: { Days: 1 } });
  await s3.send(new PutObjectCommand({ Bucket, Key: 'old', Body: 'x' }));
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  assert.equal(Rules?.[0]?.Expiration?.Days, 1);
  const keys = async () => (await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount;
  assert.equal(await keys(), 1);
  for (let tries = 0; (await keys()) !== 0; tries++) {
    assert.ok(tries < 50, 'it expires');
    c.advance(60_000);
  }
  await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
  await assert.rejects(
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    refusal('NoSuchLifecycleConfiguration'),
  );
});

test('a directory bucket’s tags are S3 Control’s to change, signed for S3 Express', async (t) => {
  const { c, control: s3 } = await directoryTest(t);
  const Bucket = `tagged--${ZONE}--x-s3`;
  await create(s3, Bucket, { ...configurationOf(), Tags: [{ Key: 'team', Value: 'red' }] });
  const AccountId = c.account;
  const ResourceArn = `arn:aws:s3express:us-east-1:${c.account}:bucket/${Bucket}`;
  const control = controlClient(c);
  const tags = async (client = control) =>
    (await client.send(new ListTagsForResourceCommand({ AccountId, ResourceArn }))).Tags ?? [];
  assert.deepEqual(await tags(), [{ Key: 'team', Value: 'red' }]);
  await control.send(new TagResourceCommand({ AccountId, ResourceArn, Tags: [{ Key: 'stage', Value: 'test' }] }));
  await control.send(new UntagResourceCommand({ AccountId, ResourceArn, TagKeys: ['team'] }));
  assert.deepEqual(await tags(), [{ Key: 'stage', Value: 'test' }]);
  for (const other of [
    ResourceArn.replace('us-east-1', 'us-west-2'),
    ResourceArn.replace('tagged', 'untagged'),
    `arn:aws:s3:::${Bucket}`,
  ]) {
    const absent = new ListTagsForResourceCommand({ AccountId, ResourceArn: other });
    await assert.rejects(control.send(absent), refusal('NoSuchResource'), other);
  }

  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const allow = (Action: string) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'reader',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action, Resource: ResourceArn },
        }),
      }),
    );
  const theirs = controlClient(c, { credentials });
  await allow('s3:ListTagsForResource');
  await assert.rejects(tags(theirs), refusal('AccessDenied'));
  await allow('s3express:ListTagsForResource');
  assert.deepEqual(await tags(theirs), [{ Key: 'stage', Value: 'test' }]);
});
