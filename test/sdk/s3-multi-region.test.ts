/** Multi-region access points: made and removed by requests that take their time, routed to active regions, judged by both policies. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  CreateMultiRegionAccessPointCommand,
  type CreateMultiRegionAccessPointInput,
  DeleteMultiRegionAccessPointCommand,
  DescribeMultiRegionAccessPointOperationCommand,
  GetMultiRegionAccessPointCommand,
  GetMultiRegionAccessPointPolicyCommand,
  GetMultiRegionAccessPointPolicyStatusCommand,
  GetMultiRegionAccessPointRoutesCommand,
  ListMultiRegionAccessPointsCommand,
  PutMultiRegionAccessPointPolicyCommand,
  type S3ControlClient,
  SubmitMultiRegionAccessPointRoutesCommand,
} from '@aws-sdk/client-s3-control';
import { minutes, seconds } from '#platform/base/clock.ts';
import type { Credentials } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { type RawAnswer, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, textOf } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';
import { until } from '#test/until.ts';

const Name = 'everywhere';
const EAST = 'books';
const WEST = 'western-books';

interface MultiRegionTest extends BucketTest {
  readonly control: S3ControlClient;
  readonly AccountId: string;
  create(details?: Partial<CreateMultiRegionAccessPointInput>): Promise<string>;
  /** Waits until a request is done; answers its status. */
  finish(RequestTokenARN: string): Promise<void>;
  alias(): Promise<string>;
  ask(
    alias: string,
    path: string,
    options?: { method?: string; body?: string; query?: Record<string, string>; as?: Credentials },
  ): Promise<RawAnswer>;
}

async function multiRegion(t: TestContext): Promise<MultiRegionTest> {
  const made = await bucketTest(t);
  const { c, s3 } = made;
  const western = made.as(c.administrator, 'eu-west-1');
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await western.send(new CreateBucketCommand({ Bucket: WEST, CreateBucketConfiguration }));
  await s3.send(new PutObjectCommand({ Bucket: EAST, Key: 'novel', Body: 'eastern' }));
  await western.send(new PutObjectCommand({ Bucket: WEST, Key: 'novel', Body: 'western' }));
  const AccountId = c.account;
  const control = controlClient(c, { region: 'us-west-2' });
  const status = async (RequestTokenARN: string) => {
    const command = new DescribeMultiRegionAccessPointOperationCommand({ AccountId, RequestTokenARN });
    return (await control.send(command)).AsyncOperation;
  };
  return {
    ...made,
    control,
    AccountId,
    async create(details = {}) {
      const Details = { Name, Regions: [{ Bucket: WEST }, { Bucket: EAST }], ...details };
      const { RequestTokenARN = '' } = await control.send(
        new CreateMultiRegionAccessPointCommand({ AccountId, Details }),
      );
      return RequestTokenARN;
    },
    async finish(token) {
      assert.equal((await status(token))?.RequestStatus, 'INPROGRESS');
      c.advance(seconds(5) + 1);
      await until(async () => (await status(token))?.RequestStatus === 'SUCCEEDED', 'the request is done');
    },
    async alias() {
      const { AccessPoint } = await control.send(new GetMultiRegionAccessPointCommand({ AccountId, Name }));
      return AccessPoint?.Alias ?? '';
    },
    async ask(alias, path, { method = 'GET', body = '', query = {}, as = c.administrator } = {}) {
      const headers = { host: `${alias}.accesspoint.s3-global.localhost:${c.port}` };
      const draft = { method, path, headers, query, body: Buffer.from(body) };
      const signing = { service: 's3', region: '*', asymmetric: true, credential: as };
      return sendRaw(c, await signedRequest(c, draft, signing));
    },
  };
}

test('it is made, told, listed and removed, each by a request that takes its time', async (t) => {
  const { c, s3, control, AccountId, create, finish, alias } = await multiRegion(t);
  const token = await create();
  assert.match(token, new RegExp(`^arn:aws:s3:us-west-2:${AccountId}:async-request/mrap/create/`));
  const get = async () => (await control.send(new GetMultiRegionAccessPointCommand({ AccountId, Name }))).AccessPoint;
  assert.equal((await get())?.Status, 'CREATING');
  await finish(token);
  const { CreatedAt, Alias, ...told } = (await get()) ?? {};
  assert.ok(CreatedAt instanceof Date);
  assert.match(Alias ?? '', /^[a-z][a-z0-9]*\.mrap$/);
  assert.deepEqual(told, {
    Name,
    PublicAccessBlock: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    },
    Status: 'READY',
    Regions: [
      { Bucket: WEST, Region: 'eu-west-1', BucketAccountId: AccountId },
      { Bucket: EAST, Region: 'us-east-1', BucketAccountId: AccountId },
    ],
  });
  const described = await control.send(
    new DescribeMultiRegionAccessPointOperationCommand({ AccountId, RequestTokenARN: token }),
  );
  const { Operation, RequestParameters, ResponseDetails } = described.AsyncOperation ?? {};
  assert.equal(Operation, 'CreateMultiRegionAccessPoint');
  assert.equal(RequestParameters?.CreateMultiRegionAccessPointRequest?.Name, Name);
  assert.equal(ResponseDetails?.MultiRegionAccessPointDetails?.Regions?.length, 2);
  const unknown = new DescribeMultiRegionAccessPointOperationCommand({ AccountId, RequestTokenARN: `${token}x` });
  await assert.rejects(control.send(unknown), refusal('NoSuchAsyncRequest'));

  await assert.rejects(create(), refusal('MultiRegionAccessPointAlreadyOwnedByYou'));
  await assert.rejects(create({ Name: 'next', Regions: [{ Bucket: 'nowhere-at-all' }] }), refusal('NoSuchBucket'));
  const twice = { Name: 'next', Regions: [{ Bucket: EAST }, { Bucket: EAST }] };
  await assert.rejects(create(twice), refusal('InvalidRequest'));
  const foreign = { Name: 'next', Regions: [{ Bucket: EAST, BucketAccountId: '210987654321' }] };
  await assert.rejects(create(foreign), refusal('AccessDenied'));
  // It is managed from one region.
  const eastern = controlClient(c).send(new GetMultiRegionAccessPointCommand({ AccountId, Name }));
  await assert.rejects(eastern, refusal('PermanentRedirectControlError'));

  await finish(await create({ Name: 'another', Regions: [{ Bucket: EAST }] }));
  const list = (input: object) => control.send(new ListMultiRegionAccessPointsCommand({ AccountId, ...input }));
  const first = await list({ MaxResults: 1 });
  assert.deepEqual(
    first.AccessPoints?.map((point) => point.Name),
    ['another'],
  );
  const second = await list({ MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual(
    second.AccessPoints?.map((point) => [point.Name, point.Alias]),
    [[Name, await alias()]],
  );
  await assert.rejects(list({ NextToken: 'made up' }), refusal('InvalidNextTokenException'));

  await s3.send(new DeleteObjectCommand({ Bucket: EAST, Key: 'novel' }));
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket: EAST })), refusal('BucketHasAccessPointsAttached'));
  const remove = (name: string) =>
    control.send(new DeleteMultiRegionAccessPointCommand({ AccountId, Details: { Name: name } }));
  for (const name of [Name, 'another']) await finish((await remove(name)).RequestTokenARN ?? '');
  await assert.rejects(get(), refusal('NoSuchMultiRegionAccessPoint'));
  await assert.rejects(remove(Name), refusal('NoSuchMultiRegionAccessPoint'));
  await s3.send(new DeleteBucketCommand({ Bucket: EAST }));
});

test('requests go to an active region, signed for all of them', async (t) => {
  const { c, s3, control, AccountId, create, finish, alias, ask } = await multiRegion(t);
  await finish(await create());
  const name = await alias();
  const arn = `arn:aws:s3::${AccountId}:accesspoint/${name}`;
  // The cloud's own region is the nearest.
  assert.equal((await ask(name, '/novel')).body, 'eastern');
  const routes = async () =>
    (await control.send(new GetMultiRegionAccessPointRoutesCommand({ AccountId, Mrap: arn }))).Routes ?? [];
  const dials = async () => (await routes()).map((route) => [route.Region, route.Bucket, route.TrafficDialPercentage]);
  assert.deepEqual(await dials(), [
    ['eu-west-1', WEST, 100],
    ['us-east-1', EAST, 100],
  ]);
  const submit = (RouteUpdates: { Region?: string; Bucket?: string; TrafficDialPercentage: number }[], Mrap = arn) =>
    control.send(new SubmitMultiRegionAccessPointRoutesCommand({ AccountId, Mrap, RouteUpdates }));
  await submit([{ Region: 'us-east-1', TrafficDialPercentage: 0 }]);
  assert.equal((await ask(name, '/novel')).body, 'western');
  assert.equal((await ask(name, '/poem', { method: 'PUT', body: 'far' })).status, 200);
  await assert.rejects(submit([{ Bucket: WEST, TrafficDialPercentage: 0 }]), refusal('InvalidRequest'));
  await assert.rejects(submit([{ Bucket: WEST, TrafficDialPercentage: 50 }]), refusal('InvalidRequest'));
  const mixed = { Bucket: WEST, Region: 'us-east-1', TrafficDialPercentage: 100 };
  await assert.rejects(submit([mixed]), refusal('InvalidRequest'));
  await assert.rejects(submit([{ Bucket: 'other', TrafficDialPercentage: 0 }]), refusal('InvalidRequest'));
  const nothing = arn.replace(name, 'nothing.mrap');
  await assert.rejects(submit([], nothing), refusal('NoSuchMultiRegionAccessPoint'));
  await submit([
    { Bucket: EAST, TrafficDialPercentage: 100 },
    { Bucket: WEST, TrafficDialPercentage: 0 },
  ]);
  assert.equal((await ask(name, '/poem')).code, 'NoSuchKey');
  assert.match((await ask(name, '/', { query: { 'list-type': '2' } })).body, /<Key>novel<\/Key>/);

  assert.equal((await ask(name, '/', { query: { policy: '' } })).code, 'MethodNotAllowed');
  assert.equal((await ask('nothing.mrap', '/novel')).code, 'NoSuchAccessPoint');
  const copy = new CopyObjectCommand({ Bucket: EAST, Key: 'copy', CopySource: `${arn}/object/novel` });
  await assert.rejects(s3.send(copy), refusal('MethodNotAllowed'));
  const host = `${name}.accesspoint.s3-global.localhost:${c.port}`;
  const anonymous = await sendRaw(c, unsigned(c, { method: 'GET', path: '/novel', headers: { host } }));
  assert.equal(anonymous.code, 'AccessDenied');
  const draft = { method: 'GET', path: '/novel', headers: { host } };
  const ofOneRegion = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  assert.deepEqual([ofOneRegion.status, ofOneRegion.code], [400, 'InvalidRequest']);
  assert.match(ofOneRegion.message, /Please use AWS4-ECDSA-P256-SHA256\.$/);
  // One region alone has nowhere to fail over to.
  await finish(await create({ Name: 'single', Regions: [{ Bucket: EAST }] }));
  const { AccessPoint } = await control.send(new GetMultiRegionAccessPointCommand({ AccountId, Name: 'single' }));
  const single = `arn:aws:s3::${AccountId}:accesspoint/${AccessPoint?.Alias}`;
  await assert.rejects(submit([{ Bucket: EAST, TrafficDialPercentage: 0 }], single), refusal('MethodNotAllowed'));
});

test('requests are in the access log of the bucket that they went to', async (t) => {
  const { c, s3, as, AccountId, create, finish, alias, ask } = await multiRegion(t);
  await finish(await create());
  const name = await alias();
  await s3.send(new CreateBucketCommand({ Bucket: 'the-logs' }));
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { Service: 'logging.s3.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::the-logs/*',
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket: 'the-logs', Policy }));
  const LoggingEnabled = { TargetBucket: 'the-logs', TargetPrefix: '' };
  await s3.send(new PutBucketLoggingCommand({ Bucket: EAST, BucketLoggingStatus: { LoggingEnabled } }));
  await ask(name, '/novel');
  c.advance(minutes(5) + 1);
  // The jump has closed the connections of the other one.
  const late = as(c.administrator);
  const keys = async () => (await late.send(new ListObjectsV2Command({ Bucket: 'the-logs' }))).Contents ?? [];
  await until(async () => (await keys()).length > 0, 'a log object');
  const Key = (await keys())[0]?.Key ?? '';
  const lines = await textOf((await late.send(new GetObjectCommand({ Bucket: 'the-logs', Key }))).Body);
  assert.match(
    lines,
    new RegExp(` ${EAST} .* REST\\.GET\\.OBJECT novel .* arn:aws:s3::${AccountId}:accesspoint/${name} `),
  );
});

test('its policy is proposed, then established, and decides with the bucket’s', async (t) => {
  const { c, s3, control, AccountId, create, finish, alias, ask } = await multiRegion(t);
  await finish(await create());
  const name = await alias();
  const arn = `arn:aws:s3::${AccountId}:accesspoint/${name}`;
  const reader = await newUser(c, 'reader');
  const read = () => ask(name, '/novel', { as: reader.credentials });
  assert.equal((await read()).code, 'AccessDenied');
  const statement = (Principal: unknown, Resource: string, further: object = {}) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action: 's3:GetObject', Resource, ...further }],
    });
  const put = async (Policy: string) => {
    const Details = { Name, Policy };
    return (
      (await control.send(new PutMultiRegionAccessPointPolicyCommand({ AccountId, Details }))).RequestTokenARN ?? ''
    );
  };
  const isPublic = async () => {
    const command = new GetMultiRegionAccessPointPolicyStatusCommand({ AccountId, Name });
    return (await control.send(command)).Established?.IsPublic;
  };
  assert.equal(await isPublic(), false);
  await assert.rejects(put(statement('*', `${arn}/object/*`)), refusal('AccessDenied'));
  await assert.rejects(put(statement('*', 'arn:aws:s3:::books/*')), refusal('MalformedPolicy'));
  const Policy = statement({ AWS: `arn:aws:iam::${AccountId}:user/reader` }, `${arn}/object/*`);
  const token = await put(Policy);
  const policies = async () =>
    (await control.send(new GetMultiRegionAccessPointPolicyCommand({ AccountId, Name }))).Policy;
  assert.deepEqual(await policies(), { Proposed: { Policy } });
  await finish(token);
  assert.deepEqual(await policies(), { Established: { Policy } });
  assert.equal(await isPublic(), false);
  // The bucket has not let it in yet.
  assert.equal((await read()).code, 'AccessDenied');
  const Condition = { StringEquals: { 's3:DataAccessPointArn': arn } };
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket: EAST,
      Policy: statement({ AWS: '*' }, `arn:aws:s3:::${EAST}/*`, { Condition }),
    }),
  );
  assert.equal((await read()).body, 'eastern');
  // Who is made again under the old name is somebody else.
  await reader.remove();
  const { credentials } = await newUser(c, 'reader');
  assert.equal((await ask(name, '/novel', { as: credentials })).code, 'AccessDenied');
  assert.match((await policies())?.Established?.Policy ?? '', /"AWS":"AIDA[A-Z0-9]{17}"/);
});
