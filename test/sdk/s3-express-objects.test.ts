import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  RenameObjectCommand,
  type RenameObjectCommandInput,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { manifests } from '#services/s3/state.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { hasStatus, textOf } from '#test/sdk/s3.ts';
import { ControlS3, type DirectoryTest, directoryTest, SessionS3 } from '#test/sdk/s3-express.ts';
import { oldSegmentGone } from '#test/sdk/segments.ts';

const putter =
  ({ s3, Bucket }: DirectoryTest) =>
  (Key: string, Body = 'text', further: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...further }));

const reader =
  ({ s3, Bucket }: DirectoryTest) =>
  async (Key: string) =>
    textOf((await s3.send(new GetObjectCommand({ Bucket, Key }))).Body);

test('objects of a directory bucket', async (t) => {
  const d = await directoryTest(t);
  const { s3, Bucket } = d;
  const [put, get] = [putter(d), reader(d)];
  const { ETag, ChecksumCRC32 } = await put('a/b', 'hello', { Metadata: { of: 'mine' } });
  assert.notEqual(ETag, '"5d41402abc4b2a76b9719d911017c592"');
  assert.equal(ChecksumCRC32, 'NhCmhg==');
  assert.equal(await get('a/b'), 'hello');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/b' }));
  assert.deepEqual([head.ETag, head.StorageClass, head.Metadata], [ETag, 'EXPRESS_ONEZONE', { of: 'mine' }]);
  const asked = {
    Bucket,
    Key: 'a/b',
    ObjectAttributes: ['ETag', 'StorageClass', 'ObjectSize', 'ObjectParts'],
  } as const;
  const attributes = await s3.send(
    new GetObjectAttributesCommand({ ...asked, ObjectAttributes: [...asked.ObjectAttributes] }),
  );
  assert.deepEqual(
    [attributes.ETag, attributes.StorageClass, attributes.ObjectSize, attributes.ObjectParts],
    [ETag?.replaceAll('"', ''), 'EXPRESS_ONEZONE', 5, undefined],
  );
  await assert.rejects(put('a/b', 'again', { IfNoneMatch: '*' }), refusal('PreconditionFailed'));
  await put('a/b', 'again', { IfMatch: ETag ?? '' });
  assert.equal(await get('a/b'), 'again');
  await assert.rejects(get('a/c'), refusal('NoSuchKey'));
  assert.equal(
    await textOf((await s3.send(new GetObjectCommand({ Bucket, Key: 'a/b', VersionId: 'null' }))).Body),
    'again',
  );
  await assert.rejects(
    s3.send(new GetObjectCommand({ Bucket, Key: 'a/b', VersionId: 'v1' })),
    refusal('InvalidArgument'),
  );
  await assert.rejects(put('k', 'x', { StorageClass: 'STANDARD' }), refusal('InvalidStorageClass'));
  for (const further of [
    { Tagging: 'a=b' },
    { ACL: 'private' },
    { WebsiteRedirectLocation: '/' },
    { ChecksumAlgorithm: 'MD5' },
  ] as const) {
    await assert.rejects(put('k', 'x', further), refusal('NotImplemented'), JSON.stringify(further));
  }
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a/b' }));
  await put('one');
  await put('two');
  const Objects = [{ Key: 'one' }, { Key: 'two' }, { Key: 'three' }];
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual([Deleted?.length, Errors], [3, undefined]);
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
});

test('lists know one delimiter, and uploads that are under way', async (t) => {
  const d = await directoryTest(t);
  const { s3, Bucket } = d;
  const put = putter(d);
  await put('a/1');
  await put('b');
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c/big' }));
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a/big' }));
  const list = (further: object) => s3.send(new ListObjectsV2Command({ Bucket, ...further }));
  const whole = await list({ Delimiter: '/' });
  assert.deepEqual(
    [whole.Contents?.map(({ Key }) => Key), whole.CommonPrefixes?.map(({ Prefix }) => Prefix), whole.KeyCount],
    [['b'], ['a/', 'c/'], 3],
  );
  assert.deepEqual(
    (await list({ Prefix: 'a/' })).Contents?.map(({ Key }) => Key),
    ['a/1'],
  );
  await assert.rejects(list({ Prefix: 'a' }), refusal('InvalidArgument'));
  await assert.rejects(list({ Delimiter: '-' }), refusal('InvalidArgument'));
  await assert.rejects(list({ StartAfter: 'a' }), refusal('NotImplemented'));
  const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'c/' }));
  assert.deepEqual(
    uploads.Uploads?.map(({ UploadId: id }) => id),
    [UploadId],
  );
  await assert.rejects(s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'c' })), refusal('InvalidArgument'));
});

test('uploads in parts, whose numbers are consecutive', async (t) => {
  const d = await directoryTest(t);
  const { s3, control, Bucket } = d;
  const Key = 'big';
  const part = Buffer.alloc(5 * 1024 * 1024, 'a');
  const begin = async () => (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
  const upload = async (UploadId: string | undefined, PartNumber: number, Body: Buffer | string) => {
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    return { PartNumber, ETag };
  };
  const complete = (UploadId: string | undefined, Parts: { PartNumber: number; ETag: string | undefined }[]) =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  const first = await begin();
  const gaps = [await upload(first, 1, part), await upload(first, 3, 'end')];
  await assert.rejects(complete(first, gaps), refusal('InvalidPartOrder'));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: first }));
  const second = await begin();
  await putter(d)('source', 'the end');
  const copied = await control.send(
    new UploadPartCopyCommand({ Bucket, Key, UploadId: second, PartNumber: 2, CopySource: `${Bucket}/source` }),
  );
  const parts = [await upload(second, 1, part), { PartNumber: 2, ETag: copied.CopyPartResult?.ETag }];
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId: second }));
  assert.deepEqual(
    listed.Parts?.map(({ Size }) => Size),
    [part.length, 7],
  );
  await complete(second, parts);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }));
  assert.deepEqual([head.PartsCount, head.ContentLength, head.StorageClass], [2, 7, 'EXPRESS_ONEZONE']);
});

test('copies between buckets of both types', async (t) => {
  const d = await directoryTest(t);
  const { c, control, Bucket } = d;
  const general = c.client(PathStyleS3);
  await general.send(new CreateBucketCommand({ Bucket: 'books' }));
  await general.send(new PutObjectCommand({ Bucket: 'books', Key: 'k', Body: 'from afar' }));
  const copy = { Bucket, Key: 'copied', CopySource: 'books/k' };
  const { CopyObjectResult } = await control.send(new CopyObjectCommand(copy));
  assert.equal(await reader(d)('copied'), 'from afar');
  const { ETag, StorageClass } = await control.send(new HeadObjectCommand({ Bucket, Key: 'copied' }));
  assert.deepEqual([ETag, StorageClass], [CopyObjectResult?.ETag, 'EXPRESS_ONEZONE']);
  await control.send(new CopyObjectCommand({ Bucket, Key: 'twice', CopySource: `${Bucket}/copied` }));
  await general.send(new CopyObjectCommand({ Bucket: 'books', Key: 'back', CopySource: `${Bucket}/twice` }));
  const back = await general.send(new GetObjectCommand({ Bucket: 'books', Key: 'back' }));
  assert.deepEqual([await textOf(back.Body), back.StorageClass], ['from afar', undefined]);
  const withAnnotations = { ...copy, AnnotationDirective: 'COPY' } as const;
  await assert.rejects(control.send(new CopyObjectCommand(withAnnotations)), refusal('NotImplemented'));
  // Bytes stay where they are while rows name them.
  assert.equal(await reader(d)('twice'), 'from afar');
});

test('a renamed object is the same one', async (t) => {
  const d = await directoryTest(t);
  const { c, s3, Bucket } = d;
  const [put, get] = [putter(d), reader(d)];
  const rename = (RenameSource: string, Key: string, further: Partial<RenameObjectCommandInput> = {}) =>
    s3.send(new RenameObjectCommand({ Bucket, RenameSource: `${Bucket}/${RenameSource}`, Key, ...further }));
  const { ETag } = await put('a b', 'first', { Metadata: { m: '1' } });
  const before = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a b' }));
  c.advance(60_000);
  await rename('a%20b', 'c');
  const after = await s3.send(new HeadObjectCommand({ Bucket, Key: 'c' }));
  const facts = ({ ETag: tag, LastModified, Metadata }: typeof after) => [tag, LastModified, Metadata];
  assert.deepEqual(facts(after), facts(before));
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: 'a b' })), hasStatus(404));
  await assert.rejects(rename('a%20b', 'd'), refusal('NoSuchKey'));
  await assert.rejects(rename('c', 'd/'), refusal('InvalidRequest'));
  for (const RenameSource of [`${Bucket}/%zz`, 'another/c', 'c']) {
    const another = s3.send(new RenameObjectCommand({ Bucket, RenameSource, Key: 'd' }));
    await assert.rejects(another, refusal('InvalidArgument'), RenameSource);
  }

  await put('d', 'second');
  await assert.rejects(rename('c', 'd', { DestinationIfNoneMatch: '*' }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { DestinationIfMatch: '"x"' }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { SourceIfMatch: '"x"' }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { SourceIfNoneMatch: '*' }), refusal('PreconditionFailed'));
  const [long, soon] = [new Date(0), new Date(c.clock.now() + 60_000)];
  await assert.rejects(rename('c', 'd', { SourceIfUnmodifiedSince: long }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { SourceIfModifiedSince: soon }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { DestinationIfUnmodifiedSince: long }), refusal('PreconditionFailed'));
  await assert.rejects(rename('c', 'd', { DestinationIfModifiedSince: soon }), refusal('PreconditionFailed'));

  const ClientToken = 'once';
  await rename('c', 'd', { ClientToken, SourceIfMatch: ETag ?? '' });
  assert.equal(await get('d'), 'first');
  await put('c', 'third');
  await rename('c', 'd', { ClientToken, SourceIfMatch: ETag ?? '' });
  assert.equal(await get('d'), 'first', 'the token was used: nothing happens again');
  await assert.rejects(rename('c', 'e', { ClientToken }), refusal('IdempotencyParameterMismatch'));
});

test('appending grows an object by parts', async (t) => {
  const d = await directoryTest(t);
  const { s3, Bucket } = d;
  const [put, get] = [putter(d), reader(d)];
  const append = (Body: string, WriteOffsetBytes: number, further: Partial<PutObjectCommandInput> = {}) =>
    put('log', Body, { WriteOffsetBytes, ...further });
  await assert.rejects(append('x', 3), refusal('InvalidWriteOffset'));
  await append('one ', 0);
  const second = await append('two ', 4);
  assert.equal(second.Size, 8);
  await assert.rejects(append('x', 4), refusal('InvalidWriteOffset'));
  await assert.rejects(append('x', 8, { IfMatch: '"x"' }), refusal('PreconditionFailed'));
  await append('three', 8, { IfMatch: second.ETag ?? '' });
  assert.equal(await get('log'), 'one two three');
  const whole = await put('whole', 'one two three');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'log', ChecksumMode: 'ENABLED' }));
  assert.deepEqual([head.ChecksumCRC32, head.ContentLength], [whole.ChecksumCRC32, 13]);
  const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'log', PartNumber: 2 }));
  assert.deepEqual([await textOf(part.Body), part.PartsCount], ['two ', 3]);
  await append('!', 13, { ChecksumAlgorithm: 'SHA256' });
  const other = await s3.send(new HeadObjectCommand({ Bucket, Key: 'log', ChecksumMode: 'ENABLED' }));
  assert.deepEqual([other.ChecksumCRC32, other.ChecksumSHA256], [undefined, undefined]);
  await s3.send(new RenameObjectCommand({ Bucket, RenameSource: `/${Bucket}/log`, Key: 'renamed' }));
  assert.equal(await get('renamed'), 'one two three!');
});

test('an object of ten thousand parts takes no more', async (t) => {
  const d = await directoryTest(t);
  const { c } = d;
  await putter(d)('log', 'x');
  const partition = c.running.cloud.store.partition({
    service: 's3express',
    account: c.account as never,
    region: 'us-east-1' as never,
  });
  partition.transact((tx) => {
    for (const { key, row } of tx.range(manifests)) {
      const [only] = row.parts;
      if (only) tx.put(manifests, key, { parts: Array.from({ length: 10_000 }, () => only) });
    }
  });
  await assert.rejects(putter(d)('log', 'y', { WriteOffsetBytes: 1 }), refusal('TooManyParts'));
});

test('the bytes of a renamed object outlive the sweep', async (t) => {
  const d = await directoryTest(t);
  const { c, Bucket } = d;
  const body = 'x'.repeat(30_000);
  for (let i = 0; i < 20; i++) await putter(d)(`key${i}`, body);
  await d.s3.send(new RenameObjectCommand({ Bucket, RenameSource: `${Bucket}/key19`, Key: 'kept' }));
  for (let i = 0; i < 18; i++) await d.s3.send(new DeleteObjectCommand({ Bucket, Key: `key${i}` }));
  const again = await c.restart();
  const s3 = again.client(SessionS3);
  const get = async (Key: string) => textOf((await s3.send(new GetObjectCommand({ Bucket, Key }))).Body);
  assert.equal(await get('kept'), body);
  await oldSegmentGone(again);
  const client = again.client(ControlS3);
  assert.equal(await textOf((await client.send(new GetObjectCommand({ Bucket, Key: 'kept' }))).Body), body);
  assert.equal(await textOf((await client.send(new GetObjectCommand({ Bucket, Key: 'key18' }))).Body), body);
});
