/** Objects: put, read, copied, listed, deleted; what they carry, and conditions on all of it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { newUser } from '#test/sdk/people.ts';
import { type RawRequest, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';

test('what was put is read, with all that it carries', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const Key = 'shelf/ä novel+100%/.././x';
  const carried = {
    CacheControl: 'no-cache',
    ContentDisposition: 'attachment; filename="a.txt"',
    ContentEncoding: 'deflate, gzip',
    ContentLanguage: 'de',
    ContentType: 'text/plain; charset=utf-8',
    Metadata: { author: 'anon', 'empty-one': '' },
  };
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'once upon a time', ...carried }));
  const md5 = createHash('md5').update('once upon a time').digest('hex');
  assert.equal(put.ETag, `"${md5}"`);
  assert.equal(put.ServerSideEncryption, 'AES256');
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await textOf(got.Body), 'once upon a time');
  for (const answer of [got, await s3.send(new HeadObjectCommand({ Bucket, Key }))]) {
    for (const [name, value] of Object.entries(carried)) {
      assert.deepEqual(answer[name as keyof typeof answer], value, name);
    }
    assert.equal(answer.ContentLength, 16);
    assert.equal(answer.AcceptRanges, 'bytes');
    assert.equal(answer.LastModified?.getMilliseconds(), 0);
  }
});

test('a key is at most 1,024 bytes of UTF-8', async (t) => {
  const { put } = await bucketTest(t);
  await put('ü'.repeat(512));
  await assert.rejects(put('ü'.repeat(513)), refusal('KeyTooLongError'));
});

test('that a key is not there is told to who may list the prefix that it is below', async (t) => {
  const { c, Bucket, as } = await bucketTest(t);
  const reader = await newUser(c, 'reader');
  const s3 = as(reader.credentials);
  const listing = { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${Bucket}` };
  const objects = { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `arn:aws:s3:::${Bucket}/*` };
  await reader.allow(objects, { ...listing, Condition: { StringLike: { 's3:prefix': 'public/*' } } });
  const copied = (from: string) => new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/${from}` });
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: 'public/none' })), refusal('NoSuchKey'));
  await assert.rejects(s3.send(copied('public/none')), refusal('NoSuchKey'));
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: 'private/none' })), refusal('AccessDenied'));
  await assert.rejects(s3.send(copied('private/none')), refusal('AccessDenied'));
});

test('what is not there, is not found', async (t) => {
  const { s3, put } = await bucketTest(t);
  const nothing = { Bucket: 'books', Key: 'nothing' };
  await assert.rejects(s3.send(new GetObjectCommand(nothing)), refusal('NoSuchKey'));
  await assert.rejects(s3.send(new HeadObjectCommand(nothing)), refusal('NotFound'));
  await assert.rejects(s3.send(new GetObjectTaggingCommand(nothing)), refusal('NoSuchKey'));
  const attributes = new GetObjectAttributesCommand({ ...nothing, ObjectAttributes: ['ETag'] });
  await assert.rejects(s3.send(attributes), refusal('NoSuchKey'));
  const nowhere = new PutObjectCommand({ Bucket: 'nowhere', Key: 'k', Body: 'x' });
  await assert.rejects(s3.send(nowhere), refusal('NoSuchBucket'));
  await put('something');
  const other = new GetObjectCommand({ Bucket: 'books', Key: 'something', VersionId: 'A'.repeat(32) });
  await assert.rejects(s3.send(other), refusal('NoSuchVersion'));
});

test('ranges are parts of the object', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('digits', '0123456789');
  const read = async (Range: string) => {
    const { Body, ContentRange, $metadata } = await s3.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }));
    return [$metadata.httpStatusCode, await textOf(Body), ContentRange];
  };
  assert.deepEqual(await read('bytes=2-4'), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await read('bytes=7-'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await read('bytes=-3'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await read('bytes=8-100'), [206, '89', 'bytes 8-9/10']);
  assert.deepEqual(await read('bytes=5-2'), [200, '0123456789', undefined]);
  await assert.rejects(read('bytes=10-'), refusal('InvalidRange'));
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=0-1' }));
  assert.equal(head.ContentLength, 2);
});

test('the answer to a read may be asked to say other headers', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('k');
  const input = { Bucket, Key: 'k', ResponseContentType: 'text/html', ResponseCacheControl: 'private' };
  const { ContentType, CacheControl } = await s3.send(new GetObjectCommand(input));
  assert.deepEqual([ContentType, CacheControl], ['text/html', 'private']);
});

test('who waits for 100 Continue is refused before it sends', async (t) => {
  const { c, s3, Bucket } = await bucketTest(t);
  const draft = { method: 'PUT', path: `/${Bucket}/k`, body: Buffer.from('text') };
  const said = ({ headers, body }: RawRequest) =>
    new Promise<string>((resolve, reject) => {
      const all = { ...headers, expect: '100-continue', 'content-length': String(body.length) };
      const client = httpRequest({ host: '127.0.0.1', port: c.port, ...draft, headers: all, agent: false });
      let log = '';
      client.on('continue', () => {
        log += '100 ';
        client.end(body);
      });
      client.on('response', (answer) => {
        resolve(`${log}${answer.statusCode}`);
        client.destroy();
      });
      client.on('error', reject).flushHeaders();
    });
  assert.equal(await said(unsigned(c, { ...draft, query: {} })), '403');
  assert.equal(await said(await signedRequest(c, draft, { service: 's3' })), '100 200');
  assert.equal(await textOf((await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body), 'text');
});

test('a read does not say how to encrypt', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  await put('k');
  for (const method of ['GET', 'HEAD']) {
    const draft = { method, path: `/${Bucket}/k`, headers: { 'x-amz-server-side-encryption': 'AES256' } };
    const answer = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
    assert.equal(answer.status, 400);
    if (method === 'GET') assert.equal(answer.code, 'InvalidArgument');
  }
});

test('where a page leads to is no metadata that a copy takes along', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  const leadsTo = async (Key: string) =>
    (await s3.send(new HeadObjectCommand({ Bucket, Key }))).WebsiteRedirectLocation;
  await put('k', 'text', { WebsiteRedirectLocation: '/there', CacheControl: 'no-store' });
  const copy = (further: object = {}) =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k`, ...further }));
  await copy();
  assert.equal(await leadsTo('copy'), undefined);
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).CacheControl, 'no-store');
  await copy({ WebsiteRedirectLocation: 'https://example.com/' });
  assert.equal(await leadsTo('copy'), 'https://example.com/');
  const nowhere = { WebsiteRedirectLocation: 'there' };
  const words = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
  await assert.rejects(put('k', 'text', nowhere), refusal('InvalidRedirectLocation', words));
  await assert.rejects(copy(nowhere), refusal('InvalidRedirectLocation'));
});

const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const satisfies readonly ChecksumAlgorithm[];

test('check sums are verified, kept and told', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  for (const ChecksumAlgorithm of ALGORITHMS) {
    await put(ChecksumAlgorithm, 'text', { ChecksumAlgorithm });
    const member = `Checksum${ChecksumAlgorithm}` as const;
    const input = { Bucket, Key: ChecksumAlgorithm };
    const head = await s3.send(new HeadObjectCommand({ ...input, ChecksumMode: 'ENABLED' }));
    assert.equal(head.ChecksumType, 'FULL_OBJECT');
    assert.ok(head[member], member);
    const attributes = new GetObjectAttributesCommand({ ...input, ObjectAttributes: ['Checksum'] });
    assert.equal((await s3.send(attributes)).Checksum?.[member], head[member]);
    // The SDK checks it against what it reads.
    const got = await s3.send(new GetObjectCommand({ ...input, ChecksumMode: 'ENABLED' }));
    assert.equal(await textOf(got.Body), 'text');
  }
  await assert.rejects(put('k', 'text', { ChecksumSHA1: 'AAAA' }), refusal('InvalidRequest'));
  const wrong = createHash('sha1').update('other').digest('base64');
  await assert.rejects(put('k', 'text', { ChecksumSHA1: wrong }), refusal('BadDigest'));
  await assert.rejects(put('k', 'text', { ChecksumSHA1: wrong, ChecksumCRC32: 'AAAAAA==' }), refusal('InvalidRequest'));
  await assert.rejects(put('k', 'text', { ContentMD5: 'no md5' }), refusal('InvalidDigest'));
  const md5 = createHash('md5').update('other').digest('base64');
  await assert.rejects(put('k', 'text', { ContentMD5: md5 }), refusal('BadDigest'));
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })), refusal('NotFound'));
});

test('attributes of an object', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('k', 'text', { StorageClass: 'STANDARD_IA' });
  const ObjectAttributes = ['ETag', 'ObjectSize', 'StorageClass', 'ObjectParts'] as const;
  const got = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key: 'k', ObjectAttributes: [...ObjectAttributes] }),
  );
  const ETag = createHash('md5').update('text').digest('hex');
  const { $metadata: _, LastModified, ...attributes } = got;
  assert.deepEqual(attributes, { ETag, ObjectSize: 4, StorageClass: 'STANDARD_IA' });
  assert.ok(LastModified);
  await assert.rejects(put('k', 'text', { StorageClass: 'WARM' as 'GLACIER' }), refusal('InvalidStorageClass'));
});

test('a copy has the source’s bytes and metadata, or new metadata', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('a b', 'text', { Metadata: { a: '1' }, ContentType: 'text/x', Tagging: 'k=v' });
  const CopySource = `${Bucket}/a%20b`;
  const copy = (further: object = {}) =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...further }));
  const head = async (Key = 'copy') => {
    const { Metadata, ContentType, TagCount } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
    return { Metadata, ContentType, TagCount };
  };
  const { CopyObjectResult } = await copy();
  assert.equal(CopyObjectResult?.ETag, `"${createHash('md5').update('text').digest('hex')}"`);
  assert.deepEqual(await head(), { Metadata: { a: '1' }, ContentType: 'text/x', TagCount: 1 });
  await copy({ MetadataDirective: 'REPLACE', Metadata: { b: '2' }, TaggingDirective: 'REPLACE', Tagging: 'x=1&y=2' });
  assert.deepEqual(await head(), { Metadata: { b: '2' }, ContentType: 'binary/octet-stream', TagCount: 2 });
  const onItself = new CopyObjectCommand({ Bucket, Key: 'a b', CopySource });
  await assert.rejects(s3.send(onItself), refusal('InvalidRequest'));
  await assert.rejects(copy({ CopySource: 'nothing' }), refusal('InvalidArgument'));
  await assert.rejects(copy({ CopySource: `${Bucket}/nothing` }), refusal('NoSuchKey'));
  await assert.rejects(copy({ CopySource: 'nowhere/k' }), refusal('NoSuchBucket'));
  await assert.rejects(copy({ CopySourceIfMatch: '"other"' }), refusal('PreconditionFailed'));
  await assert.rejects(copy({ CopySourceIfNoneMatch: CopyObjectResult?.ETag }), refusal('PreconditionFailed'));
});

test('tags of an object', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('k', 'text', { Tagging: 'a=1&b=%20x' });
  const tags = async () =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet?.map(
      ({ Key, Value }) => `${Key}=${Value}`,
    );
  const tag = (...TagSet: { Key: string; Value: string }[]) =>
    s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } }));
  assert.deepEqual(await tags(), ['a=1', 'b= x']);
  await tag({ Key: 'c', Value: '3' });
  assert.deepEqual(await tags(), ['c=3']);
  const many = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: '' }));
  await assert.rejects(tag(...many), refusal('BadTagCount'));
  await assert.rejects(tag({ Key: 'x'.repeat(129), Value: '' }), refusal('InvalidTag'));
  await assert.rejects(tag({ Key: 'x', Value: 'y'.repeat(257) }), refusal('InvalidTag'));
  await assert.rejects(tag({ Key: 'x', Value: '1' }, { Key: 'x', Value: '2' }), refusal('InvalidTag'));
  await assert.rejects(put('k', 'text', { Tagging: 'a=1&a=2' }), refusal('InvalidArgument'));
  await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'k' }));
  assert.deepEqual(await tags(), []);
});

test('metadata beyond ASCII is mail-safe in answers', async (t) => {
  const { c, s3, Bucket } = await bucketTest(t);
  const head = async (value: string) => {
    const headers = { 'x-amz-meta-a': value };
    const draft = { method: 'PUT', path: `/${Bucket}/k`, headers };
    await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
    return (await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).Metadata?.['a'];
  };
  assert.equal(await head('=?UTF-8?Q?=C3=84?='), `=?UTF-8?B?${Buffer.from('Ä').toString('base64')}?=`);
  assert.equal(await head('plain'), 'plain');
});

test('metadata has room for 2 KB', async (t) => {
  const { put } = await bucketTest(t);
  await put('k', 'text', { Metadata: { a: 'x'.repeat(2047) } });
  await assert.rejects(put('k', 'text', { Metadata: { a: 'x'.repeat(2048) } }), refusal('MetadataTooLarge'));
});

test('deleting is the same whether the key is there or not; many at once', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await put('k');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })), refusal('NotFound'));
  for (const Key of ['a', 'b', 'c']) await put(Key);
  const Objects = [{ Key: 'a' }, { Key: 'b' }, { Key: 'x' }];
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(
    Deleted?.map(({ Key }) => Key),
    ['a', 'b', 'x'],
  );
  assert.equal(Errors, undefined);
  const quiet = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'c' }], Quiet: true } }));
  assert.equal(quiet.Deleted, undefined);
  const tooMany = Array.from({ length: 1001 }, (_, index) => ({ Key: `k${index}` }));
  const remove = s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: tooMany } }));
  await assert.rejects(remove, refusal('MalformedXML'));
});

test('lists, in order, by prefix and delimiter, page by page', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  for (const Key of ['a', 'b/1', 'b/2', 'b/3/x', 'c d', 'e']) await put(Key);
  const list = async (input: object) => {
    const got = await s3.send(new ListObjectsV2Command({ Bucket, ...input }));
    const keys = got.Contents?.map(({ Key }) => Key) ?? [];
    const prefixes = got.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [];
    return { found: [...keys, ...prefixes], next: got.NextContinuationToken, count: got.KeyCount };
  };
  assert.deepEqual((await list({})).found, ['a', 'b/1', 'b/2', 'b/3/x', 'c d', 'e']);
  assert.deepEqual((await list({ Delimiter: '/' })).found, ['a', 'c d', 'e', 'b/']);
  assert.deepEqual((await list({ Delimiter: '/', Prefix: 'b/' })).found, ['b/1', 'b/2', 'b/3/']);
  assert.deepEqual((await list({ StartAfter: 'b/2' })).found, ['b/3/x', 'c d', 'e']);
  assert.deepEqual((await list({ EncodingType: 'url', Prefix: 'c' })).found, ['c%20d']);
  const first = await list({ MaxKeys: 2, Delimiter: '/' });
  assert.deepEqual([first.found, first.count], [['a', 'b/'], 2]);
  const second = await list({ MaxKeys: 2, Delimiter: '/', ContinuationToken: first.next });
  assert.deepEqual(second.found, ['c d', 'e']);
  assert.equal(second.next, undefined);
  assert.deepEqual(await list({ MaxKeys: 0 }), { found: [], next: undefined, count: 0 });
  await assert.rejects(list({ ContinuationToken: 'made up' }), refusal('InvalidArgument'));
  await assert.rejects(list({ MaxKeys: -1 }), refusal('InvalidArgument'));
  await assert.rejects(list({ EncodingType: 'base64' }), refusal('InvalidArgument'));
});

test('the older list has markers', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  for (const Key of ['a', 'b/1', 'b/2', 'c']) await put(Key);
  const page = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 2, Delimiter: '/' }));
  assert.deepEqual([page.IsTruncated, page.NextMarker, page.CommonPrefixes?.[0]?.Prefix], [true, 'b/', 'b/']);
  const rest = await s3.send(new ListObjectsCommand({ Bucket, Marker: page.NextMarker, Delimiter: '/' }));
  assert.deepEqual(
    rest.Contents?.map(({ Key }) => Key),
    ['c'],
  );
  assert.ok(rest.Contents?.[0]?.Owner?.ID?.match(/^[0-9a-f]{64}$/));
});

test('a large object comes and goes as a stream', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const Body = Buffer.alloc(3_000_000, 'abcdefghij');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'large', Body }));
  const whole = await s3.send(new GetObjectCommand({ Bucket, Key: 'large' }));
  assert.ok(Buffer.from((await whole.Body?.transformToByteArray()) ?? []).equals(Body));
  const range = await s3.send(new GetObjectCommand({ Bucket, Key: 'large', Range: 'bytes=1999999-2000001' }));
  assert.equal(await textOf(range.Body), 'jab');
});
