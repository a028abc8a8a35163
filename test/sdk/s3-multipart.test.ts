/** Uploads in parts: begun, filled, listed, completed, given up. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { hours } from '#platform/base/clock.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { type BucketTest, bucketTest, hasStatus } from '#test/sdk/s3.ts';

const PART_BYTES = 5 * 1024 * 1024;
const FIRST = Buffer.alloc(PART_BYTES, 'first');
const LAST = Buffer.from('the end');

async function begin({ s3, Bucket }: BucketTest, further: object = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k', ...further }));
  const target = { Bucket, Key: 'k', UploadId };
  return {
    target,
    upload: async (PartNumber: number, Body: Buffer, also: object = {}): Promise<CompletedPart> => {
      const { $metadata: _, ...part } = await s3.send(new UploadPartCommand({ ...target, PartNumber, Body, ...also }));
      return { ...part, PartNumber };
    },
    complete: (Parts: CompletedPart[], also: object = {}) =>
      s3.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts }, ...also })),
  };
}

test('parts become an object, whatever order they came in', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  const { target, upload, complete } = await begin(b, { Metadata: { a: '1' }, ContentType: 'text/x' });
  const last = await upload(7, LAST);
  await upload(2, Buffer.from('overwritten'));
  const first = await upload(2, FIRST);
  const { Parts, Initiator } = await s3.send(new ListPartsCommand(target));
  assert.deepEqual(
    Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [2, PART_BYTES],
      [7, LAST.length],
    ],
  );
  assert.ok(Initiator?.ID);
  const page = await s3.send(new ListPartsCommand({ ...target, MaxParts: 1 }));
  assert.deepEqual([page.IsTruncated, String(page.NextPartNumberMarker)], [true, '2']);
  const uploads = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  assert.deepEqual(
    uploads.Uploads?.map(({ Key, UploadId }) => [Key, UploadId]),
    [['k', target.UploadId]],
  );
  const done = await complete([first, last]);
  const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();
  assert.equal(done.ETag, `"${md5(Buffer.concat([md5(FIRST), md5(LAST)])).toString('hex')}-2"`);
  // Who did not hear it asks again, and hears the same, until something else has the key.
  const { $metadata: _, ...told } = done;
  const { $metadata: __, ...toldAgain } = await complete([first, last], { IfNoneMatch: '*' });
  assert.deepEqual(toldAgain, told);
  await assert.rejects(complete([first]), refusal('NoSuchUpload'));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.deepEqual([got.Metadata, got.ContentType], [{ a: '1' }, 'text/x']);
  assert.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat([FIRST, LAST])));
  const second = await s3.send(new GetObjectCommand({ Bucket, Key: 'k', PartNumber: 2 }));
  assert.deepEqual([await second.Body?.transformToString(), second.PartsCount], ['the end', 2]);
  const outside = s3.send(new HeadObjectCommand({ Bucket, Key: 'k', PartNumber: 3 }));
  await assert.rejects(outside, hasStatus(416));
  await assert.rejects(s3.send(new ListPartsCommand(target)), refusal('NoSuchUpload'));
  const attributes = { Bucket, Key: 'k', ObjectAttributes: ['ObjectParts' as const] };
  const { ObjectParts } = await s3.send(new GetObjectAttributesCommand(attributes));
  assert.equal(ObjectParts?.TotalPartsCount, 2);
  for (const wrong of [{ MaxParts: -1 }, { PartNumberMarker: 'x' }]) {
    await assert.rejects(
      s3.send(new GetObjectAttributesCommand({ ...attributes, ...wrong })),
      refusal('InvalidArgument'),
    );
  }
  await b.put('k');
  await assert.rejects(complete([first, last]), refusal('NoSuchUpload'));
});

/** Begun; an hour passes, which closes idle connections; then `between`; then all parts and the end of it. */
async function longUpload(b: BucketTest, between: (later: BucketTest) => Promise<unknown> = async () => {}) {
  const { s3, Bucket, c } = b;
  const { target } = await begin(b);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
  const startedAt = Uploads.map(({ Initiated }) => Initiated?.getTime() ?? 0).at(-1);
  c.advance(hours(1));
  const later = { ...b, s3: c.client(PathStyleS3) };
  await between(later);
  const last = { ...b, s3: c.client(PathStyleS3) };
  const { ETag } = await last.s3.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: LAST }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const { VersionId } = await last.s3.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }));
  return { startedAt, VersionId, later: last };
}

const putting = async ({ s3, Bucket }: BucketTest): Promise<string | undefined> =>
  (await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))).VersionId;

const datedAt = async ({ s3, Bucket }: BucketTest, VersionId?: string): Promise<number | undefined> =>
  (await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', VersionId }))).LastModified?.getTime();

test('an object dates from when its upload was begun', async (t) => {
  const b = await bucketTest(t);
  const { startedAt, later } = await longUpload(b);
  assert.equal(await datedAt(later), startedAt);
  const { Contents = [] } = await later.s3.send(new ListObjectsV2Command({ Bucket: b.Bucket }));
  assert.equal(Contents[0]?.LastModified?.getTime(), startedAt);
  // Without versions the last that is done stays, and looks no older than what it took the place of.
  let before: number | undefined;
  const { later: last } = await longUpload(later, async (between) => {
    await putting(between);
    before = await datedAt(between);
  });
  const { ContentLength } = await last.s3.send(new HeadObjectCommand({ Bucket: b.Bucket, Key: 'k' }));
  assert.equal(ContentLength, LAST.length);
  assert.equal(await datedAt(last), before);
});

test('of uploads of a key the one that was begun last is its current version', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  let inner: Awaited<ReturnType<typeof longUpload>> | undefined;
  const outer = await longUpload(b, async (between) => {
    inner = await longUpload(between);
  });
  const { later } = outer;
  assert.ok((inner?.startedAt ?? 0) - (outer.startedAt ?? 0) >= hours(1));
  const order = async (of: BucketTest) => {
    const { Versions = [] } = await of.s3.send(new ListObjectVersionsCommand({ Bucket }));
    return Versions.map(({ VersionId }) => VersionId);
  };
  assert.deepEqual(await order(later), [inner?.VersionId, outer.VersionId]);
  assert.deepEqual([await datedAt(later), await datedAt(later, outer.VersionId)], [inner?.startedAt, outer.startedAt]);
  const { Body } = await later.s3.send(new GetObjectCommand({ Bucket, Key: 'k', VersionId: outer.VersionId }));
  assert.equal(await Body?.transformToString(), LAST.toString());
  let written: string | undefined;
  const behind = await longUpload(later, async (between) => {
    written = await putting(between);
  });
  assert.deepEqual((await order(behind.later)).slice(0, 2), [written, behind.VersionId]);
  const last = await longUpload(behind.later);
  assert.equal((await order(last.later))[0], last.VersionId);
});

test('what does not fit together is refused', async (t) => {
  const b = await bucketTest(t);
  const { upload, complete } = await begin(b);
  const small = await upload(1, LAST);
  const last = await upload(2, LAST);
  await assert.rejects(complete([last, small]), refusal('InvalidPartOrder'));
  await assert.rejects(complete([small, last]), refusal('EntityTooSmall'));
  await assert.rejects(complete([{ ...small, ETag: '"other"' }]), refusal('InvalidPart'));
  await assert.rejects(complete([{ ...small, PartNumber: 3 }]), refusal('InvalidPart'));
  await assert.rejects(complete([]), refusal('MalformedXML'));
  await assert.rejects(upload(10_001, LAST), refusal('InvalidArgument'));
  await assert.rejects(complete([last], { MpuObjectSize: 3 }), refusal('InvalidRequest'));
  await complete([last]);
});

test('a part may be empty', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  const read = async () => (await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body?.transformToString();
  const only = await begin(b);
  const { ETag } = await only.complete([await only.upload(1, Buffer.alloc(0))]);
  assert.match(ETag ?? '', /-1"$/);
  assert.equal(await read(), '');
  const last = await begin(b);
  await last.complete([await last.upload(1, LAST), await last.upload(2, Buffer.alloc(0))].slice(1));
  assert.equal(await read(), '');
  const both = await begin(b);
  await both.complete([await both.upload(1, FIRST), await both.upload(2, Buffer.alloc(0))]);
  assert.equal((await read())?.length, PART_BYTES);
  const copied = await begin(b);
  await b.put('nothing', '');
  const copy = { ...copied.target, PartNumber: 1, CopySource: `${Bucket}/nothing` };
  const { CopyPartResult } = await s3.send(new UploadPartCopyCommand(copy));
  await copied.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag ?? '' }]);
  assert.equal(await read(), '');
});

test('uploads of a key are listed in the order that they were begun in', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  const begun: (string | undefined)[] = [];
  for (let n = 0; n < 6; n++) {
    begun.push((await begin(b)).target.UploadId);
    b.c.advance(1);
  }
  const found: (string | undefined)[] = [];
  let markers = {};
  for (let more = true; more; ) {
    const page = await s3.send(new ListMultipartUploadsCommand({ Bucket, MaxUploads: 4, ...markers }));
    found.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId));
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    more = page.IsTruncated === true;
  }
  assert.deepEqual(found, begun);
});

test('composite check sums are of consecutive parts, and the kind that was begun is the kind that is completed', async (t) => {
  const b = await bucketTest(t);
  const ChecksumAlgorithm = 'SHA256' as const;
  const gap = await begin(b, { ChecksumAlgorithm });
  const part = await gap.upload(2, LAST, { ChecksumAlgorithm });
  await assert.rejects(gap.complete([part]), refusal('InvalidPartOrder'));
  const { ETag } = await gap.upload(1, LAST, { ChecksumAlgorithm });
  await assert.rejects(gap.complete([{ PartNumber: 1, ETag }]), refusal('InvalidRequest', /missing for part 1/));
  const whole = await begin(b, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const parts = [await whole.upload(2, LAST, { ChecksumAlgorithm: 'CRC32' })];
  await assert.rejects(whole.complete(parts, { ChecksumType: 'COMPOSITE' }), refusal('BadDigest'));
  await whole.complete(parts, { ChecksumType: 'FULL_OBJECT' });
});

test('who completes an upload may say what the whole has', async (t) => {
  const b = await bucketTest(t);
  const { upload, complete } = await begin(b, { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const part = await upload(1, LAST, { ChecksumAlgorithm: 'CRC32' });
  await assert.rejects(complete([part], { ChecksumCRC32: 'AAAAAA==' }), { name: 'BadDigest' });
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(LAST));
  const done = await complete([part], { ChecksumCRC32: sum.toString('base64') });
  assert.equal(done.ChecksumCRC32, sum.toString('base64'));
});

test('conditions hold when an upload is completed', async (t) => {
  const b = await bucketTest(t);
  const { upload, complete } = await begin(b);
  const part = await upload(1, LAST);
  await b.put('k');
  await assert.rejects(complete([part], { IfNoneMatch: '*' }), refusal('PreconditionFailed'));
  await assert.rejects(complete([part], { IfMatch: '"other"' }), refusal('PreconditionFailed'));
  await complete([part]);
});

test('a download goes on when the object is overwritten meanwhile', async (t) => {
  const b = await bucketTest(t);
  const { upload, complete } = await begin(b);
  const numbers = [1, 2, 3, 4, 5, 6];
  await complete(await Promise.all(numbers.map((number) => upload(number, Buffer.alloc(PART_BYTES, number)))));
  const { Body } = await b.s3.send(new GetObjectCommand({ Bucket: b.Bucket, Key: 'k' }));
  await b.put('k', 'another');
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  assert.equal(bytes.length, numbers.length * PART_BYTES);
  assert.equal(bytes.at(-1), 6);
});

test('an upload that was given up is gone', async (t) => {
  const b = await bucketTest(t);
  const { target, upload, complete } = await begin(b);
  const part = await upload(1, LAST);
  await b.s3.send(new AbortMultipartUploadCommand(target));
  await assert.rejects(b.s3.send(new AbortMultipartUploadCommand(target)), refusal('NoSuchUpload'));
  await assert.rejects(upload(2, LAST), refusal('NoSuchUpload'));
  await assert.rejects(complete([part]), refusal('NoSuchUpload'));
  assert.equal((await b.s3.send(new ListMultipartUploadsCommand({ Bucket: b.Bucket }))).Uploads, undefined);
});

test('check sums of the whole and of parts', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  const kinds = [
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC32C', 'COMPOSITE'],
    ['CRC64NVME', 'FULL_OBJECT'],
    ['SHA256', 'COMPOSITE'],
  ] as const;
  for (const [ChecksumAlgorithm, ChecksumType] of kinds) {
    const { upload, complete } = await begin(b, { ChecksumAlgorithm, ChecksumType });
    const parts = [await upload(1, FIRST, { ChecksumAlgorithm }), await upload(2, LAST, { ChecksumAlgorithm })];
    const done = await complete(parts);
    assert.equal(done.ChecksumType, ChecksumType);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    const value = head[`Checksum${ChecksumAlgorithm}`] ?? '';
    assert.equal(value.endsWith('-2'), ChecksumType === 'COMPOSITE', value);
    const ofPart = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k', ChecksumMode: 'ENABLED', PartNumber: 2 }));
    const member = `Checksum${ChecksumAlgorithm}` as const;
    assert.deepEqual([ofPart[member], ofPart.ChecksumType], [parts[1]?.[member], ChecksumType]);
    if (ChecksumType === 'COMPOSITE') continue;
    await b.put('whole', Buffer.concat([FIRST, LAST]).toString(), { ChecksumAlgorithm });
    const whole = await s3.send(new HeadObjectCommand({ Bucket, Key: 'whole', ChecksumMode: 'ENABLED' }));
    assert.equal(value, whole[`Checksum${ChecksumAlgorithm}`]);
  }
  // Parts with a sum of their own, of an upload that asks for none: the whole has the one that all objects have.
  const { upload: uploadPart, complete: completeAll } = await begin(b);
  const further = { ChecksumAlgorithm: 'CRC32' };
  const plain = await completeAll([await uploadPart(1, FIRST, further), await uploadPart(2, LAST, further)]);
  await b.put('whole', Buffer.concat([FIRST, LAST]).toString(), { ChecksumAlgorithm: 'CRC64NVME' });
  const whole = await s3.send(new HeadObjectCommand({ Bucket, Key: 'whole', ChecksumMode: 'ENABLED' }));
  assert.deepEqual([plain.ChecksumCRC64NVME, plain.ChecksumType], [whole.ChecksumCRC64NVME, 'FULL_OBJECT']);
  const asked = { Bucket, Key: 'k', ObjectAttributes: ['ObjectParts' as const] };
  const { ObjectParts: told } = await s3.send(new GetObjectAttributesCommand(asked));
  assert.deepEqual(told?.Parts, [
    { PartNumber: 1, Size: PART_BYTES },
    { PartNumber: 2, Size: LAST.length },
  ]);
  const impossible = begin(b, { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' });
  await assert.rejects(impossible, refusal('InvalidRequest'));
  const { upload } = await begin(b, { ChecksumAlgorithm: 'SHA256' });
  await assert.rejects(upload(1, LAST, { ChecksumAlgorithm: 'CRC32' }), refusal('InvalidRequest'));
});

test('a part is a copy of an object, or of a range of it', async (t) => {
  const b = await bucketTest(t);
  const { s3, Bucket } = b;
  await b.put('source', '0123456789');
  const { target, complete } = await begin(b);
  const copy = async (PartNumber: number, CopySourceRange?: string, CopySource = `${Bucket}/source`) => {
    const input = { ...target, PartNumber, CopySource, CopySourceRange };
    const { CopyPartResult } = await s3.send(new UploadPartCopyCommand(input));
    return { PartNumber, ETag: CopyPartResult?.ETag };
  };
  await assert.rejects(copy(1, 'bytes=5-20'), refusal('InvalidArgument'));
  await assert.rejects(copy(1, 'all'), refusal('InvalidArgument'));
  await assert.rejects(copy(1, undefined, `${Bucket}/nothing`), refusal('NoSuchKey'));
  await complete([await copy(1, 'bytes=2-4')]);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(await Body?.transformToString(), '234');
});
