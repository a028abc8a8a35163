/** Access points: made and removed; requests through them, by ARN, alias and host; both policies decide. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectAnnotationCommand,
  DeleteObjectsCommand,
  GetObjectAnnotationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectAnnotationsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import {
  CreateAccessPointCommand,
  type CreateAccessPointCommandInput,
  DeleteAccessPointCommand,
  DeleteAccessPointPolicyCommand,
  GetAccessPointCommand,
  GetAccessPointPolicyCommand,
  ListAccessPointsCommand,
  PutAccessPointPolicyCommand,
} from '@aws-sdk/client-s3-control';
import { Bucket, Name, pointTest, reading } from '#test/sdk/access-points.ts';
import type { Credentials, TestCloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { reaching } from '#test/sdk/reaching.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';

/** Buckets before the host, as SDKs do by themselves. */
class HostStyleS3 extends S3Client {
  constructor(config: S3ClientConfig) {
    super(config);
    this.middlewareStack.add(reaching, { step: 'finalizeRequest', priority: 'low' });
  }
}

const hostStyle = (c: TestCloud, domain = 'localhost', credentials: Credentials = c.administrator): S3Client =>
  c.client(HostStyleS3, { endpoint: `http://${domain}:${c.port}`, credentials });

/** All that comes through access points of the account, as AWS recommends it. */
const delegating = (account: string, bucket = Bucket): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: '*',
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        Condition: { StringEquals: { 's3:DataAccessPointAccount': account } },
      },
    ],
  });

const userArn = (account: string, name: string): string => `arn:aws:iam::${account}:user/${name}`;

test('an access point is made, told, listed and removed', async (t) => {
  const { s3, control, AccountId, arn, alias } = await pointTest(t);
  assert.equal(arn, `arn:aws:s3:us-east-1:${AccountId}:accesspoint/${Name}`);
  assert.match(alias, /^readers-[a-z0-9]{34}-s3alias$/);
  const {
    CreationDate,
    Endpoints,
    $metadata: _,
    ...told
  } = await control.send(new GetAccessPointCommand({ AccountId, Name }));
  assert.ok(CreationDate instanceof Date);
  assert.match(Endpoints?.['ipv4'] ?? '', /^s3-accesspoint\.us-east-1\.localhost:\d+$/);
  const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const summary = {
    Name,
    NetworkOrigin: 'Internet',
    Bucket,
    AccessPointArn: arn,
    Alias: alias,
    BucketAccountId: AccountId,
  };
  assert.deepEqual(told, { ...summary, PublicAccessBlockConfiguration: all });
  const create = (further: Partial<CreateAccessPointCommandInput>) =>
    control.send(new CreateAccessPointCommand({ AccountId, Name, Bucket, ...further }));
  await assert.rejects(create({}), refusal('AccessPointAlreadyOwnedByYou'));
  await assert.rejects(create({ Name: 'next', Bucket: 'nowhere' }), refusal('NoSuchBucket'));
  for (const bad of ['Upper', 'ends-', 'under_score', 'x-s3alias', 'n'.repeat(51)]) {
    await assert.rejects(create({ Name: bad }), refusal('InvalidAccessPointName'), bad);
  }
  await assert.rejects(create({ Name: 'scoped', Scope: { Prefixes: ['a'] } }), refusal('InvalidRequest'));

  await create({ Name: 'another', VpcConfiguration: { VpcId: 'vpc-1a2b3c' } });
  const list = (input: object) => control.send(new ListAccessPointsCommand({ AccountId, ...input }));
  const { AccessPointList: first = [], NextToken } = await list({ Bucket, MaxResults: 1 });
  assert.deepEqual(
    first.map(({ Name: name, NetworkOrigin, VpcConfiguration }) => [name, NetworkOrigin, VpcConfiguration?.VpcId]),
    [['another', 'VPC', 'vpc-1a2b3c']],
  );
  assert.deepEqual((await list({ Bucket, MaxResults: 1, NextToken })).AccessPointList, [summary]);
  await assert.rejects(list({ NextToken: 'made up' }), refusal('InvalidNextTokenException'));
  assert.deepEqual((await list({ Bucket: 'other' })).AccessPointList ?? [], []);

  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketNotEmpty'));
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'novel' }] } }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketHasAccessPointsAttached'));
  await control.send(new DeleteAccessPointCommand({ AccountId, Name }));
  await control.send(new DeleteAccessPointCommand({ AccountId, Name: 'another' }));
  await assert.rejects(control.send(new DeleteAccessPointCommand({ AccountId, Name })), refusal('NoSuchAccessPoint'));
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket: alias })), refusal('NotFound'));
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test('objects are reached by ARN, alias and host, in the path and before it', async (t) => {
  const { c, s3, arn, alias, AccountId } = await pointTest(t);
  const Key = 'novel';
  const read = async (client: S3Client, bucket: string) =>
    textOf((await client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body);
  // In the path; SDKs take an alias for a bucket.
  assert.equal(await read(s3, alias), 'once upon a time');
  for (const domain of ['localhost', 's3.localhost', 's3.us-east-1.localhost']) {
    assert.equal(await read(hostStyle(c, domain), alias), 'once upon a time', domain);
    assert.equal(await read(hostStyle(c, domain), arn), 'once upon a time', domain);
  }
  const host = `${Name}-${AccountId}.s3-accesspoint.us-east-1.localhost:${c.port}`;
  const draft = { method: 'GET', path: `/${Key}`, headers: { host } };
  assert.equal((await sendRaw(c, await signedRequest(c, draft, { service: 's3' }))).body, 'once upon a time');
  // By no SDK, but legal: the ARN as the first part of the path.
  const bare = { method: 'GET', path: `/${encodeURIComponent(arn)}/${Key}` };
  assert.equal((await sendRaw(c, await signedRequest(c, bare, { service: 's3' }))).body, 'once upon a time');

  const client = hostStyle(c);
  await client.send(new PutObjectCommand({ Bucket: arn, Key: 'poem', Body: 'roses' }));
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: arn }));
  assert.deepEqual(
    Contents.map(({ Key: key }) => key),
    ['novel', 'poem'],
  );
  assert.equal((await s3.send(new HeadBucketCommand({ Bucket: alias }))).AccessPointAlias, true);
  assert.equal((await s3.send(new HeadBucketCommand({ Bucket }))).AccessPointAlias, false);
  await client.send(new CopyObjectCommand({ Bucket: arn, Key: 'copy', CopySource: `${arn}/object/poem` }));
  await client.send(new CopyObjectCommand({ Bucket: arn, Key: 'copy 2', CopySource: `${alias}/copy` }));
  assert.equal(await textOf((await s3.send(new GetObjectCommand({ Bucket, Key: 'copy 2' }))).Body), 'roses');
  const label = { Bucket: arn, Key, AnnotationName: 'label' };
  await client.send(new PutObjectAnnotationCommand({ ...label, AnnotationPayload: 'long' }));
  const { AnnotationPayload } = await client.send(new GetObjectAnnotationCommand(label));
  assert.equal(await AnnotationPayload?.transformToString(), 'long');
  const listed = () => s3.send(new ListObjectAnnotationsCommand({ Bucket: alias, Key }));
  assert.equal((await listed()).AnnotationCount, 1);
  await client.send(new DeleteObjectAnnotationCommand(label));
  assert.equal((await listed()).AnnotationCount, 0);
  // A bucket may bear the name that SDKs write before the host.
  const named = `${Name}-${AccountId}`;
  await s3.send(new CreateBucketCommand({ Bucket: named }));
  await s3.send(new PutObjectCommand({ Bucket: named, Key, Body: 'mine' }));
  assert.equal(await read(s3, named), 'mine');
  assert.equal((await sendRaw(c, await signedRequest(c, draft, { service: 's3' }))).body, 'once upon a time');
});

test('operations on the bucket itself, unsigned requests and unknown access points are refused', async (t) => {
  const { c, s3, arn, alias } = await pointTest(t);
  const tagging = new PutBucketTaggingCommand({ Bucket: alias, Tagging: { TagSet: [] } });
  await assert.rejects(s3.send(tagging), refusal('MethodNotAllowed'));
  const anonymous = await sendRaw(c, unsigned(c, { method: 'GET', path: `/${alias}/novel` }));
  assert.equal(anonymous.code, 'AccessDenied');
  const client = hostStyle(c);
  const read = (bucket: string) => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'novel' }));
  await assert.rejects(read('nothing-s3alias'), refusal('NoSuchBucket'));
  const asked = async (path: string) =>
    (await sendRaw(c, await signedRequest(c, { method: 'GET', path }, { service: 's3' }))).code;
  assert.equal(await asked(`/${encodeURIComponent(arn.replace(Name, 'nobody'))}/novel`), 'NoSuchAccessPoint');
  assert.equal(await asked(`/${encodeURIComponent('arn:aws:sqs:us-east-1:1:queue')}/novel`), 'InvalidAccessPoint');
});

test('the access point and the bucket must both allow it', async (t) => {
  const { c, s3, control, AccountId, arn } = await pointTest(t);
  const jane = await newUser(c, 'jane');
  const client = hostStyle(c, 'localhost', jane.credentials);
  const read = async (bucket = arn) =>
    textOf((await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'novel' }))).Body);
  await assert.rejects(read(), refusal('AccessDenied'));
  const Policy = reading({ AWS: userArn(AccountId, 'jane') }, arn);
  await control.send(new PutAccessPointPolicyCommand({ AccountId, Name, Policy }));
  // The bucket has not let it in yet.
  await assert.rejects(read(), refusal('AccessDenied', /on resource: "arn:aws:s3:::books\/novel" /));
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: delegating(AccountId) }));
  assert.equal(await read(), 'once upon a time');
  await assert.rejects(read(Bucket), refusal('AccessDenied'));
  // A key that is not there is told to those who may list, through the access point too.
  const absent = client.send(new GetObjectCommand({ Bucket: arn, Key: 'absent' }));
  await assert.rejects(absent, refusal('NoSuchKey'));
  const remove = new DeleteObjectsCommand({ Bucket: arn, Delete: { Objects: [{ Key: 'novel' }] } });
  const { Errors } = await client.send(remove);
  assert.deepEqual(
    Errors?.map(({ Code }) => Code),
    ['AccessDenied'],
  );
  const copy = new CopyObjectCommand({ Bucket: arn, Key: 'copy', CopySource: `${Bucket}/novel` });
  await assert.rejects(client.send(copy), refusal('AccessDenied'));

  await control.send(new DeleteAccessPointPolicyCommand({ AccountId, Name }));
  await assert.rejects(read(), refusal('AccessDenied', /accesspoint\/readers\/object\/novel/));
  await jane.allow({ Effect: 'Allow', Action: 's3:GetObject', Resource: `${arn}/object/*` });
  assert.equal(await read(), 'once upon a time');
  // Restrictions bind only what comes through.
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: `${arn}/object/*` };
  const denying = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
  await control.send(new PutAccessPointPolicyCommand({ AccountId, Name, Policy: denying }));
  await assert.rejects(read(), refusal('AccessDenied'));
  await s3.send(new GetObjectCommand({ Bucket, Key: 'novel' }));
});

test('a user made again under an old name has nothing of what the old one was given', async (t) => {
  const { c, s3, control, AccountId, arn } = await pointTest(t);
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: delegating(AccountId) }));
  const Policy = reading({ AWS: userArn(AccountId, 'jane') }, arn);
  const put = () => control.send(new PutAccessPointPolicyCommand({ AccountId, Name, Policy }));
  const shown = async () => (await control.send(new GetAccessPointPolicyCommand({ AccountId, Name }))).Policy;
  const read = (credentials: Credentials) =>
    hostStyle(c, 'localhost', credentials).send(new GetObjectCommand({ Bucket: arn, Key: 'novel' }));
  await assert.rejects(put(), refusal('MalformedPolicy', 'Invalid principal in policy'));
  const first = await newUser(c, 'jane');
  await put();
  await read(first.credentials);
  await first.remove();
  const second = await newUser(c, 'jane');
  await assert.rejects(read(second.credentials), refusal('AccessDenied'));
  assert.match((await shown()) ?? '', /"AWS":"AIDA[A-Z0-9]{17}"/);
  await put();
  await read(second.credentials);
  assert.equal(await shown(), Policy);
});

test('a bucket can insist on access points of one network origin, and one of a network lets nobody in', async (t) => {
  const { c, s3, control, AccountId, alias } = await pointTest(t);
  const inside = await control.send(
    new CreateAccessPointCommand({ AccountId, Name: 'inside', Bucket, VpcConfiguration: { VpcId: 'vpc-1' } }),
  );
  const read = (bucket = '') => s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'novel' }));
  await assert.rejects(read(inside.Alias), refusal('AccessDenied'));
  await read(alias);
  const Statement = [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/*`,
      Condition: { StringNotEquals: { 's3:AccessPointNetworkOrigin': 'Internet' } },
    },
  ];
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  await read(alias);
  await assert.rejects(read(Bucket), refusal('AccessDenied'));
  const user = await newUser(c, 'maker');
  const maker = controlClient(c, { credentials: user.credentials });
  await user.allow({
    Effect: 'Allow',
    Action: 's3:CreateAccessPoint',
    Resource: '*',
    Condition: { StringEquals: { 's3:AccessPointNetworkOrigin': 'VPC' } },
  });
  await assert.rejects(
    maker.send(new CreateAccessPointCommand({ AccountId, Name: 'outside', Bucket })),
    refusal('AccessDenied'),
  );
  const VpcConfiguration = { VpcId: 'vpc-2' };
  await maker.send(new CreateAccessPointCommand({ AccountId, Name: 'outside', Bucket, VpcConfiguration }));
});

test('an access point of another account opens nothing until the bucket’s owner says so', async (t) => {
  const { c, s3, put, as } = await bucketTest(t);
  await put('novel', 'shared');
  const partner = '210987654321';
  const credentials = await newAccount(c, partner);
  const control = controlClient(c, { credentials });
  const create = (BucketAccountId?: string) =>
    control.send(
      new CreateAccessPointCommand({
        AccountId: partner,
        Name,
        Bucket,
        ...(BucketAccountId !== undefined && { BucketAccountId }),
      }),
    );
  await assert.rejects(create(), refusal('AccessDenied'));
  const { Alias } = await create(c.account);
  const client = hostStyle(c, 's3.localhost', credentials);
  const read = async () => textOf((await client.send(new GetObjectCommand({ Bucket: Alias, Key: 'novel' }))).Body);
  await assert.rejects(read(), refusal('AccessDenied'));
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: delegating(partner) }));
  assert.equal(await read(), 'shared');
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: 'novel' })), refusal('AccessDenied'));
  // It does not hold the bucket, and means no other one that takes the name.
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'novel' }] } }));
  await s3.send(new DeleteBucketCommand({ Bucket }));
  await assert.rejects(read(), refusal('NoSuchBucket'));
  const third = as(await newAccount(c, '310987654321'));
  await third.send(new CreateBucketCommand({ Bucket }));
  await third.send(new PutObjectCommand({ Bucket, Key: 'novel', Body: 'another one' }));
  await third.send(new PutBucketPolicyCommand({ Bucket, Policy: delegating(partner) }));
  await assert.rejects(read(), refusal('AccessDenied'));
  // Its owner alone speaks of it.
  const stranger = new GetAccessPointCommand({ AccountId: partner, Name });
  await assert.rejects(controlClient(c).send(stranger), refusal('AccessDenied'));
});
