/** Pages of other origins: rules of a bucket, preflights, headers on answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CORSRule, DeleteBucketCorsCommand, GetBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest } from '#test/sdk/s3.ts';

const ORIGIN = 'https://shop.example.com';

test('rules are kept, read and dropped', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const get = () => s3.send(new GetBucketCorsCommand({ Bucket }));
  await assert.rejects(get(), refusal('NoSuchCORSConfiguration'));
  const CORSRules: CORSRule[] = [
    { ID: 'one', AllowedMethods: ['GET', 'PUT'], AllowedOrigins: ['*'], AllowedHeaders: ['*'], MaxAgeSeconds: 60 },
  ];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  assert.deepEqual((await get()).CORSRules, CORSRules);
  const patch = { CORSRules: [{ AllowedMethods: ['PATCH'], AllowedOrigins: ['*'] }] };
  const refused = s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: patch }));
  await assert.rejects(refused, refusal('InvalidRequest', /unsupported HTTP method.*PATCH/));
  const none = s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [] } }));
  await assert.rejects(none, refusal('MalformedXML'));
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  await assert.rejects(get(), refusal('NoSuchCORSConfiguration'));
});

test('a preflight is answered by the rule that fits, without any signature', async (t) => {
  const { c, s3, Bucket } = await bucketTest(t);
  const ask = (headers: Record<string, string>, host = `localhost:${c.port}`, path = `/${Bucket}/k`) =>
    sendRaw(c, { method: 'OPTIONS', path, query: '', headers: { host, ...headers }, body: Buffer.alloc(0) });
  const put = { origin: ORIGIN, 'access-control-request-method': 'PUT' };
  assert.deepEqual([(await ask({})).status, (await ask({ origin: ORIGIN })).status], [400, 400]);
  const disabled = await ask(put);
  assert.deepEqual([disabled.status, disabled.code], [403, 'AccessForbidden']);
  const CORSRules: CORSRule[] = [
    { AllowedMethods: ['GET'], AllowedOrigins: ['*'] },
    { AllowedMethods: ['PUT'], AllowedOrigins: ['https://*.example.com'], AllowedHeaders: ['x-amz-*'] },
  ];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  const allowed = await ask({ ...put, 'access-control-request-headers': 'X-Amz-Date, x-amz-acl' });
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers['access-control-allow-origin'], ORIGIN);
  assert.equal(allowed.headers['access-control-allow-headers'], 'x-amz-date, x-amz-acl');
  assert.match(String(allowed.headers['vary']), /Origin/);
  assert.equal((await ask({ ...put, 'access-control-request-headers': 'authorization' })).status, 403);
  assert.equal((await ask({ ...put, origin: 'https://evil.org' })).status, 403);
  const byHost = await ask({ ...put, 'access-control-request-method': 'GET' }, `${Bucket}.s3.localhost`, '/k');
  assert.equal(byHost.headers['access-control-allow-origin'], '*');
});

test('answers, errors too, say who may see them; without a rule nobody', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('k');
  const read = async (path: string, origin = ORIGIN) => {
    const draft = { method: 'GET', path, headers: { origin } };
    const { status, headers } = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
    return [status, headers['access-control-allow-origin'], headers['access-control-expose-headers']];
  };
  assert.deepEqual(await read(`/${Bucket}/k`), [200, undefined, undefined]);
  const CORSRules: CORSRule[] = [{ AllowedMethods: ['GET'], AllowedOrigins: [ORIGIN], ExposeHeaders: ['ETag'] }];
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  assert.deepEqual(await read(`/${Bucket}/k`), [200, ORIGIN, 'ETag']);
  assert.deepEqual(await read(`/${Bucket}/nothing`), [404, ORIGIN, 'ETag']);
  assert.deepEqual(await read(`/${Bucket}/k`, 'https://evil.org'), [200, undefined, undefined]);
});
