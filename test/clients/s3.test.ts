/**
 * S3 by clients of other makers: AWS's command line and boto3's transfer manager, s3cmd, rclone and s3fs where the machine has them. Each
 * puts, lists, gets and deletes keys that hold what URLs and XML have to hide.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { testClients } from '#test/clients/command-line.ts';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { type ClientConfig, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';
import { sendRaw } from '#test/sdk/raw-request.ts';

const KEYS = ['plain', 'a b/c d', 'a+b', '100%', 'x%20y', 'é/日本', "quote's & <angle>"];
/** Beyond what clients send in one piece. */
const BIG_BYTES = 20 * 1024 * 1024;

const NOT_INSTALLED = 'is not on this machine (Debian: apt-get install s3cmd rclone s3fs)';
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

testClients('s3 and s3api', async (t, { path }) => {
  const { c, ask, file, home, keys } = await start(t);
  const cli = (...args: readonly string[]) => ask(path, '--endpoint-url', c.url, ...args);
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

testClients('select-object-content writes what comes as events', async (t, { path }) => {
  const { c, ask, file, home } = await start(t);
  const cli = (...args: readonly string[]) => ask(path, '--endpoint-url', c.url, ...args);
  const rows = Array.from({ length: 100_000 }, (_, at) => `name-${at},${at % 100}`);
  await cli('s3', 'cp', file('people.csv', `name,age\n${rows.join('\n')}\n`), 's3://books/people.csv');
  const query = 'SELECT s.name FROM S3Object s WHERE CAST(s.age AS INT) < 50';
  const object = ['--bucket', 'books', '--key', 'people.csv', '--expression-type', 'SQL', '--expression', query];
  const formats = [
    '--input-serialization',
    '{"CSV":{"FileHeaderInfo":"USE"}}',
    '--output-serialization',
    '{"JSON":{}}',
  ];
  const found = join(home, 'found');
  await cli('s3api', 'select-object-content', ...object, ...formats, found);
  const names = readFileSync(found, 'utf8').trimEnd().split('\n');
  assert.deepEqual([names.length, names[50]], [50_000, '{"name":"name-100"}']);
});

testClients('a directory bucket, by sessions', async (t, { path, version: [major, minor] }) => {
  if (minor < (major === 1 ? 31 : 14)) return t.skip('it knows no S3 Express');
  const { c, ask, env, file, home } = await start(t);
  // Of an address clients know that nothing lies below it.
  const cli = (...args: readonly string[]) => ask(path, '--endpoint-url', `http://127.0.0.1:${c.port}`, ...args);
  const bucket = 'fast--use1-az4--x-s3';
  const place =
    'Location={Type=AvailabilityZone,Name=use1-az4},Bucket={Type=Directory,DataRedundancy=SingleAvailabilityZone}';
  env['AWS_S3_DISABLE_EXPRESS_SESSION_AUTH'] = 'true';
  await cli('s3api', 'create-bucket', '--bucket', bucket, '--create-bucket-configuration', place);
  delete env['AWS_S3_DISABLE_EXPRESS_SESSION_AUTH'];
  const big = file('big', randomBytes(BIG_BYTES));
  await cli('s3', 'cp', big, `s3://${bucket}/a b/big`);
  assert.match(await cli('s3', 'ls', `s3://${bucket}`, '--recursive'), /a b\/big/);
  await cli('s3', 'cp', `s3://${bucket}/a b/big`, join(home, 'again'));
  assert.equal(digest(join(home, 'again')), digest(big));
  await cli('s3', 'rm', `s3://${bucket}`, '--recursive');
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

const s3fs = findExecutable('s3fs');
const canMount = s3fs !== undefined && existsSync('/dev/fuse') && process.getuid?.() === 0;

test('s3fs', { skip: !canMount && `s3fs ${NOT_INSTALLED}, or it may not mount`, timeout: 120_000 }, async (t) => {
  const { c, ask, env, file, home, keys } = await start(t);
  Object.assign(env, { AWSACCESSKEYID: env['AWS_ACCESS_KEY_ID'], AWSSECRETACCESSKEY: env['AWS_SECRET_ACCESS_KEY'] });
  const [given, place] = [join(home, 'in'), join(home, 'mounted')];
  for (const key of KEYS) file(`in/${key}`, key);
  file('in/big', randomBytes(BIG_BYTES));
  mkdirSync(place);
  const options = `url=http://127.0.0.1:${c.port},use_path_request_style,endpoint=us-east-1`;
  await ask(s3fs ?? '', 'books', place, '-o', options);
  try {
    // By other processes: the cloud is in this one, and must not wait for a file system that waits for it.
    await ask('cp', '-r', `${given}/.`, place);
    assert.deepEqual(sorted(await keys()), sorted([...KEYS, 'a b/', 'é/', 'big']));
    await ask('diff', '-r', given, place);
    await ask('mv', join(place, 'big'), join(place, 'bigger'));
    await ask('cmp', join(given, 'big'), join(place, 'bigger'));
    await ask('find', place, '-mindepth', '1', '-delete');
    assert.deepEqual(await keys(), []);
  } finally {
    await ask('umount', place);
  }
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
