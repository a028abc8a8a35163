/**
 * S3 by clients of other makers: AWS's command line and boto3's transfer manager, s3cmd and rclone where the machine has them. Each
 * puts, lists, gets and deletes keys that hold what URLs and XML have to hide.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ObjectOwnership,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { type ClientConfig, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { sendRaw } from '#test/sdk/raw-request.ts';

const KEYS = ['plain', 'a b/c d', 'a+b', '100%', 'x%20y', 'é/日本', "quote's & <angle>"];
/** Beyond what clients send in one piece. */
const BIG_BYTES = 20 * 1024 * 1024;

const NOT_INSTALLED = 'is not on this machine (Debian: apt-get install s3cmd rclone)';
const skipWithout = (file: string | undefined, name: string, why: string) => file === undefined && `${name} ${why}`;

interface Place {
  readonly c: TestCloud;
  readonly home: string;
  readonly env: Record<string, string>;
  /** Runs it and answers what it says; fails if it does. */
  ask(file: string, ...args: readonly string[]): Promise<string>;
  file(name: string, content: string | Uint8Array): string;
  keys(): Promise<string[]>;
}

async function start(t: TestContext, ObjectOwnership: ObjectOwnership = 'BucketOwnerEnforced'): Promise<Place> {
  const c = await cloud(t);
  const home = mkdtempSync(join(tmpdir(), 'makonis-s3-'));
  t.after(() => rmSync(home, { recursive: true }));
  const { accessKeyId, secretAccessKey } = c.administrator;
  const env = {
    HOME: home,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  await c.client(PathStyleS3).send(new CreateBucketCommand({ Bucket: 'books', ObjectOwnership }));
  return {
    c,
    home,
    env,
    async ask(file, ...args) {
      const { code, stdout, stderr } = await run(file, args, env);
      assert.equal(code, 0, `${file} ${args.join(' ')}: ${stderr}${stdout}`);
      return stdout;
    },
    file(name, content) {
      const path = join(home, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    async keys() {
      const { Contents = [] } = await c.client(PathStyleS3).send(new ListObjectsV2Command({ Bucket: 'books' }));
      return Contents.map(({ Key = '' }) => Key);
    },
  };
}

const sorted = (texts: readonly string[]): string[] => [...texts].sort();
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

const aws = findExecutable('aws');

test('the AWS CLI: s3 and s3api', { skip: skipWithout(aws, 'aws', NOT_FOUND), timeout: 180_000 }, async (t) => {
  const { c, ask, file, home, keys } = await start(t);
  const cli = (...args: readonly string[]) => ask(aws ?? '', '--endpoint-url', c.url, ...args);
  await cli('s3', 'mb', 's3://more-books');
  for (const key of KEYS) await cli('s3', 'cp', file(`in/${key}`, key), `s3://books/${key}`);
  assert.deepEqual(sorted(await keys()), sorted(KEYS));
  await cli('s3', 'sync', 's3://books', join(home, 'out'));
  for (const key of KEYS) assert.equal(readFileSync(join(home, 'out', key), 'utf8'), key);
  await cli('s3', 'cp', 's3://books/a b/c d', 's3://more-books/copied');
  assert.match(await cli('s3', 'ls', 's3://more-books'), /copied/);
  const big = file('big', randomBytes(BIG_BYTES));
  await cli('s3', 'cp', big, 's3://books/big');
  await cli('s3', 'cp', 's3://books/big', join(home, 'big-again'));
  assert.equal(digest(join(home, 'big-again')), digest(big));
  const head = JSON.parse(await cli('s3api', 'head-object', '--bucket', 'books', '--key', 'big', '--output', 'json'));
  assert.deepEqual([head.ContentLength, /-\d+"$/.test(head.ETag)], [BIG_BYTES, true]);
  const url = new URL((await cli('s3', 'presign', 's3://books/x%20y')).trim());
  if (url.search.includes('X-Amz-Signature')) {
    assert.equal(await (await fetch(url)).text(), 'x%20y');
  }
  await cli('s3', 'rm', 's3://books', '--recursive');
  assert.deepEqual(await keys(), []);
});

const python = findExecutable('python');

test('boto3’s transfer manager', { skip: skipWithout(python, 'python', NOT_FOUND), timeout: 120_000 }, async (t) => {
  const { c, ask, file, home, keys } = await start(t);
  const big = file('big', randomBytes(BIG_BYTES));
  const script = `
import boto3, sys
from boto3.s3.transfer import TransferConfig
url, big, out, *keys = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url)
config = TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20)
for key in keys:
    s3.put_object(Bucket="books", Key=key, Body=key.encode(), Metadata={"name": "x"})
    assert s3.get_object(Bucket="books", Key=key)["Body"].read().decode() == key
s3.upload_file(big, "books", "big", Config=config)
s3.download_file("books", "big", out, Config=config)
assert s3.head_object(Bucket="books", Key="big")["ETag"].endswith('-4"')
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="books", PaginationConfig={"PageSize": 3})
found = [each["Key"] for page in pages for each in page["Contents"]]
assert sorted(found) == sorted([*keys, "big"]), found
s3.delete_objects(Bucket="books", Delete={"Objects": [{"Key": key} for key in found]})
`;
  await ask(python ?? '', file('transfer.py', script), c.url, big, join(home, 'again'), ...KEYS);
  assert.equal(digest(join(home, 'again')), digest(big));
  assert.deepEqual(await keys(), []);
});

const s3cmd = findExecutable('s3cmd');

test('s3cmd', { skip: skipWithout(s3cmd, 's3cmd', NOT_INSTALLED), timeout: 120_000 }, async (t) => {
  const { c, ask, env, file, home, keys } = await start(t);
  const host = `127.0.0.1:${c.port}`;
  const lines = [
    '[default]',
    `access_key = ${env['AWS_ACCESS_KEY_ID']}`,
    `secret_key = ${env['AWS_SECRET_ACCESS_KEY']}`,
    `host_base = ${host}`,
    `host_bucket = ${host}`,
    'use_https = False',
  ];
  const settings = file('s3cfg', `${lines.join('\n')}\n`);
  const ask3 = (...args: readonly string[]) => ask(s3cmd ?? '', '-c', settings, ...args);
  for (const key of KEYS) await ask3('put', file(`in/${key}`, key), `s3://books/${key}`);
  assert.deepEqual(sorted(await keys()), sorted(KEYS));
  for (const [at, key] of KEYS.entries()) {
    await ask3('get', `s3://books/${key}`, join(home, `out${at}`));
    assert.equal(readFileSync(join(home, `out${at}`), 'utf8'), key);
  }
  const big = file('big', randomBytes(BIG_BYTES));
  await ask3('put', '--multipart-chunk-size-mb=6', big, 's3://books/big');
  await ask3('get', 's3://books/big', join(home, 'big-again'));
  assert.equal(digest(join(home, 'big-again')), digest(big));
  await ask3('del', '--recursive', '--force', 's3://books');
  assert.deepEqual(await keys(), []);
});

const rclone = findExecutable('rclone');

test('rclone', { skip: skipWithout(rclone, 'rclone', NOT_INSTALLED), timeout: 120_000 }, async (t) => {
  // This version sends an access control list with every object.
  const { c, ask, file, home, keys } = await start(t, 'BucketOwnerPreferred');
  const lines = [
    '[cloud]',
    'type = s3',
    'provider = Other',
    'env_auth = true',
    `endpoint = ${c.url}`,
    'region = us-east-1',
  ];
  const settings = file('rclone.conf', `${lines.join('\n')}\n`);
  const sync = (...args: readonly string[]) => ask(rclone ?? '', '--config', settings, ...args);
  for (const key of KEYS) file(`in/${key}`, key);
  file('in/big', randomBytes(BIG_BYTES));
  await sync('copy', join(home, 'in'), 'cloud:books', '--s3-upload-cutoff', '6M', '--s3-chunk-size', '6M');
  assert.deepEqual(sorted(await keys()), sorted([...KEYS, 'big']));
  await sync('check', join(home, 'in'), 'cloud:books', '--download');
  await sync('copy', 'cloud:books', join(home, 'out'));
  assert.equal(digest(join(home, 'out', 'big')), digest(join(home, 'in', 'big')));
  await sync('delete', 'cloud:books');
  assert.deepEqual(await keys(), []);
});

/** Names below `localhost` are looked up here, as DNS would for a real domain. */
class BucketHostClient extends S3Client {
  constructor(config: ClientConfig, domain = 's3.localhost') {
    const { port } = new URL(config.endpoint);
    const httpAgent = new Agent({
      lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    super({ ...config, endpoint: `http://${domain}:${port}`, requestHandler: { httpAgent } });
  }
}

test('AWS SDK v3’s lib-storage, with the bucket in the host’s name', async (t) => {
  const { c, keys } = await start(t);
  const client = c.client(BucketHostClient);
  for (const Key of KEYS) {
    await client.send(new PutObjectCommand({ Bucket: 'books', Key, Body: Key }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'books', Key }));
    assert.equal(await Body?.transformToString(), Key);
  }
  assert.deepEqual(sorted(await keys()), sorted(KEYS));
  const big = randomBytes(BIG_BYTES);
  // A stream of unknown length, as it comes from another place.
  const Body = Readable.from(
    (function* () {
      for (let at = 0; at < BIG_BYTES; at += 100_000) yield big.subarray(at, at + 100_000);
    })(),
  );
  const { ETag = '' } = await new Upload({ client, params: { Bucket: 'books', Key: 'big', Body } }).done();
  assert.match(ETag, /-4"$/);
  const got = await client.send(new GetObjectCommand({ Bucket: 'books', Key: 'big' }));
  assert.ok(big.equals((await got.Body?.transformToByteArray()) ?? new Uint8Array(0)));
});

class BareHostClient extends BucketHostClient {
  constructor(config: ClientConfig) {
    super(config, 'localhost');
  }
}

test('an endpoint that is the bare domain has buckets below it too', async (t) => {
  const { c, keys } = await start(t);
  const client = c.client(BareHostClient);
  for (const Bucket of ['books', 'my.books', 'sqs']) {
    if (Bucket !== 'books') await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutObjectCommand({ Bucket, Key: Bucket, Body: Bucket }));
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: Bucket }));
    assert.equal(await Body?.transformToString(), Bucket);
  }
  assert.deepEqual(await keys(), ['books']);
});

test('an unsigned request reaches the bucket that its host names', async (t) => {
  const { c } = await start(t);
  const get = (host: string) =>
    sendRaw(c, { method: 'GET', path: '/a', query: '', headers: { host: `${host}:${c.port}` }, body: Buffer.alloc(0) });
  for (const host of ['books.s3.localhost', 'books.s3.us-east-1.localhost', 'books.s3-us-east-1.localhost']) {
    assert.equal((await get(host)).code, 'AccessDenied', host);
  }
  assert.equal((await get('nobodys.s3.localhost')).code, 'NoSuchBucket');
});
