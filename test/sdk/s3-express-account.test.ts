/** What the platform makes of directory buckets: bills, records, removal with their account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { ListDirectoryBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { hours } from '#platform/base/clock.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { objects } from '#services/s3/state.ts';
import { operate } from '#test/sdk/people.ts';
import { ControlS3, directoryTest } from '#test/sdk/s3-express.ts';
import { until } from '#test/until.ts';

test('requests and storage are metered by their own names', async (t) => {
  const { c, s3, Bucket } = await directoryTest(t);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x'.repeat(1000) }));
  const place = { service: 's3express', account: c.account as never, region: 'us-east-1' as never };
  const records = () => c.running.cloud.store.partition(place).read((tx) => usageOf(tx, 0, c.clock.now() + hours(1)));
  const amountOf = (usageType: string, operation: string) =>
    records().find((each) => each.usageType === usageType && each.operation === operation)?.amount;
  assert.equal(amountOf('Requests-XZ-Tier1', 'PutObject'), 1);
  assert.equal(amountOf('Requests-XZ-Tier2', 'CreateSession'), 1);
  assert.equal(amountOf('DataTransfer-In-Bytes', 'PutObject'), 1000);
  c.advance(hours(13));
  await until(() => amountOf('TimedStorage-XZ-ByteHrs', 'Storage') === 12_000, 'the storage of twelve hours');
});

test('records name the service and the bucket', async (t) => {
  const { c, Bucket } = await directoryTest(t);
  const trail = c.client(CloudTrailClient);
  const found = async () => {
    const lookup = { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateBucket' }] } as const;
    const { Events } = await trail.send(new LookupEventsCommand({ LookupAttributes: [...lookup.LookupAttributes] }));
    return Events?.[0];
  };
  await until(async () => (await found()) !== undefined, 'the record');
  const event = await found();
  assert.equal(event?.EventSource, 's3express.amazonaws.com');
  const [resource] = event?.Resources ?? [];
  assert.equal(resource?.ResourceType, 'AWS::S3Express::DirectoryBucket');
  assert.match(resource?.ResourceName ?? '', new RegExp(Bucket));
});

test('they go with their account, once they are empty', async (t) => {
  const { c, s3, Bucket } = await directoryTest(t);
  const remove = async () => (await operate(c, 'RemoveAccountResources', { AccountId: c.account }))['Remaining'];
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  assert.match(JSON.stringify(await remove()), /s3express.*BucketNotEmpty/);
  const place = { service: 's3express', account: c.account as never, region: 'us-east-1' as never };
  c.running.cloud.store.partition(place).transact((tx) => tx.deleteRange(objects, [1]));
  await remove();
  const { AccessKey } = await operate(c, 'CreateAccountAccessKey', { AccountId: c.account, Owner: 'root' });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey as Record<string, string>;
  const root = c.client(ControlS3, { credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } });
  assert.deepEqual((await root.send(new ListDirectoryBucketsCommand({}))).Buckets, []);
});
