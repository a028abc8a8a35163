/** S3 Batch Operations and directory buckets: copies go into them and out of them; nothing else is done there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { counts, type Given, startJobs, tagged } from '#test/sdk/jobs.ts';
import { arnOf, SOURCE, TARGET } from '#test/sdk/replication.ts';
import { ControlS3, configurationOf, ZONE } from '#test/sdk/s3-express.ts';

test('copies by a job go to directory buckets, and from them', async (t) => {
  const { c, s3, create, ends, manifest, put, AccountId } = await startJobs(t);
  await put('a');
  const fast = `fast--${ZONE}--x-s3`;
  const express = c.client(ControlS3);
  await express.send(new CreateBucketCommand({ Bucket: fast, CreateBucketConfiguration: configurationOf() }));
  const run = async (Bucket: string, Operation: Given['Operation']) =>
    counts(await ends(await create({ Manifest: await manifest(`${Bucket},a\n`), Operation })));
  const TargetResource = `arn:aws:s3express:us-east-1:${AccountId}:bucket/${fast}`;
  assert.deepEqual(await run(SOURCE, { S3PutObjectCopy: { TargetResource } }), [1, 1, 0]);
  const { StorageClass } = await express.send(new HeadObjectCommand({ Bucket: fast, Key: 'a' }));
  assert.equal(StorageClass, 'EXPRESS_ONEZONE');
  const back = { TargetResource: arnOf(TARGET), TargetKeyPrefix: 'back' };
  assert.deepEqual(await run(fast, { S3PutObjectCopy: back }), [1, 1, 0]);
  const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: TARGET, Key: 'back/a' }));
  assert.equal(ContentLength, 'of a'.length);
  assert.deepEqual(await run(fast, tagged), [1, 0, 1]);
});
