/** Ways around a refusal: by a copy, by many at once, by who is not known, by asking at the same time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { newUser } from '#test/sdk/people.ts';
import { sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest } from '#test/sdk/s3.ts';

const ALL = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
const policyOf = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });

test('what a tag keeps from being read can not be copied', async (t) => {
  const { c, s3, Bucket, put, as } = await bucketTest(t);
  await put('secret', 'text', { Tagging: 'class=secret' });
  const user = await newUser(c, 'copier');
  const StringEquals = { 's3:ExistingObjectTag/class': 'secret' };
  await user.allow(ALL, { Effect: 'Deny', Action: 's3:GetObject', Resource: '*', Condition: { StringEquals } });
  const copier = as(user.credentials);
  await assert.rejects(copier.send(new GetObjectCommand({ Bucket, Key: 'secret' })), refusal('AccessDenied'));
  const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/secret` });
  await assert.rejects(copier.send(copy), refusal('AccessDenied'));
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'secret', Tagging: { TagSet: [] } }));
  await copier.send(copy);
});

test('tags go along with a copy for those who may read and write them', async (t) => {
  const { c, Bucket, put, as } = await bucketTest(t);
  await put('tagged', 'text', { Tagging: 'colour=red' });
  await put('plain');
  const user = await newUser(c, 'copier');
  const copier = as(user.credentials);
  const copy = (source: string, further: object = {}) =>
    copier.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${source}`, ...further }));
  const plain = { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: '*' };
  await user.allow(plain);
  await copy('plain');
  await assert.rejects(copy('tagged'), refusal('AccessDenied'));
  await copy('tagged', { TaggingDirective: 'REPLACE' });
  const reads = { Effect: 'Allow', Action: 's3:GetObjectTagging', Resource: '*' };
  await user.allow(plain, reads);
  await assert.rejects(copy('tagged'), refusal('AccessDenied'));
  const writes = (colour: string) => ({
    Effect: 'Allow',
    Action: 's3:PutObjectTagging',
    Resource: '*',
    Condition: { StringEquals: { 's3:RequestObjectTag/colour': colour } },
  });
  await user.allow(plain, reads, writes('blue'));
  await assert.rejects(copy('tagged'), refusal('AccessDenied'));
  await user.allow(plain, reads, writes('red'));
  await copy('tagged');
});

test('a condition on new tags holds for the document of tags as for the header', async (t) => {
  const { c, Bucket, put, as } = await bucketTest(t);
  await put('k');
  const user = await newUser(c, 'tagger');
  const StringEquals = { 's3:RequestObjectTag/class': 'secret' };
  await user.allow(ALL, { Effect: 'Deny', Action: 's3:PutObjectTagging', Resource: '*', Condition: { StringEquals } });
  const tag = (Value: string) =>
    as(user.credentials).send(
      new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'class', Value }] } }),
    );
  await tag('open');
  await assert.rejects(tag('secret'), refusal('AccessDenied'));
});

test('what a condition keeps from being deleted stays when many are deleted', async (t) => {
  const { c, s3, Bucket, put, as } = await bucketTest(t);
  await put('kept', 'text', { Tagging: 'keep=yes' });
  await put('other');
  const user = await newUser(c, 'cleaner');
  const StringEquals = { 's3:ExistingObjectTag/keep': 'yes' };
  await user.allow(ALL, { Effect: 'Deny', Action: 's3:DeleteObject', Resource: '*', Condition: { StringEquals } });
  const Objects = [{ Key: 'kept' }, { Key: 'other' }];
  const { Deleted, Errors } = await as(user.credentials).send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
  );
  assert.deepEqual([Deleted?.map(({ Key }) => Key), Errors?.map(({ Key }) => Key)], [['other'], ['kept']]);
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 1);
});

test('who has not signed can not choose the headers of an answer', async (t) => {
  const { c, s3, Bucket, put } = await bucketTest(t);
  await put('page');
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const everybody = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` };
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(everybody) }));
  const get = (query: Record<string, string>) =>
    sendRaw(c, unsigned(c, { method: 'GET', path: `/${Bucket}/page`, query }));
  assert.equal((await get({})).status, 200);
  const refused = await get({ 'response-content-type': 'text/html' });
  assert.deepEqual([refused.status, refused.code], [400, 'InvalidRequest']);
});

test('a condition that passes where its key is absent leaves a policy public', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const block = { BlockPublicPolicy: true };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: block }));
  const put = (operator: string) => {
    const Condition = { [operator]: { 'aws:SourceAccount': ['123456789012'] } };
    const Resource = `arn:aws:s3:::${Bucket}/*`;
    const Policy = policyOf({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource, Condition });
    return s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  };
  const blocked =
    /: s3:PutBucketPolicy on resource: "arn:aws:s3:::.*" because public policies are blocked by the BlockPublicPolicy block/;
  await assert.rejects(put('ForAllValues:StringEquals'), refusal('AccessDenied', blocked));
  await put('StringEquals');
});

test('a bucket that is made while its namesake is removed keeps its name', async (t) => {
  const { s3 } = await bucketTest(t);
  const Bucket = 'now-and-then';
  const make = () => s3.send(new CreateBucketCommand({ Bucket })).catch(() => undefined);
  let met = 0;
  for (let round = 0; round < 20; round++) {
    await make();
    await Promise.all([s3.send(new DeleteBucketCommand({ Bucket })), make(), make(), make()]);
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
    if (!Buckets.some(({ Name }) => Name === Bucket)) continue;
    met++;
    await s3.send(new HeadBucketCommand({ Bucket }));
  }
  assert.ok(met > 0, 'never was it made again in time');
});

test('a list ends early where much is there and little is to be shown', async (t) => {
  const { s3, Bucket, put } = await bucketTest(t);
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  for (let from = 0; from < 12_000; from += 1_000) {
    const Objects = Array.from({ length: 1_000 }, (_, i) => ({ Key: `gone/${from + i}` }));
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
  }
  await put('there');
  const first = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual([first.KeyCount, first.IsTruncated], [0, true]);
  const second = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: first.NextContinuationToken }));
  assert.deepEqual([second.Contents?.[0]?.Key, second.IsTruncated], ['there', false]);
  const old = await s3.send(new ListObjectsCommand({ Bucket }));
  const rest = await s3.send(new ListObjectsCommand({ Bucket, Marker: old.NextMarker }));
  assert.deepEqual([old.Contents, rest.Contents?.[0]?.Key], [undefined, 'there']);
});

test('uploads under one prefix are one entry, and cost as much', async (t) => {
  const { s3, Bucket } = await bucketTest(t);
  const names = Array.from({ length: 300 }, (_, i) => `${i % 2 ? 'a' : 'b'}/${i}`);
  await Promise.all(names.map((Key) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))));
  const list = async (further: object) => {
    const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/', ...further }));
    return { prefixes: page.CommonPrefixes?.map(({ Prefix }) => Prefix), next: page.NextKeyMarker };
  };
  assert.deepEqual(await list({}), { prefixes: ['a/', 'b/'], next: undefined });
  assert.deepEqual(await list({ MaxUploads: 1 }), { prefixes: ['a/'], next: 'a/' });
  assert.deepEqual(await list({ MaxUploads: 1, KeyMarker: 'a/' }), { prefixes: ['b/'], next: undefined });
});
