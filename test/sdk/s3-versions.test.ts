/** Versions: enabled, suspended, null ones, delete markers, and their list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, textOf } from '#test/sdk/s3.ts';

const version = ({ s3, Bucket }: BucketTest, Status: 'Enabled' | 'Suspended') =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

const read = async ({ s3, Bucket }: BucketTest, Key: string, VersionId?: string) =>
  textOf((await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body);

test('each write is a version; a delete marker hides them; a version that is deleted is gone', async (t) => {
  const b = await bucketTest(t);
  await version(b, 'Enabled');
  const [first = '', second = ''] = [await b.put('k', 'one'), await b.put('k', 'two')];
  assert.equal(await read(b, 'k'), 'two');
  assert.equal(await read(b, 'k', first), 'one');
  const { s3, Bucket } = b;
  const deleteFrom = b.c.clock.now();
  const gone = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  const deleteUntil = b.c.clock.now();
  assert.equal(gone.DeleteMarker, true);
  await assert.rejects(read(b, 'k'), refusal('NoSuchKey'));
  const headersOf = async (query: Record<string, string>) => {
    const draft = { method: 'GET', path: `/${Bucket}/k`, query };
    return (await sendRaw(b.c, await signedRequest(b.c, draft, { service: 's3' }))).headers;
  };
  assert.equal((await headersOf({}))['x-amz-delete-marker'], 'true');
  // The header holds whole seconds: the deletion may begin in one and end in the next.
  const markedAt = Date.parse(String((await headersOf({ versionId: gone.VersionId ?? '' }))['last-modified']));
  const expected = `${deleteFrom} to ${deleteUntil}`;
  assert.ok(markedAt > deleteFrom - 1000 && markedAt <= deleteUntil, `${markedAt} is not in ${expected}`);
  await assert.rejects(read(b, 'k', gone.VersionId), refusal('MethodNotAllowed'));
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), refusal('BucketNotEmpty'));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: gone.VersionId }));
  assert.equal(await read(b, 'k'), 'two');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: second }));
  assert.equal(await read(b, 'k'), 'one');
  await assert.rejects(read(b, 'k', second), refusal('NoSuchVersion'));
});

test('the null version is kept when versions begin, and overwritten while they are suspended', async (t) => {
  const b = await bucketTest(t);
  await b.put('k', 'before');
  await version(b, 'Enabled');
  const one = await b.put('k', 'one');
  assert.equal(await read(b, 'k', 'null'), 'before');
  await version(b, 'Suspended');
  await b.put('k', 'suspended');
  assert.equal(await read(b, 'k', 'null'), 'suspended');
  assert.equal(await read(b, 'k', one), 'one');
  const { s3, Bucket } = b;
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  assert.deepEqual([marker.DeleteMarker, marker.VersionId], [true, 'null']);
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    [one],
  );
  assert.deepEqual(
    DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [['null', true]],
  );
});

test('the list of versions goes page by page', async (t) => {
  const b = await bucketTest(t);
  await version(b, 'Enabled');
  const ids = [];
  for (const Key of ['a', 'a', 'b', 'a', 'c/1']) ids.push([Key, await b.put(Key)]);
  const { s3, Bucket } = b;
  const found: unknown[] = [];
  let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1, ...markers }));
    found.push(...(page.Versions ?? []).map(({ Key, VersionId }) => [Key, VersionId]));
    if (!page.IsTruncated) break;
    markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  assert.deepEqual(found, [ids[3], ids[1], ids[0], ids[2], ids[4]]);
  const grouped = await s3.send(new ListObjectVersionsCommand({ Bucket, Delimiter: '/', Prefix: 'c' }));
  assert.deepEqual(grouped.CommonPrefixes, [{ Prefix: 'c/' }]);
  const bare = s3.send(new ListObjectVersionsCommand({ Bucket, VersionIdMarker: ids[0]?.[1] }));
  await assert.rejects(bare, refusal('InvalidArgument'));
});

test('an older version is copied to be the newest; many versions are deleted at once', async (t) => {
  const b = await bucketTest(t);
  await version(b, 'Enabled');
  const one = await b.put('k', 'one');
  const two = await b.put('k', 'two');
  const { s3, Bucket } = b;
  const CopySource = `${Bucket}/k?versionId=${one}`;
  const copy = await s3.send(new CopyObjectCommand({ Bucket, Key: 'k', CopySource }));
  assert.equal(copy.CopySourceVersionId, one);
  assert.equal(await read(b, 'k'), 'one');
  const Objects = [one, two, copy.VersionId].map((VersionId) => ({ Key: 'k', VersionId }));
  const { Deleted } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.equal(Deleted?.length, 3);
  await s3.send(new DeleteBucketCommand({ Bucket }));
});
