/** Reads, writes and deletions of S3 objects that are to happen only if something holds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { newUser } from '#test/sdk/people.ts';
import { sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, hasStatus } from '#test/sdk/s3.ts';

test('conditions on reads', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('k');
  const { ETag = '', LastModified = new Date() } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  const [before, after] = [new Date(LastModified.getTime() - 60_000), new Date(LastModified.getTime() + 60_000)];
  const read = (conditions: object) => s3.send(new GetObjectCommand({ Bucket, Key: 'k', ...conditions }));
  await read({ IfMatch: ETag });
  await read({ IfMatch: ETag, IfUnmodifiedSince: before });
  await assert.rejects(read({ IfMatch: '"other"' }), refusal('PreconditionFailed'));
  await assert.rejects(read({ IfUnmodifiedSince: before }), refusal('PreconditionFailed'));
  await read({ IfModifiedSince: before });
  await read({ IfNoneMatch: '"other"', IfModifiedSince: after });
  for (const conditions of [{ IfNoneMatch: ETag }, { IfModifiedSince: LastModified }]) {
    await assert.rejects(read(conditions), hasStatus(304));
  }
  const headers = { 'if-none-match': ETag };
  const draft = { method: 'GET', path: `/${Bucket}/k`, headers };
  const answer = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  assert.deepEqual([answer.status, answer.body, answer.headers['etag']], [304, '', ETag]);
  assert.equal(answer.headers['last-modified'], LastModified.toUTCString());
  assert.equal(answer.headers['content-type'], undefined);
});

test('what has not changed says how long it may be kept', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  const Expires = new Date('2030-01-01T00:00:00Z');
  await put('k', 'text', { CacheControl: 'max-age=60', Expires });
  const draft = { method: 'GET', path: `/${Bucket}/k`, headers: { 'if-none-match': '*' } };
  const { status, headers } = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  assert.deepEqual([status, headers['cache-control'], headers['expires']], [304, 'max-age=60', Expires.toUTCString()]);
});

test('conditions on writes', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  await assert.rejects(put('k', 'x', { IfMatch: '"other"' }), refusal('NoSuchKey'));
  await put('k', 'first', { IfNoneMatch: '*' });
  await assert.rejects(put('k', 'x', { IfNoneMatch: '*' }), refusal('PreconditionFailed'));
  await assert.rejects(put('k', 'x', { IfNoneMatch: '"etag"' }), refusal('NotImplemented'));
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  await put('k', 'second', { IfMatch: ETag });
  await assert.rejects(put('k', 'x', { IfMatch: ETag }), refusal('PreconditionFailed'));
  const remove = (IfMatch: string | undefined) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', IfMatch }));
  await assert.rejects(remove(ETag), refusal('PreconditionFailed'));
  await remove('*');
  await assert.rejects(remove('*'), refusal('NoSuchKey'));
  await assert.rejects(remove(ETag), refusal('NoSuchKey'));
  const Objects = [{ Key: 'k', ETag: '*' }];
  const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual(
    Errors?.map(({ Code }) => Code),
    ['NoSuchKey'],
  );
});

test('who deletes what is this and no other may also read it', async (t) => {
  const { c, s3, as, Bucket, put } = await bucketTest(t);
  await put('k');
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  const { credentials, allow } = await newUser(c, 'bob');
  const bob = as(credentials);
  const remove = (IfMatch: string | undefined) => bob.send(new DeleteObjectCommand({ Bucket, Key: 'k', IfMatch }));
  const removeMany = () => bob.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k', ETag }] } }));
  const may = (...Action: string[]) => allow({ Effect: 'Allow', Action, Resource: `arn:aws:s3:::${Bucket}/*` });
  await may('s3:DeleteObject');
  await assert.rejects(remove(ETag), refusal('AccessDenied'));
  assert.equal((await removeMany()).Errors?.[0]?.Code, 'AccessDenied');
  await remove('*');
  await put('k');
  await may('s3:DeleteObject', 's3:GetObject');
  await remove(ETag);
});
