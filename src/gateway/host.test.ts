import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostReader } from '#gateway/host.ts';

const read = hostReader(['localhost', 'cloud.example']);

test('a host names service, region and bucket', () => {
  const cases: [string, string | undefined, string | undefined, string | undefined][] = [
    ['localhost:4566', undefined, undefined, undefined],
    ['127.0.0.1:4566', undefined, undefined, undefined],
    ['[::1]:4566', undefined, undefined, undefined],
    ['sqs.us-west-2.localhost:4566', 'sqs', 'us-west-2', undefined],
    ['sqs.us-west-2.amazonaws.com', 'sqs', 'us-west-2', undefined],
    ['SQS.US-WEST-2.AMAZONAWS.COM', 'sqs', 'us-west-2', undefined],
    ['sqs.us-west-2.api.aws', 'sqs', 'us-west-2', undefined],
    ['iam.amazonaws.com', 'iam', undefined, undefined],
    ['us-east-1.signin.aws.amazon.com', 'signin', undefined, undefined],
    ['queue.amazonaws.com', 'sqs', 'us-east-1', undefined],
    ['eu-west-1.queue.amazonaws.com', 'sqs', 'eu-west-1', undefined],
    ['my.bucket.s3.eu-west-1.cloud.example', 's3', 'eu-west-1', 'my.bucket'],
    ['bucket.s3.amazonaws.com', 's3', undefined, 'bucket'],
    ['bucket.s3.dualstack.eu-west-1.amazonaws.com', 's3', 'eu-west-1', 'bucket'],
    ['s3-eu-west-1.amazonaws.com', 's3', 'eu-west-1', undefined],
    ['bucket.s3-eu-west-1.amazonaws.com', 's3', 'eu-west-1', 'bucket'],
    ['sqs.s3.localhost', 's3', undefined, 'sqs'],
    ['sqs-fips.us-east-1.amazonaws.com', 'sqs', 'us-east-1', undefined],
  ];
  for (const [host, service, region, bucket] of cases) {
    const facts = read(host);
    assert.deepEqual([facts?.service, facts?.region, facts?.bucket], [service, region, bucket], host);
  }
});

test('an unknown host is not ours', () => {
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    'amazonaws.com.evil.example',
    '',
    'a b',
    'localhost:x',
  ]) {
    assert.equal(read(host), undefined, host);
  }
});
