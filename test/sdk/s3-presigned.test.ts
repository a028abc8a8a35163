/** Presigned URLs of both versions, and headers that their signers have put into the query. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { CreateAccessPointCommand } from '@aws-sdk/client-s3-control';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { type RawAnswer, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { bucketTest } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';

interface Presigned {
  readonly method?: string;
  readonly path: string;
  /** In alphabetical order, as they are signed. */
  readonly subresource?: string;
  readonly amz?: Readonly<Record<string, string>>;
  readonly seconds?: number;
  readonly credentials?: TestCloud['administrator'];
  readonly body?: string;
  /** Not signed. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A URL of version 2, made as "Query string request authentication alternative" has it, and sent. */
function version2(
  c: TestCloud,
  { method = 'GET', path, subresource = '', amz = {}, seconds = 60, ...more }: Presigned,
) {
  const { accessKeyId, secretAccessKey } = more.credentials ?? c.administrator;
  const expires = Math.floor(c.clock.now() / 1000) + seconds;
  const headers = Object.entries(amz).map(([name, value]) => `${name}:${value}\n`);
  const resource = subresource === '' ? path : `${path}?${subresource}`;
  const text = `${method}\n\n\n${expires}\n${headers.join('')}${resource}`;
  const Signature = createHmac('sha1', secretAccessKey).update(text).digest('base64');
  const signing = { AWSAccessKeyId: accessKeyId, Expires: String(expires), Signature, ...amz };
  const query = [subresource, new URLSearchParams(signing).toString()].filter((part) => part !== '').join('&');
  const body = Buffer.from(more.body ?? '');
  return sendRaw(c, { method, path, query, headers: { host: `localhost:${c.port}`, ...more.headers }, body });
}

const outcome = ({ status, code, message }: RawAnswer): string => `${status} ${code} ${message}`.trim();

test('version 2: reads, writes with headers in the query, subresources', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('a b', 'text');
  assert.equal((await version2(c, { path: `/${Bucket}/a%20b` })).body, 'text');
  const headers = { 'x-amz-date': 'Thu, 01 Jan 2026 00:00:00 GMT' };
  assert.equal((await version2(c, { path: `/${Bucket}/a%20b`, headers })).body, 'text');
  assert.match((await version2(c, { path: `/${Bucket}`, subresource: 'versioning' })).body, /VersioningConfiguration/);
  const amz = { 'x-amz-meta-author': 'anon' };
  const written = await version2(c, { method: 'PUT', path: `/${Bucket}/new`, amz, body: 'new' });
  assert.equal(written.status, 200, written.body);
  const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'new' }));
  assert.deepEqual(Metadata, { author: 'anon' });
});

test('version 2: what is old, wrong or not allowed is refused', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  await put('k');
  const path = `/${Bucket}/k`;
  assert.equal(outcome(await version2(c, { path, seconds: 0 })), '403 AccessDenied Request has expired');
  const credentials = { ...c.administrator, secretAccessKey: 'another' };
  assert.match(outcome(await version2(c, { path, credentials })), /^403 SignatureDoesNotMatch/);
  const unknown = { ...c.administrator, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' };
  assert.match(outcome(await version2(c, { path, credentials: unknown })), /^403 InvalidAccessKeyId/);
  const nobody = await newUser(c, 'nobody');
  assert.match(outcome(await version2(c, { path, credentials: nobody.credentials })), /^403 AccessDenied User/);
  const bare = { method: 'GET', path, headers: { host: 'localhost' }, body: Buffer.alloc(0) };
  const partial = await sendRaw(c, { ...bare, query: 'AWSAccessKeyId=AKIA&Expires=1' });
  assert.match(outcome(partial), /^403 AccessDenied Query-string authentication requires/);
});

test('version 2 reaches no access point', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  await put('k', 'text');
  const control = controlClient(c);
  const { Alias } = await control.send(new CreateAccessPointCommand({ AccountId: c.account, Name: 'readers', Bucket }));
  const path = `/${Alias}/k`;
  assert.equal(
    outcome(await version2(c, { path })),
    '400 InvalidRequest The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
  const ofToday = await signedRequest(c, { method: 'GET', path }, { service: 's3' });
  assert.equal((await sendRaw(c, ofToday)).body, 'text');
});

test('version 2 in a header is refused as S3 refuses it, also where no host names a service', async (t) => {
  const { c, Bucket } = await bucketTest(t);
  for (const host of [`localhost:${c.port}`, `s3.us-east-1.localhost:${c.port}`]) {
    const headers = { host, authorization: 'AWS AKIAAAAAAAAAAAAAAAAA:c2lnbmF0dXJl', date: new Date().toUTCString() };
    const answer = await sendRaw(c, { method: 'GET', path: `/${Bucket}`, query: '', headers, body: Buffer.alloc(0) });
    assert.match(outcome(answer), /^400 InvalidRequest The authorization mechanism you have provided is not supported/);
  }
});

test('version 2: an operator can refuse it', async (t) => {
  const { c, Bucket, put } = await bucketTest(t, { refusesVersion2: true });
  await put('k');
  assert.match(outcome(await version2(c, { path: `/${Bucket}/k` })), /^400 InvalidRequest The authorization mechanism/);
});

test('version 4: expiry has bounds, and headers may stand in the query', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('k', 'text');
  const ask = async (presignedFor: number, draft: object = {}) => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const read = { method: 'GET', path: `/${Bucket}/k`, headers, ...draft };
    return sendRaw(c, await signedRequest(c, read, { service: 's3', presignedFor }));
  };
  assert.equal((await ask(604_800)).body, 'text');
  const read = await signedRequest(c, { method: 'GET', path: `/${Bucket}/k` }, { service: 's3', presignedFor: 60 });
  for (const [seconds, refused] of [
    ['604801', /^400 AuthorizationQueryParametersError X-Amz-Expires must be less/],
    ['-1', /^400 AuthorizationQueryParametersError X-Amz-Expires must be non-negative/],
    ['0', /^403 AccessDenied Request has expired/],
  ] as const) {
    const query = read.query.replace('X-Amz-Expires=60', `X-Amz-Expires=${seconds}`);
    assert.match(outcome(await sendRaw(c, { ...read, query })), refused);
  }
  const query = { 'x-amz-meta-author': 'anon', 'x-amz-storage-class': 'STANDARD_IA' };
  const written = await ask(60, { method: 'PUT', path: `/${Bucket}/new`, query, body: Buffer.from('new') });
  assert.equal(written.status, 200, written.body);
  const { Metadata, StorageClass } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'new' }));
  assert.deepEqual([Metadata, StorageClass], [{ author: 'anon' }, 'STANDARD_IA']);
});
