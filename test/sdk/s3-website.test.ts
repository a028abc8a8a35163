/** Websites of buckets: pages by host, index and error documents, redirects; and the configurations that are refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CreateBucketCommand,
  DeleteBucketWebsiteCommand,
  GetBucketWebsiteCommand,
  PutBucketPolicyCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type WebsiteConfiguration,
} from '@aws-sdk/client-s3';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { sendRaw } from '#test/sdk/raw-request.ts';

const Bucket = 'my.site';

async function start(t: TestContext, actions = ['s3:GetObject']) {
  const c = await cloud(t);
  const s3 = c.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: {} }));
  const Statement = actions.map((Action) => ({
    Effect: 'Allow',
    Principal: '*',
    Action,
    Resource: Action === 's3:ListBucket' ? `arn:aws:s3:::${Bucket}` : `arn:aws:s3:::${Bucket}/*`,
  }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const configure = (WebsiteConfiguration: WebsiteConfiguration) =>
    s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
  const put = (Key: string, Body: string, further = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html', ...further }));
  const get = (
    path: string,
    { method = 'GET', host = `${Bucket}.s3-website.us-east-1.localhost`, headers = {} } = {},
  ) =>
    sendRaw(c, { method, path, query: '', headers: { host: `${host}:${c.port}`, ...headers }, body: Buffer.alloc(0) });
  return { c, s3, configure, put, get };
}

const LISTABLE = ['s3:GetObject', 's3:ListBucket'];
const INDEX = { IndexDocument: { Suffix: 'index.html' } };

test('a page is the object, a folder its index document, under both forms of the host', async (t) => {
  const { s3, configure, put, get } = await start(t);
  await configure(INDEX);
  await put('index.html', 'home');
  await put('docs/index.html', 'docs');
  await put('a b+é.html', 'odd');
  assert.equal((await get('/')).body, 'home');
  assert.equal((await get('/', { host: `${Bucket}.s3-website-us-east-1.localhost` })).body, 'home');
  assert.equal((await get('/docs/')).body, 'docs');
  const odd = await get('/a%20b+%C3%A9.html');
  assert.deepEqual([odd.status, odd.body, odd.headers['content-type']], [200, 'odd', 'text/html']);
  const folder = await get('/docs');
  assert.deepEqual([folder.status, folder.headers['location']], [302, '/docs/']);
  const head = await get('/docs/', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '4']);
  const again = await get('/', { headers: { 'if-none-match': String((await get('/')).headers['etag']) } });
  assert.equal(again.status, 304);
  const part = await get('/', { headers: { range: 'bytes=1-2' } });
  assert.deepEqual([part.status, part.body], [206, 'om']);
  assert.equal((await get('/', { method: 'POST' })).status, 405);
  const { IndexDocument } = await s3.send(new GetBucketWebsiteCommand({ Bucket }));
  assert.deepEqual(IndexDocument, INDEX.IndexDocument);
});

test('errors are pages: S3’s own or the bucket’s, and who may not list learns nothing', async (t) => {
  const { s3, configure, get, put } = await start(t);
  await assert.rejects(s3.send(new GetBucketWebsiteCommand({ Bucket })), { name: 'NoSuchWebsiteConfiguration' });
  const none = await get('/');
  assert.equal(none.status, 404);
  assert.match(none.body, /<li>Code: NoSuchWebsiteConfiguration<\/li>/);
  const nowhere = await get('/', { host: 'nobodys.s3-website.us-east-1.localhost' });
  assert.match(nowhere.body, /<li>Code: NoSuchBucket<\/li>/);
  await configure({ ...INDEX, ErrorDocument: { Key: 'error.html' } });
  const refused = await get('/missing?<script>');
  assert.equal(refused.status, 403);
  assert.match(refused.body, /<li>Code: AccessDenied<\/li>[\s\S]*Retrieve a Custom Error Document/);
  await put('error.html', 'sorry');
  const sorry = await get('/missing');
  assert.deepEqual([sorry.status, sorry.body], [403, 'sorry']);
  await s3.send(new DeleteBucketWebsiteCommand({ Bucket }));
  assert.match((await get('/')).body, /NoSuchWebsiteConfiguration/);
});

test('credentials are of no use on a website’s host, and a page can’t be reached by another name', async (t) => {
  const { configure, put, get } = await start(t, ['s3:ListBucket']);
  await configure(INDEX);
  await put('index.html', 'home');
  assert.equal((await get('/', { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x' } })).status, 403);
  assert.equal((await get('/', { host: 'elsewhere.example' })).status, 400);
});

test('keys that are not there are told to who may list; what looks like markup stays text', async (t) => {
  const { configure, get } = await start(t, LISTABLE);
  await configure(INDEX);
  const missing = await get('/%3Cscript%3E');
  assert.equal(missing.status, 404);
  assert.equal(missing.headers['x-amz-error-code'], 'NoSuchKey');
  assert.match(missing.body, /<li>Code: NoSuchKey<\/li>\n<li>Message: The specified key does not exist.<\/li>/);
  assert.ok(!missing.body.includes('<script>'));
  assert.equal((await get('/%')).status, 400);
});

test('redirects: of all, by key, by error, of an object itself', async (t) => {
  const { c, configure, put, get } = await start(t, LISTABLE);
  const where = async (path: string) => {
    const { status, headers } = await get(path);
    return [status, headers['location']];
  };
  const here = `http://${Bucket}.s3-website.us-east-1.localhost:${c.port}`;
  await configure({
    ...INDEX,
    RoutingRules: [
      { Condition: { KeyPrefixEquals: 'docs/' }, Redirect: { ReplaceKeyPrefixWith: 'documents/' } },
      { Condition: { KeyPrefixEquals: 'old' }, Redirect: { ReplaceKeyWith: 'new page', HttpRedirectCode: '307' } },
      {
        Condition: { HttpErrorCodeReturnedEquals: '404' },
        Redirect: { HostName: 'other.example', Protocol: 'https', ReplaceKeyPrefixWith: 'report-404/' },
      },
    ],
  });
  assert.deepEqual(await where('/docs/a.html'), [301, `${here}/documents/a.html`]);
  assert.deepEqual(await where('/old/x'), [307, `${here}/new%20page`]);
  assert.deepEqual(await where('/missing'), [301, 'https://other.example/report-404/missing']);
  await put('moved', '', { WebsiteRedirectLocation: '/elsewhere' });
  assert.deepEqual(await where('/moved'), [301, '/elsewhere']);
  await configure({ RedirectAllRequestsTo: { HostName: 'www.example', Protocol: 'https' } });
  assert.deepEqual(await where('/a%20b'), [301, 'https://www.example/a%20b']);
});

test('configurations that make no sense are refused', async (t) => {
  const { s3, configure } = await start(t);
  const refused = (configuration: WebsiteConfiguration, name: string, message?: RegExp) =>
    assert.rejects(configure(configuration), { name, ...(message && { message }) });
  await refused({}, 'InvalidArgument', /IndexDocument Suffix must be provided/);
  await refused({ IndexDocument: { Suffix: 'a/b' } }, 'InvalidArgument', /not well formed/);
  await refused({ ...INDEX, RedirectAllRequestsTo: { HostName: 'a.example' } }, 'InvalidRequest');
  const rule = (Redirect: object, Condition?: object) => ({ ...INDEX, RoutingRules: [{ Redirect, Condition }] });
  await refused(rule({ ReplaceKeyWith: 'a', ReplaceKeyPrefixWith: 'b' }), 'InvalidRequest', /not both/);
  await refused(rule({ HttpRedirectCode: '200' }), 'InvalidRequest', /Valid codes are 3XX/);
  await refused(rule({ HostName: 'a' }, { HttpErrorCodeReturnedEquals: '200' }), 'InvalidRequest', /4XX or 5XX/);
  const many = { ...INDEX, RoutingRules: Array.from({ length: 51 }, () => ({ Redirect: { HostName: 'a' } })) };
  await refused(many, 'InvalidRequest', /50/);
  const missing = new PutBucketWebsiteCommand({ Bucket: 'nobodys', WebsiteConfiguration: INDEX });
  await assert.rejects(s3.send(missing), { name: 'NoSuchBucket' });
});
