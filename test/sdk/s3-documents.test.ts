/** The form of S3's documents, and what headers say of bodies. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest } from '#test/sdk/s3.ts';

test('documents have the form of those in the API Reference', async (t) => {
  const { c, Bucket, put } = await bucketTest(t);
  await put('k');
  for (const path of ['/', `/${Bucket}`]) {
    const { body } = await sendRaw(c, await signedRequest(c, { method: 'GET', path }, { service: 's3' }));
    assert.match(body, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<List/);
    const [, name, time] = /<(LastModified|CreationDate)>([^<]+)</.exec(body) ?? [];
    assert.match(time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/, name);
  }
});

test('documents are held against the digests that come with them', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('k');
  const body = Buffer.from('<Delete><Object><Key>k</Key></Object></Delete>');
  const send = async (headers: Record<string, string>) => {
    const draft = { method: 'POST', path: `/${Bucket}`, query: { delete: '' }, headers, body };
    return sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  };
  const digest = (name: string, of: string | Buffer) => createHash(name).update(of).digest('base64');
  assert.deepEqual((await send({})).code, 'InvalidRequest');
  assert.equal((await send({ 'content-md5': 'AAAA' })).code, 'InvalidDigest');
  assert.equal((await send({ 'content-md5': digest('md5', 'other') })).code, 'BadDigest');
  assert.equal((await send({ 'x-amz-checksum-sha256': digest('sha256', 'other') })).code, 'BadDigest');
  assert.equal((await send({ 'x-amz-checksum-crc32c': 'AAAAAA==' })).code, 'BadDigest');
  await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  assert.equal((await send({ 'content-md5': digest('md5', body) })).status, 200);
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })), refusal('NotFound'));
});

test('who announces a check sum sends one', async (t) => {
  const { c, Bucket } = await bucketTest(t);
  const headers = { 'x-amz-sdk-checksum-algorithm': 'CRC32' };
  const draft = { method: 'PUT', path: `/${Bucket}/k`, headers };
  const answer = await sendRaw(c, await signedRequest(c, draft, { service: 's3' }));
  assert.deepEqual([answer.status, answer.code], [400, 'InvalidRequest']);
});
