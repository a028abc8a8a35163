import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectAnnotationCommand,
  type DeleteObjectAnnotationCommandInput,
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  type GetObjectAnnotationCommandInput,
  ListObjectAnnotationsCommand,
  PutBucketVersioningCommand,
  PutObjectAnnotationCommand,
  type PutObjectAnnotationCommandInput,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UpdateObjectEncryptionCommand,
} from '@aws-sdk/client-s3';
import { days } from '#platform/base/clock.ts';
import { annotations } from '#services/s3/annotations/state.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, textOf } from '#test/sdk/s3.ts';

const annotator = ({ Bucket }: Pick<BucketTest, 'Bucket'>, s3: S3Client, Key = 'k') => ({
  put: (
    AnnotationName: string,
    AnnotationPayload: string | Uint8Array = 'text',
    more: Partial<PutObjectAnnotationCommandInput> = {},
  ) => s3.send(new PutObjectAnnotationCommand({ Bucket, Key, AnnotationName, AnnotationPayload, ...more })),
  get: (AnnotationName: string, more: Partial<GetObjectAnnotationCommandInput> = {}) =>
    s3.send(new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName, ...more })),
  text: async (AnnotationName: string, more: Partial<GetObjectAnnotationCommandInput> = {}) =>
    textOf((await s3.send(new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName, ...more }))).AnnotationPayload),
  names: async (VersionId?: string) => {
    const listed = await s3.send(new ListObjectAnnotationsCommand({ Bucket, Key, ...(VersionId && { VersionId }) }));
    return listed.Annotations?.map(({ AnnotationName }) => AnnotationName) ?? [];
  },
  remove: (AnnotationName: string, more: Partial<DeleteObjectAnnotationCommandInput> = {}) =>
    s3.send(new DeleteObjectAnnotationCommand({ Bucket, Key, AnnotationName, ...more })),
});

/** How many rows there are, of whichever version. */
function rowsOf({ c }: BucketTest): number {
  const place = { service: 's3', account: c.account as never, region: 'us-east-1' as never };
  return c.running.cloud.store.partition(place).read((tx) => tx.range(annotations)).length;
}

test('annotations are put, read, listed, replaced and deleted', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket, put } = b;
  const notes = annotator(b, s3);
  await assert.rejects(notes.put('label'), refusal('NoSuchKey'));
  await put('k', 'object');
  const written = await notes.put('label', 'cat', { ChecksumAlgorithm: 'SHA256' });
  assert.deepEqual(
    [written.ETag, written.AnnotationName, written.Key, written.ServerSideEncryption, written.ChecksumType],
    ['"d077f244def8a70e5ea758bd8352fcd8"', 'label', 'k', 'AES256', 'FULL_OBJECT'],
  );
  const found = await notes.get('label', { ChecksumMode: 'ENABLED' });
  assert.deepEqual(
    [await textOf(found.AnnotationPayload), found.ContentLength, found.ChecksumSHA256, found.ETag],
    ['cat', 3, written.ChecksumSHA256, written.ETag],
  );
  await notes.put('label', 'kitten');
  assert.equal(await notes.text('label'), 'kitten');
  for (const name of ['a/1', 'a/2', 'é']) await notes.put(name);
  assert.deepEqual(await notes.names(), ['a/1', 'a/2', 'label', 'é']);
  const list = (more: object) => s3.send(new ListObjectAnnotationsCommand({ Bucket, Key: 'k', ...more }));
  const first = await list({ AnnotationPrefix: 'a/', MaxAnnotationResults: 1 });
  assert.deepEqual(
    [
      first.Annotations?.[0]?.AnnotationName,
      first.Annotations?.[0]?.Size,
      first.AnnotationCount,
      first.AnnotationPrefix,
    ],
    ['a/1', 4, 1, 'a/'],
  );
  const ContinuationToken = first.NextContinuationToken;
  const second = await list({ AnnotationPrefix: 'a/', ContinuationToken });
  assert.deepEqual(
    [second.Annotations?.map((each) => each.AnnotationName), second.NextContinuationToken],
    [['a/2'], undefined],
  );
  await assert.rejects(list({ ContinuationToken }), refusal('InvalidArgument'));
  await assert.rejects(list({ AnnotationPrefix: 'x'.repeat(513) }), refusal('InvalidPrefix'));
  await notes.remove('label');
  await notes.remove('label');
  await assert.rejects(notes.get('label'), refusal('NoSuchAnnotation'));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(rowsOf(b), 0);
});

test('names, sizes and texts that are refused', async (t) => {
  const b = await bucketTest(t);
  const { s3, put } = b;
  const notes = annotator(b, s3);
  await put('k', 'object');
  for (const name of ['aws-label', 'S3label'])
    await assert.rejects(notes.put(name), refusal('InvalidAnnotationName'), name);
  await assert.rejects(notes.put('é'.repeat(257)), refusal('AnnotationNameTooLong'));
  await notes.put('x'.repeat(512));
  await assert.rejects(notes.put('n', ''), refusal('InvalidRequest'));
  await notes.put('n', 'x'.repeat(1024 * 1024));
  await assert.rejects(notes.put('n', 'x'.repeat(1024 * 1024 + 1)), refusal('EntityTooLarge'));
  await assert.rejects(notes.put('n', Uint8Array.of(0xc3, 0x28)), refusal('UnsupportedMediaType'));
  await assert.rejects(notes.put('n', 'x', { ChecksumSHA1: 'qqqqqqqqqqqqqqqqqqqqqqqqqqo=' }), refusal('BadDigest'));
  await assert.rejects(notes.put('n', 'x', { ObjectIfMatch: '"other"' }), refusal('PreconditionFailed'));
  await assert.rejects(notes.remove('n', { ObjectIfMatch: '"other"' }), refusal('PreconditionFailed'));
  assert.equal((await notes.text('n')).length, 1024 * 1024);
});

test('there are a thousand of a version at most', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', 'object');
  const notes = annotator(b, b.s3);
  for (let i = 0; i < 1000; i += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => notes.put(`n${i + j}`)));
  await assert.rejects(notes.put('one more'), refusal('AnnotationLimitExceeded'));
  await notes.put('n7', 'again');
  await notes.remove('n8');
  await notes.put('one more');
});

test('a version has its own, and takes them with it', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket, put } = b;
  const notes = annotator(b, s3);
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const first = await put('k', 'one');
  await notes.put('label', 'of the first');
  const second = await put('k', 'two');
  assert.deepEqual(await notes.names(), []);
  const written = await notes.put('label', 'of the second');
  assert.equal(written.ObjectVersionId, second);
  assert.equal(await notes.text('label', { VersionId: first ?? '' }), 'of the first');
  await notes.put('later', 'x', { VersionId: first ?? '' });
  assert.deepEqual(await notes.names(first), ['label', 'later']);
  assert.equal(rowsOf(b), 3);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: first }));
  assert.equal(rowsOf(b), 1);
  assert.equal(await notes.text('label'), 'of the second');
});

test('a copy has them too, unless it says otherwise', async (t) => {
  const b = await bucketTest(t);
  const { c, s3, Bucket, put } = b;
  await put('k', 'object');
  await annotator(b, s3).put('label', 'cat');
  await annotator(b, s3).put('other', 'dog');
  const copy = (Key: string, more: object = {}, as = s3) =>
    as.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/k`, ...more }));
  await copy('copied');
  const copied = annotator(b, s3, 'copied');
  assert.deepEqual([await copied.names(), await copied.text('label')], [['label', 'other'], 'cat']);
  await annotator(b, s3).remove('label');
  assert.equal(await copied.text('label'), 'cat');
  await copy('said', { AnnotationDirective: 'COPY' });
  assert.deepEqual(await annotator(b, s3, 'said').names(), ['other']);
  await copy('bare', { AnnotationDirective: 'EXCLUDE' });
  assert.deepEqual(await annotator(b, s3, 'bare').names(), []);

  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  const user = b.as({ accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
  const allow = (...Action: string[]) => {
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action, Resource: '*' },
    });
    return iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument }));
  };
  await allow('s3:GetObject', 's3:PutObject', 's3:ListBucket');
  await assert.rejects(copy('his', {}, user), refusal('AccessDenied'));
  await assert.rejects(copy('his', { AnnotationDirective: 'COPY' }, user), refusal('AccessDenied'));
  await copy('his', { AnnotationDirective: 'EXCLUDE' }, user);
  const his = annotator(b, user);
  await assert.rejects(his.put('label'), refusal('AccessDenied'));
  await assert.rejects(his.text('other'), refusal('AccessDenied'));
  await assert.rejects(his.names(), refusal('AccessDenied'));
  await assert.rejects(his.remove('other'), refusal('AccessDenied'));
  await allow('s3:GetObject', 's3:PutObject', 's3:*Annotation*');
  await copy('his', {}, user);
  assert.deepEqual(await annotator(b, s3, 'his').names(), ['other']);
});

test('they are encrypted as their object is', async (t) => {
  const b = await bucketTest(t);
  const { c, s3, Bucket, put } = b;
  await put('k', 'object');
  const notes = annotator(b, s3);
  await notes.put('label', 'cat');
  const { KeyMetadata } = await c.client(KMSClient).send(new CreateKeyCommand({}));
  const KMSKeyArn = KeyMetadata?.Arn ?? '';
  await s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key: 'k', ObjectEncryption: { SSEKMS: { KMSKeyArn } } }));
  const found = await notes.get('label');
  assert.deepEqual([await textOf(found.AnnotationPayload), found.ServerSideEncryption], ['cat', 'aws:kms']);
  const { ETag } = await notes.put('second', 'cat');
  assert.notEqual(ETag, '"d077f244def8a70e5ea758bd8352fcd8"');
  await s3.send(
    new CopyObjectCommand({ Bucket, Key: 'plain', CopySource: `${Bucket}/k`, ServerSideEncryption: 'AES256' }),
  );
  assert.equal(await annotator(b, s3, 'plain').text('second'), 'cat');
});

test('a lock holds them as it holds the object', async (t) => {
  const b = await bucketTest(t);
  const { c, s3 } = b;
  const Bucket = 'locked';
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'object' }));
  const notes = annotator({ Bucket }, s3);
  await notes.put('label', 'cat');
  const RetainUntilDate = new Date(c.clock.now() + days(1));
  await s3.send(
    new PutObjectRetentionCommand({ Bucket, Key: 'k', Retention: { Mode: 'GOVERNANCE', RetainUntilDate } }),
  );
  await assert.rejects(notes.remove('label'), refusal('AccessDenied'));
  const command = new DeleteObjectAnnotationCommand({ Bucket, Key: 'k', AnnotationName: 'label' });
  command.middlewareStack.add(
    (next) => (args) => {
      // The SDK's model lacks the header that the operation's page asks for.
      (args.request as { headers: Record<string, string> }).headers['x-amz-bypass-governance-retention'] = 'true';
      return next(args);
    },
    { step: 'build' },
  );
  await s3.send(command);
  assert.deepEqual(await notes.names(), []);
});
