/** What becomes of the bytes on disk: given back, copied by a backup, refused when there is no room. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { hours, seconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { STORE_FORMAT, writeManifest } from '#platform/store/data-folder.ts';
import { backupData, restoreData } from '#storage';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { oldSegmentGone, segmentsOf } from '#test/sdk/segments.ts';
import { until } from '#test/until.ts';

const Bucket = 'kept-here';

const put = (s3: S3Client, Key: string, Body: Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));

async function get(s3: S3Client, Key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

/** In a file, beside its row, or in a segment. */
const contentOf = (index: number): Buffer => Buffer.alloc([1_500_000, 5000][index % 5] ?? 30_000, index);

/** Bytes under a folder. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

const blobsIn = (data: string): string => join(data, 'blobs', 'us-east-1');

async function filled(t: TestContext, count: number, options?: Parameters<typeof cloud>[1]) {
  const made = await cloud(t, options);
  const s3 = made.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (let i = 0; i < count; i++) await put(s3, `key ${i}`, contentOf(i));
  return { made, s3 };
}

test('the sweep gives back what was deleted, overwritten and aborted', async (t) => {
  const { made, s3 } = await filled(t, 20);
  const upload = { Bucket, Key: 'in parts' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
  for (const PartNumber of [1, 2]) {
    await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber, Body: Buffer.alloc(100_000) }));
  }
  await s3.send(new AbortMultipartUploadCommand({ ...upload, UploadId }));
  for (let i = 0; i < 17; i++) await s3.send(new DeleteObjectCommand({ Bucket, Key: `key ${i}` }));
  await put(s3, 'key 17', contentOf(17));
  const before = sizeOf(segmentsOf(made));
  const again = await made.restart();
  const client = again.client(PathStyleS3);
  await get(client, 'key 18');
  await oldSegmentGone(again);
  const left = sizeOf(segmentsOf(again));
  assert.ok(left < before / 3, `${left} of ${before} bytes are left`);
  for (const i of [17, 18, 19]) assert.ok((await get(client, `key ${i}`)).equals(contentOf(i)));
});

test('a backup of a running cloud holds every object of its moment, and links what an earlier one has', async (t) => {
  const { made, s3 } = await filled(t, 12);
  const folder = mkdtempSync(join(tmpdir(), 'makonis-backup-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [first, second, restored] = ['first', 'second', 'restored'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeManifest(made.data, { cloudId: 'of this test', format: STORE_FORMAT, version: 'test' });
  await backupData({ data: made.data }, first);
  let isOver = false;
  const churn = (async () => {
    for (let i = 0; !isOver; i++) {
      await put(s3, `churn ${i % 7}`, contentOf(i));
      if (i % 3 === 0) await s3.send(new DeleteObjectCommand({ Bucket, Key: `churn ${(i + 2) % 7}` }));
    }
  })();
  await backupData({ data: made.data }, second, first);
  isOver = true;
  await churn;
  const files = readdirSync(join(blobsIn(second), 'files'), { recursive: true, withFileTypes: true });
  const links = files.filter((each) => each.isFile()).map((each) => statSync(join(each.parentPath, each.name)).nlink);
  assert.equal(links.filter((count) => count === 2).length, 3, 'large objects of the first are not copied again');
  await restoreData(second, { data: restored });
  await made.running.stop(0);
  rmSync(made.data, { recursive: true });
  await restoreData(restored, { data: made.data });
  const again = await made.restart();
  const client = again.client(PathStyleS3);
  for (let i = 0; i < 12; i++) assert.ok((await get(client, `key ${i}`)).equals(contentOf(i)), `key ${i}`);
  for (let i = 0; i < 7; i++) {
    // Whatever a listing shows can be read.
    await get(client, `churn ${i}`).catch((error: S3ServiceException) => assert.equal(error.name, 'NoSuchKey'));
  }
});

/** Leaves no byte. */
function takeTheRest(disk: string): string {
  const path = join(disk, 'dregs');
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    return path;
  } finally {
    closeSync(file);
  }
}

function readsOf({ running, account, clock }: Awaited<ReturnType<typeof cloud>>): number {
  const place = { service: 's3', account: account as AccountId, region: 'us-east-1' as Region };
  const rows = running.cloud.store.partition(place).read((tx) => usageOf(tx, 0, clock.now() + hours(1)));
  return rows
    .filter(({ usageType, operation }) => usageType === 'Requests-Tier2' && operation === 'GetObject')
    .reduce((sum, { amount }) => sum + amount, 0);
}

async function fillUp(t: TestContext, disk: string): Promise<void> {
  const made = await cloud(t, { parent: disk });
  const s3 = made.client(PathStyleS3);
  await s3.send(new CreateBucketCommand({ Bucket }));
  await put(s3, 'before', contentOf(1));
  const filler = join(disk, 'filler');
  const stored: number[] = [];
  for (const size of [2_000_000, 40_000]) {
    writeFileSync(filler, Buffer.alloc(30 * 2 ** 20));
    let failure: S3ServiceException | undefined;
    for (let i = 0; failure === undefined; i++) {
      assert.ok(i < 2000, 'the disk is full in the end');
      const index = stored.length;
      try {
        await put(s3, `key ${index}`, Buffer.alloc(size, index));
        stored.push(size);
      } catch (error) {
        failure = error as S3ServiceException;
      }
    }
    assert.equal(failure.$metadata.httpStatusCode, 503, String(failure));
    const dregs = takeTheRest(disk);
    const counted = readsOf(made);
    for (let i = 0; i < 200; i++) {
      assert.ok((await get(s3, 'before')).equals(contentOf(1)), 'a full disk can be read');
    }
    await assert.rejects(get(s3, `key ${stored.length}`), { name: 'NoSuchKey' });
    rmSync(filler);
    rmSync(dregs);
    // Without a restart.
    await put(s3, 'after', contentOf(2));
    assert.ok((await get(s3, 'after')).equals(contentOf(2)));
    assert.equal(readsOf(made) - counted, 201, 'usage that had to wait is counted');
  }
  for (const [index, size] of stored.entries()) {
    assert.ok((await get(s3, `key ${index}`)).equals(Buffer.alloc(size, index)), `key ${index}`);
  }
  await made.running.stop(0);
}

test('a full disk refuses objects, loses none, and takes them again when there is room', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'makonis-disk-'));
  mkdirSync(disk, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]).status !== 0) {
    t.skip('mounting a small file system needs root');
    return;
  }
  try {
    await fillUp(t, disk);
  } finally {
    execFileSync('umount', ['--lazy', disk]);
  }
});

/** Of the short object. */
function damageRow(data: string): void {
  const rows = new DatabaseSync(join(data, 'regions', 'us-east-1.sqlite'));
  const short = rows.prepare('SELECT id, value FROM large WHERE length(value) BETWEEN 5000 AND 5100').all();
  assert.equal(short.length, 1);
  const { id = null, value } = short[0] ?? {};
  const damaged = Buffer.from(value as Uint8Array);
  damaged[1000] = (damaged[1000] ?? 0) ^ 1;
  rows.prepare('UPDATE large SET value = ? WHERE id = ?').run(damaged, id);
  rows.close();
}

test('the scrub tells at once of what is damaged, and how far it has come', async (t) => {
  const { made } = await filled(t, 6, { scrubBytesPerSecond: 2 ** 20 });
  // The segments of an earlier process are not written any more.
  const again = await made.restart();
  const segments = join(blobsIn(again.data), 'segments');
  const [name = ''] = readdirSync(segments);
  const bytes = readFileSync(join(segments, name));
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(join(segments, name), bytes);
  damageRow(again.data);
  const shown = async (gauge: string): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${again.running.adminPort}/metrics`, {
      headers: { authorization: 'Bearer test' },
    });
    return Number(new RegExp(`^makonis_${gauge} (.*)$`, 'm').exec(await answer.text())?.[1]);
  };
  await get(again.client(PathStyleS3), 'key 5');
  again.advance(hours(7));
  await until(async () => (await shown('scrubbed_bytes')) > 1_500_000, 'the large files were read');
  assert.equal(await shown('scrubs_under_way'), 1, 'it waits for the second that this much takes');
  assert.equal(await shown('scrub_ended_seconds'), 0);
  await until(async () => {
    again.advance(seconds(1));
    return (await shown('scrub_ended_seconds')) > 0;
  }, 'the scrub is over');
  assert.deepEqual([await shown('damaged_blobs'), await shown('scrubs_under_way')], [2, 0]);
  assert.ok((await shown('scrubbed_bytes')) > 3_000_000);
});
