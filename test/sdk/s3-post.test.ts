/** Uploads from a browser's form: signed policies, conditions, answers; and forms of anybody, where the bucket lets them in. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { formatBasicDate } from '#gateway/auth/timestamp.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { type RawAnswer, sendRaw } from '#test/sdk/raw-request.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';

type Fields = readonly (readonly [name: string, value: string])[];

const BOUNDARY = 'a-boundary';

function send(c: TestCloud, path: string, fields: Fields, file: Buffer | undefined, filename = 'me.txt') {
  const parts = fields.map(([name, value]) => [`form-data; name="${name}"`, Buffer.from(value)] as const);
  const all =
    file === undefined ? parts : [...parts, [`form-data; name="file"; filename="${filename}"`, file] as const];
  const body = Buffer.concat([
    ...all.flatMap(([disposition, value]) => [
      Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n\r\n`),
      value,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const headers = { host: `localhost:${c.port}`, 'content-type': type, 'content-length': String(body.length) };
  return sendRaw(c, { method: 'POST', path, query: '', headers, body });
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

interface Signing {
  readonly conditions: readonly unknown[];
  readonly minutes?: number;
  readonly credentials?: TestCloud['administrator'];
}

/** The fields of a signed form; the policy says of each what `conditions` don't. */
function signedFields(
  c: TestCloud,
  fields: Fields,
  { conditions, minutes = 5, credentials = c.administrator }: Signing,
) {
  const timestamp = formatBasicDate(c.clock.now());
  const day = timestamp.slice(0, 8);
  const own: Fields = [
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${day}/us-east-1/s3/aws4_request`],
    ['X-Amz-Date', timestamp],
  ];
  const expiration = new Date(c.clock.now() + minutes * 60_000).toISOString();
  const document = { expiration, conditions: [...conditions, ...own.map(([name, value]) => ({ [name]: value }))] };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  const scope = [day, 'us-east-1', 's3', 'aws4_request'];
  const key = scope.reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  return [...fields, ...own, ['policy', policy], ['X-Amz-Signature', hmac(key, policy).toString('hex')]] as Fields;
}

async function start(t: Parameters<typeof bucketTest>[0]) {
  const b = await bucketTest(t);
  const { c, s3, Bucket } = b;
  const post = (fields: Fields, signing: Signing, file = Buffer.from('hello')): Promise<RawAnswer> =>
    send(c, `/${Bucket}`, signedFields(c, fields, signing), file);
  return {
    ...b,
    post,
    get: (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key })),
  };
}

const KEY: Fields = [['key', `user/\${filename}`]];
const CONDITIONS = [{ bucket: 'books' }, ['starts-with', '$key', 'user/']];

test('a signed form uploads a file, with what its fields say', async (t) => {
  const { post, get, s3, Bucket } = await start(t);
  const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>1 2</Value></Tag></TagSet></Tagging>';
  const fields: Fields = [
    ...KEY,
    ['Content-Type', 'text/x'],
    ['x-amz-meta-author', 'änon'],
    ['tagging', tagging],
    ['x-ignore-this', 'x'],
  ];
  const conditions = [
    ...CONDITIONS,
    ['starts-with', '$Content-Type', 'text/'],
    ['starts-with', '$x-amz-meta-author', ''],
    ['eq', '$tagging', tagging],
  ];
  const answer = await post(fields, { conditions });
  assert.deepEqual([answer.status, answer.body], [204, '']);
  assert.match(String(answer.headers['location']), /\/books\/user%2Fme\.txt$/);
  const got = await get('user/me.txt');
  assert.deepEqual([await textOf(got.Body), got.ContentType], ['hello', 'text/x']);
  assert.ok(got.Metadata?.['author']);
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'user/me.txt' }));
  assert.deepEqual(TagSet, [{ Key: 'a', Value: '1 2' }]);
});

test('a large file streams', async (t) => {
  const { post, get } = await start(t);
  // Lines that begin like the boundary are bytes like all others.
  const file = Buffer.alloc(9_000_000, `\r\n--${BOUNDARY.slice(0, -1)}x`);
  assert.equal((await post(KEY, { conditions: CONDITIONS }, file)).status, 204);
  const bytes = await (await get('user/me.txt')).Body?.transformToByteArray();
  assert.ok(Buffer.from(bytes ?? []).equals(file));
});

test('the browser gets what the form asks for', async (t) => {
  const { post } = await start(t);
  const ask = (name: string, value: string) =>
    post([...KEY, [name, value]], { conditions: [...CONDITIONS, { [name]: value }] });
  const document = await ask('success_action_status', '201');
  assert.equal(document.status, 201);
  assert.match(document.body, /<PostResponse><Location>.*<Bucket>books<\/Bucket><Key>user\/me.txt<\/Key><ETag>/);
  assert.equal((await ask('success_action_status', '200')).status, 200);
  assert.equal((await ask('success_action_status', '404')).status, 204);
  const page = await ask('success_action_redirect', 'https://example.com/done?a=1');
  assert.equal(page.status, 303);
  const { origin, searchParams } = new URL(String(page.headers['location']));
  assert.deepEqual(
    [origin, searchParams.get('a'), searchParams.get('key')],
    ['https://example.com', '1', 'user/me.txt'],
  );
  assert.equal((await ask('success_action_redirect', 'no url')).status, 204);
});

test('every field may have the file’s name, or come twice, and a digest is checked', async (t) => {
  const { post, get } = await start(t);
  const fields: Fields = [
    ...KEY,
    ['x-amz-meta-from', `\${filename}`],
    ['x-amz-meta-tag', 'Ninja'],
    ['x-amz-meta-tag', 'Stallman'],
    ['Content-MD5', createHash('md5').update('hello').digest('base64')],
  ];
  const conditions = [
    ...CONDITIONS,
    { 'x-amz-meta-from': 'me.txt' },
    { 'x-amz-meta-tag': 'Ninja,Stallman' },
    ['starts-with', '$Content-MD5', ''],
  ];
  assert.equal((await post(fields, { conditions })).status, 204);
  assert.deepEqual((await get('user/me.txt')).Metadata, { from: 'me.txt', tag: 'Ninja,Stallman' });
  assert.equal((await post(fields, { conditions }, Buffer.from('other'))).code, 'BadDigest');
});

test('what the policy does not allow is refused', async (t) => {
  const { post, c, Bucket } = await start(t);
  const code = async (fields: Fields, signing: Signing) => {
    const answer = await post(fields, signing);
    return `${answer.status} ${answer.code}: ${answer.message.replaceAll('&quot;', '"')}`;
  };
  const denied = '403 AccessDenied: Invalid according to Policy:';
  assert.equal(await code(KEY, { conditions: CONDITIONS, minutes: -1 }), `${denied} Policy expired.`);
  assert.equal(
    await code([['key', 'k']], { conditions: CONDITIONS }),
    `${denied} Policy Condition failed: ["starts-with", "$key", "user/"]`,
  );
  const extra: Fields = [...KEY, ['x-amz-meta-a', 'b']];
  assert.equal(await code(extra, { conditions: CONDITIONS }), `${denied} Extra input fields: x-amz-meta-a`);
  const range = (least: number, most: number) => ({
    conditions: [...CONDITIONS, ['content-length-range', least, most]],
  });
  assert.match(await code(KEY, range(0, 4)), /^400 EntityTooLarge/);
  assert.match(await code(KEY, range(6, 9)), /^400 EntityTooSmall/);
  assert.match(await code(KEY, range(0, 5)), /^204/);
  assert.match(await code(KEY, { conditions: [...CONDITIONS, ['near', '$key', 'x']] }), /^400 InvalidPolicyDocument/);
  assert.match(await code([], { conditions: CONDITIONS }), /^400 InvalidArgument: Bucket POST must contain.*'key'/);
  const good = signedFields(c, KEY, { conditions: CONDITIONS });
  const changed = good.map(([name, value]) => [name, name === 'X-Amz-Signature' ? '0'.repeat(64) : value] as const);
  assert.equal((await send(c, `/${Bucket}`, changed, Buffer.from('x'))).code, 'SignatureDoesNotMatch');
  const unsigned = good.filter(([name]) => name !== 'policy');
  assert.equal((await send(c, `/${Bucket}`, unsigned, Buffer.from('x'))).code, 'InvalidArgument');
  assert.equal((await send(c, `/${Bucket}`, good, undefined)).code, 'InvalidArgument');
  const bloated: Fields = [...good, ['x-ignore-a', 'x'.repeat(21_000)]];
  assert.equal((await send(c, `/${Bucket}`, bloated, Buffer.from('x'))).code, 'MaxPostPreDataLengthExceeded');
  assert.equal((await send(c, `/${Bucket}/key`, good, Buffer.from('x'))).code, 'MethodNotAllowed');
});

test('the signer’s permissions count, and anybody’s where a policy says so', async (t) => {
  const { post, get, c, s3, Bucket } = await start(t);
  const user = await newUser(c, 'uploader');
  const signing = { conditions: CONDITIONS, credentials: user.credentials };
  assert.equal((await post(KEY, signing)).code, 'AccessDenied');
  await user.allow({ Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/user/*` });
  assert.equal((await post(KEY, signing)).status, 204);
  const anybody = () => send(c, `/${Bucket}`, [['key', 'guest']], Buffer.from('guest'));
  assert.equal((await anybody()).code, 'AccessDenied');
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Statement = [
    { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/g*` },
  ];
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  assert.equal((await anybody()).status, 204);
  assert.equal(await textOf((await get('guest')).Body), 'guest');
});

test('forms of signature version 2 upload as well, unless the operator refuses them', async (t) => {
  const old = (c: TestCloud, change: Partial<Record<string, string>> = {}): Fields => {
    const { accessKeyId, secretAccessKey } = c.administrator;
    const expiration = new Date(c.clock.now() + 60_000).toISOString();
    const policy = Buffer.from(JSON.stringify({ expiration, conditions: CONDITIONS })).toString('base64');
    const signature = createHmac('sha1', secretAccessKey).update(policy).digest('base64');
    const fields = { AWSAccessKeyId: accessKeyId, policy, signature, ...change };
    return [...KEY, ...Object.entries(fields)].filter((field): field is [string, string] => field[1] !== undefined);
  };
  const file = Buffer.from('hello');
  const { c, Bucket, get } = await start(t);
  assert.equal((await send(c, `/${Bucket}`, old(c), file)).status, 204);
  assert.equal(await textOf((await get('user/me.txt')).Body), 'hello');
  const code = async (change: Partial<Record<string, string>>) =>
    (await send(c, `/${Bucket}`, old(c, change), file)).code;
  assert.equal(await code({ signature: Buffer.from('x'.repeat(20)).toString('base64') }), 'SignatureDoesNotMatch');
  assert.equal(await code({ AWSAccessKeyId: 'AKIAIOSFODNN7EXAMPLE' }), 'InvalidAccessKeyId');
  assert.equal(await code({ AWSAccessKeyId: undefined }), 'InvalidArgument');
  assert.equal(await code({ acl: 'private' }), 'AccessDenied', 'a field that the policy does not name');
  const strict = await bucketTest(t, { refusesVersion2: true });
  assert.equal((await send(strict.c, '/books', old(strict.c), file)).code, 'InvalidRequest');
});
