/** Requests for buckets of other regions: what they are answered, and that SDKs find their way by it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { type RawAnswer, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, hasStatus, textOf } from '#test/sdk/s3.ts';

const WESTERN = 'western';

async function westernBucket(t: TestContext): Promise<BucketTest> {
  const made = await bucketTest(t);
  const western = made.as(made.c.administrator, 'eu-west-1');
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await western.send(new CreateBucketCommand({ Bucket: WESTERN, CreateBucketConfiguration }));
  await western.send(new PutObjectCommand({ Bucket: WESTERN, Key: 'novel', Body: 'far away' }));
  return made;
}

class FollowingS3 extends S3Client {
  constructor(config: S3ClientConfig) {
    super({ ...config, forcePathStyle: true, followRegionRedirects: true });
  }
}

test('a bucket of another region is told, and where it is', async (t) => {
  const { c, s3 } = await westernBucket(t);
  const get = s3.send(new GetObjectCommand({ Bucket: WESTERN, Key: 'novel' }));
  await assert.rejects(
    get,
    refusal(
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    ),
  );
  await assert.rejects(s3.send(new HeadBucketCommand({ Bucket: WESTERN })), hasStatus(301));
  // It is how clients find out.
  const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket: WESTERN }));
  assert.equal(LocationConstraint, 'eu-west-1');
  const following = c.client(FollowingS3);
  assert.equal(
    await textOf((await following.send(new GetObjectCommand({ Bucket: WESTERN, Key: 'novel' }))).Body),
    'far away',
  );
  await following.send(new PutObjectCommand({ Bucket: WESTERN, Key: 'poem', Body: 'roses' }));
  assert.equal((await following.send(new HeadBucketCommand({ Bucket: WESTERN }))).BucketRegion, 'eu-west-1');
});

test('who may not look at a bucket is told where it is', async (t) => {
  const { c, Bucket } = await westernBucket(t);
  for (const [name, region] of [
    [Bucket, 'us-east-1'],
    [WESTERN, 'eu-west-1'],
    ['nobodys-bucket', undefined],
  ]) {
    const { status, headers } = await sendRaw(c, unsigned(c, { method: 'HEAD', path: `/${name}` }));
    assert.deepEqual([status, headers['x-amz-bucket-region']], [region ? 403 : 404, region]);
  }
});

test('the host and the signature’s region decide what is wrong', async (t) => {
  const { c } = await westernBucket(t);
  const ask = async (host: string, region: string, path = `/${WESTERN}/novel`, method = 'GET'): Promise<RawAnswer> => {
    const draft = { method, path, headers: { host: `${host}:${c.port}` } };
    return sendRaw(c, await signedRequest(c, draft, { service: 's3', region }));
  };
  const regional = await ask('s3.us-east-1.localhost', 'us-east-1');
  assert.deepEqual([regional.status, regional.code], [301, 'PermanentRedirect']);
  assert.equal(regional.headers['x-amz-bucket-region'], 'eu-west-1');
  assert.equal(regional.headers['location'], undefined);
  assert.match(regional.body, new RegExp(`<Endpoint>s3.eu-west-1.localhost:${c.port}</Endpoint>`));
  assert.match(regional.body, /<Bucket>western<\/Bucket>/);
  assert.equal((await ask('s3.eu-west-1.localhost', 'eu-west-1')).body, 'far away');
  // The right place, but signed for another; and the bucket's own host, which knows its region.
  for (const [host, path] of [
    ['s3.eu-west-1.localhost', `/${WESTERN}/novel`],
    [`${WESTERN}.s3.localhost`, '/novel'],
  ] as const) {
    const wrong = await ask(host, 'us-east-1', path);
    assert.deepEqual([wrong.status, wrong.code], [400, 'AuthorizationHeaderMalformed'], host);
    assert.equal(
      wrong.message,
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    );
    assert.match(wrong.body, /<Region>eu-west-1<\/Region>/);
    assert.equal(wrong.headers['x-amz-bucket-region'], 'eu-west-1');
  }
  const late = await ask('s3.localhost', 'eu-south-1');
  assert.deepEqual([late.status, late.code], [400, 'IllegalLocationConstraintException']);
  assert.equal(late.headers['x-amz-bucket-region'], 'eu-west-1');
  const head = await ask('s3.localhost', 'us-east-1', `/${WESTERN}`, 'HEAD');
  assert.deepEqual([head.status, head.headers['x-amz-bucket-region'], head.body], [301, 'eu-west-1', '']);
  // Who signs nothing and names no region means none.
  const anonymous = await sendRaw(c, unsigned(c, { method: 'GET', path: `/${WESTERN}/novel` }));
  assert.equal(anonymous.code, 'AccessDenied');
  const absent = await ask('s3.localhost', 'us-east-1', '/no-such-bucket-here/novel');
  assert.equal(absent.code, 'NoSuchBucket');
});

test('a region that came late refuses in words of its own, which SDKs follow too', async (t) => {
  const { c } = await bucketTest(t);
  const southern = c.client(PathStyleS3, { region: 'eu-south-1' });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-south-1' } as const;
  await southern.send(new CreateBucketCommand({ Bucket: 'southern', CreateBucketConfiguration }));
  await southern.send(new PutObjectCommand({ Bucket: 'southern', Key: 'novel', Body: 'warm' }));
  const get = new GetObjectCommand({ Bucket: 'southern', Key: 'novel' });
  const words =
    'The eu-south-1 location constraint is incompatible for the region specific endpoint this request was sent to.';
  await assert.rejects(c.client(PathStyleS3).send(get), refusal('IllegalLocationConstraintException', words));
  const following = c.client(FollowingS3).send(new GetObjectCommand({ Bucket: 'southern', Key: 'novel' }));
  assert.equal(await textOf((await following).Body), 'warm');
});
