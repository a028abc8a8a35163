/** Annotations of replicas: brought with their object, and when they change, as far as the role may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteObjectAnnotationCommand,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { arnOf, grant, REPLICATION_STATEMENTS, replicationTest, rule, SOURCE, TARGET } from '#test/sdk/replication.ts';
import { textOf } from '#test/sdk/s3.ts';
import { until } from '#test/until.ts';

const Key = 'photo';
const ANNOTATIONS = [
  { Effect: 'Allow', Action: 's3:GetObjectVersionAnnotationForReplication', Resource: `${arnOf(SOURCE)}/*` },
  { Effect: 'Allow', Action: 's3:ReplicateObjectAnnotation', Resource: `${arnOf(TARGET)}/*` },
];

const annotate = (s3: S3Client, AnnotationName: string, AnnotationPayload: string) =>
  s3.send(new PutObjectAnnotationCommand({ Bucket: SOURCE, Key, AnnotationName, AnnotationPayload }));

const listOf = async (s3: S3Client, Bucket: string) =>
  (await s3.send(new ListObjectAnnotationsCommand({ Bucket, Key }))).Annotations ?? [];

async function textsOf(s3: S3Client, Bucket: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const { AnnotationName = '' } of await listOf(s3, Bucket)) {
    const { AnnotationPayload } = await s3.send(new GetObjectAnnotationCommand({ Bucket, Key, AnnotationName }));
    texts[AnnotationName] = await textOf(AnnotationPayload);
  }
  return texts;
}

const arrives = (s3: S3Client, expected: Readonly<Record<string, string>>): Promise<void> =>
  until(
    async () => JSON.stringify(await textsOf(s3, TARGET).catch(() => undefined)) === JSON.stringify(expected),
    `the replica has ${Object.keys(expected)}`,
  );

test('a replica has its source’s annotations, and follows their changes', async (t) => {
  const { c, s3, configure, ends } = await replicationTest(t);
  await grant(c, 'replication', [...REPLICATION_STATEMENTS, ...ANNOTATIONS]);
  await configure(rule());
  await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'a photo' }));
  await annotate(s3, 'label', 'cat');
  await annotate(s3, 'scene', 'garden');
  await arrives(s3, { label: 'cat', scene: 'garden' });
  const [replica, source] = [await listOf(s3, TARGET), await listOf(s3, SOURCE)];
  assert.deepEqual(
    replica.map(({ ETag, LastModified, ReplicationStatus }) => [ETag, LastModified, ReplicationStatus]),
    source.map(({ ETag, LastModified }) => [ETag, LastModified, 'REPLICA']),
  );
  await annotate(s3, 'label', 'kitten');
  await s3.send(new DeleteObjectAnnotationCommand({ Bucket: SOURCE, Key, AnnotationName: 'scene' }));
  await arrives(s3, { label: 'kitten' });
  await ends(Key, 'COMPLETED');
  assert.equal((await listOf(s3, SOURCE))[0]?.ReplicationStatus, 'COMPLETED');
  await s3.send(new DeleteObjectAnnotationCommand({ Bucket: SOURCE, Key, AnnotationName: 'label' }));
  await arrives(s3, {});
});

test('who may read or write no annotations replicates objects without them', async (t) => {
  const { c, s3, configure, ends } = await replicationTest(t);
  await configure(rule());
  for (const statements of [[], ANNOTATIONS.slice(0, 1), ANNOTATIONS.slice(1)]) {
    await grant(c, 'replication', [...REPLICATION_STATEMENTS, ...statements]);
    await s3.send(new PutObjectCommand({ Bucket: SOURCE, Key, Body: 'a photo' }));
    await annotate(s3, 'label', 'cat');
    await ends(Key, 'COMPLETED');
    assert.deepEqual(await textsOf(s3, TARGET), {});
  }
});
