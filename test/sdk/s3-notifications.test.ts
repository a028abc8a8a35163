/** Notifications of buckets to queues: what is sent, to whom, and which configurations are refused. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { cloud } from '#test/sdk/cloud.ts';
import { eventQueue } from '#test/sdk/event-queue.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

interface Told {
  readonly eventName: string;
  readonly eventVersion: string;
  readonly eventTime: string;
  readonly awsRegion: string;
  readonly userIdentity: { readonly principalId: string };
  readonly s3: {
    readonly configurationId: string;
    readonly bucket: { readonly name: string; readonly arn: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly sequencer: string;
      readonly versionId?: string;
    };
  };
}

async function start(t: TestContext) {
  const c = await cloud(t);
  const s3 = c.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket: 'photos' }));
  const told = await eventQueue<Told>(c);
  const letIn = (source = 'arn:aws:s3:::photos') =>
    told.letIn({ ArnLike: { 'aws:SourceArn': source }, StringEquals: { 'aws:SourceAccount': c.account } });
  const configure = (NotificationConfiguration: NotificationConfiguration, SkipDestinationValidation?: boolean) =>
    s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: 'photos',
        NotificationConfiguration,
        SkipDestinationValidation,
      }),
    );
  const { QueueArn: queue, next } = told;
  const nextRecord = async () => (await next()).Records?.[0] ?? assert.fail('a record');
  return { c, s3, queue, letIn, configure, next, nextRecord };
}

const ALL = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:ObjectTagging:*'] as const;

test('a configured queue gets a test message, then a record for each event, in order', async (t) => {
  const { c, s3, queue, letIn, configure, next, nextRecord } = await start(t);
  await letIn();
  await configure({ QueueConfigurations: [{ Id: 'all', QueueArn: queue, Events: [...ALL] }] });
  assert.equal((await next()).Event, 's3:TestEvent');
  const Bucket = 'photos';
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'red flower+é.jpg', Body: 'flower' }));
  const put = await nextRecord();
  assert.equal(put.eventVersion, '2.5');
  assert.equal(put.eventName, 'ObjectCreated:Put');
  assert.equal(put.awsRegion, 'us-east-1');
  assert.match(put.userIdentity.principalId, /^AWS:/);
  assert.equal(put.s3.configurationId, 'all');
  assert.deepEqual([put.s3.bucket.name, put.s3.bucket.arn], [Bucket, 'arn:aws:s3:::photos']);
  const { key, size, eTag, versionId } = put.s3.object;
  assert.deepEqual([key, size, `"${eTag}"`, versionId], ['red+flower%2B%C3%A9.jpg', 6, ETag, undefined]);
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: '/photos/red%20flower%2B%C3%A9.jpg' }));
  assert.equal((await nextRecord()).eventName, 'ObjectCreated:Copy');
  const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
  await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'copy', Tagging }));
  assert.equal((await nextRecord()).eventName, 'ObjectTagging:Put');
  await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'copy' }));
  assert.equal((await nextRecord()).eventName, 'ObjectTagging:Delete');
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = await s3.send(new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: 1, Body: 'one' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: part.ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }));
  assert.equal((await nextRecord()).eventName, 'ObjectCreated:CompleteMultipartUpload');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'red flower+é.jpg' }));
  const gone = await nextRecord();
  assert.equal(gone.eventName, 'ObjectRemoved:Delete');
  assert.ok(gone.s3.object.sequencer > put.s3.object.sequencer);
  assert.equal(gone.s3.object.size, undefined);
  assert.equal(Date.parse(gone.eventTime) <= c.clock.now(), true);
});

test('in a versioned bucket records name versions, and markers have an event of their own', async (t) => {
  const { s3, queue, letIn, configure, next, nextRecord } = await start(t);
  await letIn();
  const Bucket = 'photos';
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await configure({ QueueConfigurations: [{ QueueArn: queue, Events: [...ALL] }] });
  await next();
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }));
  assert.equal((await nextRecord()).s3.object.versionId, VersionId);
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  const made = await nextRecord();
  assert.equal(made.eventName, 'ObjectRemoved:DeleteMarkerCreated');
  assert.equal(made.s3.object.versionId, marker.VersionId);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId }));
  const gone = await nextRecord();
  assert.deepEqual([gone.eventName, gone.s3.object.versionId], ['ObjectRemoved:Delete', VersionId]);
});

test('prefix and suffix choose, a configuration is read back, and an empty one ends it', async (t) => {
  const { s3, queue, letIn, configure, next, nextRecord } = await start(t);
  await letIn();
  const Bucket = 'photos';
  const FilterRules = [
    { Name: 'prefix', Value: 'in/' },
    { Name: 'suffix', Value: '.jpg' },
  ] as const;
  const rule = {
    Id: 'jpg',
    QueueArn: queue,
    Events: ['s3:ObjectCreated:Put' as const],
    Filter: { Key: { FilterRules: [...FilterRules] } },
  };
  await configure({ QueueConfigurations: [rule] });
  await next();
  const read = async () =>
    (await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))).QueueConfigurations;
  const shown = (await read())?.[0];
  assert.deepEqual([shown?.Id, shown?.QueueArn, shown?.Events], ['jpg', queue, ['s3:ObjectCreated:Put']]);
  assert.deepEqual(
    shown?.Filter?.Key?.FilterRules?.map(({ Name, Value }) => [Name?.toLowerCase(), Value]),
    [
      ['prefix', 'in/'],
      ['suffix', '.jpg'],
    ],
  );
  for (const Key of ['out/a.jpg', 'in/a.png', 'in/a.jpg']) await s3.send(new PutObjectCommand({ Bucket, Key }));
  assert.equal((await nextRecord()).s3.object.key, 'in/a.jpg');
  await configure({});
  assert.equal(await read(), undefined);
});

test('a queue that does not let S3 in, or is none, is refused; unless the check is skipped', async (t) => {
  const { c, queue, letIn, configure } = await start(t);
  const on = (QueueArn: string) => ({ QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }] });
  const unable = { name: 'InvalidArgument', message: /Unable to validate the following destination configurations/ };
  await assert.rejects(configure(on(queue)), unable);
  await letIn('arn:aws:s3:::another');
  await assert.rejects(configure(on(queue)), unable);
  await assert.rejects(configure(on(`${queue}-gone`)), unable);
  await assert.rejects(configure(on(`${queue}.fifo`)), unable);
  await assert.rejects(configure(on(`arn:aws:sqs:eu-west-1:${c.account}:told`)), {
    name: 'InvalidArgument',
    message: /destination service region is not valid/,
  });
  await assert.rejects(configure(on('told')), { name: 'InvalidArgument', message: /not well formed/ });
  await configure(on(queue), true);
});

test('rules that overlap, filters that are none and targets that are not there are refused', async (t) => {
  const { queue, letIn, configure } = await start(t);
  await letIn();
  const rule = (
    Events: readonly ('s3:ObjectCreated:*' | 's3:ObjectCreated:Put')[],
    ...filters: [string, string][]
  ) => ({
    QueueArn: queue,
    Events: [...Events],
    // Any text: what is refused is no name of the SDK's.
    Filter: { Key: { FilterRules: filters.map(([Name, Value]) => ({ Name: Name as 'prefix', Value })) } },
  });
  const refused = (message: RegExp, ...QueueConfigurations: ReturnType<typeof rule>[]) =>
    assert.rejects(configure({ QueueConfigurations }), { name: 'InvalidArgument', message });
  await refused(/Configurations overlap/, rule(['s3:ObjectCreated:*']), rule(['s3:ObjectCreated:Put']));
  await refused(
    /ambiguously defined/,
    rule(['s3:ObjectCreated:*'], ['prefix', 'a']),
    rule(['s3:ObjectCreated:Put'], ['prefix', 'ab']),
  );
  await refused(/must be either prefix or suffix/, rule(['s3:ObjectCreated:*'], ['middle', 'a']));
  await refused(/more than one prefix/, rule(['s3:ObjectCreated:*'], ['prefix', 'a'], ['prefix', 'b']));
  await refused(/cannot exceed 1024/, rule(['s3:ObjectCreated:*'], ['prefix', 'a'.repeat(1025)]));
  const named = { ...rule(['s3:ObjectCreated:*'], ['prefix', 'a']), Id: 'one' };
  await refused(/IDs must be unique/, named, { ...named, ...rule(['s3:ObjectCreated:*'], ['prefix', 'b']) });
  await refused(/ID is too long/, { ...named, Id: 'x'.repeat(256) } as typeof named);
  const Events = ['s3:ObjectCreated:*' as const];
  for (const other of [
    { TopicConfigurations: [{ TopicArn: 'arn:aws:sns:us-east-1:123456789012:told', Events }] },
    { LambdaFunctionConfigurations: [{ LambdaFunctionArn: 'arn:aws:lambda:us-east-1:1:function:f', Events }] },
    { EventBridgeConfiguration: {} },
  ]) {
    await assert.rejects(configure(other), { name: 'NotImplemented' });
  }
});
