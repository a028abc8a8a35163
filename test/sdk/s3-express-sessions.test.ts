import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateSessionCommand,
  type CreateSessionCommandInput,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type SessionCredentials,
} from '@aws-sdk/client-s3';
import { newAccount } from '#test/sdk/people.ts';
import { sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { textOf } from '#test/sdk/s3.ts';
import { type ControlS3, configurationOf, type DirectoryTest, directoryTest, SessionS3 } from '#test/sdk/s3-express.ts';

const putText = ({ s3, Bucket }: DirectoryTest, Key: string) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: 'text' }));

/** A client that signs as a session does: by its keys, with the token in a header of its own. */
function inSession(d: DirectoryTest, credentials: Partial<SessionCredentials>) {
  const {
    AccessKeyId: accessKeyId = '',
    SecretAccessKey: secretAccessKey = '',
    SessionToken: token = '',
  } = credentials;
  const client = d.controlAs({ accessKeyId, secretAccessKey });
  client.middlewareStack.add(
    (next) => (args) => {
      // The SDK's request, before it is signed.
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-s3session-token'] = token;
      return next(args);
    },
    { step: 'build' },
  );
  return client;
}

test('sessions hold for one bucket, one mode and five minutes', async (t) => {
  const d = await directoryTest(t);
  const { c, control, Bucket } = d;
  await putText(d, 'k');
  const open = async (further: Partial<CreateSessionCommandInput> = {}) => {
    const { Credentials } = await control.send(new CreateSessionCommand({ Bucket, ...further }));
    return Credentials ?? assert.fail('credentials');
  };
  const credentials = await open();
  const seconds = ((credentials.Expiration?.getTime() ?? 0) - c.clock.now()) / 1000;
  assert.ok(seconds > 290 && seconds <= 300, `${seconds}`);
  const get = (client: ControlS3) => client.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  const put = (client: ControlS3) => client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'text' }));
  const whole = inSession(d, credentials);
  await get(whole);
  await put(whole);
  const readOnly = inSession(d, await open({ SessionMode: 'ReadOnly' }));
  assert.equal(await textOf((await get(readOnly)).Body), 'text');
  await assert.rejects(put(readOnly), refusal('AccessDenied'));
  // What is not in a zone wants keys of IAM's.
  await assert.rejects(whole.send(new DeleteBucketPolicyCommand({ Bucket })), refusal('AccessDenied'));
  const copy = new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/k` });
  await assert.rejects(whole.send(copy), refusal('AccessDenied'));
  const other = Bucket.replace('fast', 'other');
  await control.send(new CreateBucketCommand({ Bucket: other, CreateBucketConfiguration: configurationOf() }));
  await assert.rejects(whole.send(new ListObjectsV2Command({ Bucket: other })), refusal('AccessDenied'));
  const altered = { ...credentials, SessionToken: `${credentials.SessionToken?.slice(0, -2)}AA` };
  await assert.rejects(get(inSession(d, altered)), refusal('InvalidToken'));
  const wrongKey = { ...credentials, SecretAccessKey: 'x'.repeat(40) };
  await assert.rejects(get(inSession(d, wrongKey)), refusal('SignatureDoesNotMatch'));
  c.advance(300_000);
  await assert.rejects(get(whole), refusal('ExpiredToken'));
});

test('a session opens no other bucket that comes to bear the name', async (t) => {
  const d = await directoryTest(t);
  const { c, control, Bucket } = d;
  const { Credentials = {} } = await control.send(new CreateSessionCommand({ Bucket }));
  const list = () => inSession(d, Credentials).send(new ListObjectsV2Command({ Bucket }));
  await list();
  await control.send(new DeleteBucketCommand({ Bucket }));
  await control.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: configurationOf() }));
  await assert.rejects(list(), refusal('AccessDenied'));
  await control.send(new DeleteBucketCommand({ Bucket }));
  const partner = d.controlAs(await newAccount(c, '210987654321'));
  await partner.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: configurationOf() }));
  await assert.rejects(list(), refusal('AccessDenied'));
});

test('what mode a session gets depends on the policy', async (t) => {
  const d = await directoryTest(t);
  const { c, Bucket } = d;
  await putText(d, 'k');
  const iam = c.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  const user = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  const open = (SessionMode?: 'ReadOnly' | 'ReadWrite') =>
    d.controlAs(user).send(new CreateSessionCommand({ Bucket, ...(SessionMode && { SessionMode }) }));
  await assert.rejects(open(), refusal('AccessDenied'));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Action: 's3express:CreateSession',
      Resource: '*',
      Condition: { StringEquals: { 's3express:SessionMode': 'ReadOnly' } },
    },
  });
  await iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument }));
  await assert.rejects(open('ReadWrite'), refusal('AccessDenied'));
  await open('ReadOnly');
  const { Credentials } = await open();
  const session = inSession(d, Credentials ?? assert.fail('credentials'));
  await session.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  await assert.rejects(session.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '' })), refusal('AccessDenied'));
  // Without a session the same permission is asked for each request.
  await d.controlAs(user).send(new GetObjectCommand({ Bucket, Key: 'k' }));
  const put = d.controlAs(user).send(new PutObjectCommand({ Bucket, Key: 'k', Body: '' }));
  await assert.rejects(put, refusal('AccessDenied'));
});

test('zonal and regional hosts', async (t) => {
  const d = await directoryTest(t);
  const { c, Bucket } = d;
  await putText(d, 'k');
  const zonal = c.client(SessionS3, { endpoint: `http://s3express-use1-az4.us-east-1.localhost:${c.port}` });
  assert.equal(await textOf((await zonal.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body), 'text');
  const draft = { method: 'GET', path: `/${Bucket}/k`, headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } };
  const byPath = await sendRaw(c, await signedRequest(c, draft, { service: 's3express' }));
  assert.deepEqual([byPath.status, byPath.body], [200, 'text']);
  // For S3 there is no such bucket, and nobody comes in unsigned.
  assert.equal((await sendRaw(c, await signedRequest(c, draft, { service: 's3' }))).code, 'NoSuchBucket');
  const host = `${Bucket}.s3express-use1-az4.us-east-1.localhost:${c.port}`;
  const stranger = await sendRaw(c, unsigned(c, { method: 'GET', path: '/k', headers: { host } }));
  assert.equal(stranger.code, 'AccessDenied');
  const control = {
    ...draft,
    path: '/',
    headers: { ...draft.headers, host: `s3express-control.us-east-1.localhost:${c.port}` },
  };
  const listed = await sendRaw(c, await signedRequest(c, control, { service: 's3express' }));
  assert.match(listed.body, /^<\?xml [^>]+>\n<ListAllMyDirectoryBucketsResult/);
});
