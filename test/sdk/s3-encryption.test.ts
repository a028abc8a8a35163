import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { type TestContext, test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  type S3ClientConfig,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { cloud } from '#test/sdk/cloud.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

const Bucket = 'sealed-things';

async function opened(t: TestContext, options?: Parameters<typeof cloud>[1]) {
  const made = await cloud(t, options);
  const ca = options?.tls ? readFileSync(made.authorityFile) : undefined;
  class Trusting extends PathStyleS3 {
    constructor(config: S3ClientConfig) {
      super({ ...config, ...(ca && { requestHandler: { httpsAgent: new Agent({ ca }) } }) });
    }
  }
  const s3 = made.client(Trusting);
  await s3.send(new CreateBucketCommand({ Bucket }));
  return { made, s3 };
}

async function get(s3: S3Client, input: Omit<GetObjectCommandInput, 'Bucket'>): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, ...input }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

const put = (s3: S3Client, input: Omit<PutObjectCommandInput, 'Bucket'>) =>
  s3.send(new PutObjectCommand({ Bucket, ...input }));

test('a key of KMS: of S3’s own, of the customer’s, with a context, a bucket key, in two layers', async (t) => {
  const { made, s3 } = await opened(t);
  const kms = made.client(KMSClient);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const SSEKMSKeyId = KeyMetadata?.Arn ?? '';
  const Body = randomBytes(200_000);
  const context = Buffer.from(JSON.stringify({ purpose: 'test' })).toString('base64');

  const managed = await put(s3, { Key: 'managed', Body, ServerSideEncryption: 'aws:kms' });
  const { KeyMetadata: ofS3 } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }));
  assert.equal(managed.ServerSideEncryption, 'aws:kms');
  assert.equal(managed.SSEKMSKeyId, ofS3?.Arn);
  assert.notEqual(managed.ETag, `"${createHash('md5').update(Body).digest('hex')}"`);

  const own = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId } as const;
  const written = await put(s3, { Key: 'own', Body, ...own, SSEKMSEncryptionContext: context });
  assert.equal(written.SSEKMSEncryptionContext, context);
  const bucketKey = await put(s3, { Key: 'bucket key', Body, ...own, BucketKeyEnabled: true });
  assert.equal(bucketKey.BucketKeyEnabled, true);
  const dual = await put(s3, { Key: 'dual', Body, ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId });
  assert.equal(dual.ServerSideEncryption, 'aws:kms:dsse');
  for (const Key of ['managed', 'own', 'bucket key', 'dual']) {
    assert.ok((await get(s3, { Key })).equals(Body), Key);
    assert.ok((await get(s3, { Key, Range: 'bytes=70001-130002' })).equals(Body.subarray(70_001, 130_003)), Key);
  }
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'own' }));
  assert.equal(head.SSEKMSKeyId, SSEKMSKeyId);

  await kms.send(new DisableKeyCommand({ KeyId: SSEKMSKeyId }));
  await assert.rejects(get(s3, { Key: 'own' }), { name: 'KMS.DisabledException' });
  await assert.rejects(get(s3, { Key: 'dual' }), { name: 'KMS.DisabledException' });
  await assert.rejects(put(s3, { Key: 'own', Body, ...own }), { name: 'KMS.DisabledException' });
  await kms.send(new EnableKeyCommand({ KeyId: SSEKMSKeyId }));
  assert.ok((await get(s3, { Key: 'own' })).equals(Body));
  const missing = SSEKMSKeyId.replace(/[^/]+$/, '11111111-2222-3333-4444-555555555555');
  await assert.rejects(put(s3, { Key: 'own', Body, ...own, SSEKMSKeyId: missing }), { name: 'KMS.NotFoundException' });
  await assert.rejects(put(s3, { Key: 'own', Body, ...own, SSEKMSEncryptionContext: 'bm8=' }), {
    name: 'InvalidArgument',
  });
  await assert.rejects(put(s3, { Key: 'own', Body, ServerSideEncryption: 'AES256', SSEKMSKeyId }), {
    name: 'InvalidArgument',
  });
  await assert.rejects(put(s3, { Key: 'own', Body, ServerSideEncryption: 'aws:fsx' }), { name: 'InvalidArgument' });
});

test('who may not use the key gets nothing in or out', async (t) => {
  const { made, s3 } = await opened(t);
  const { KeyMetadata } = await made.client(KMSClient).send(new CreateKeyCommand({}));
  const sealed = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyMetadata?.Arn ?? '' } as const;
  await put(s3, { Key: 'secret', Body: 'x', ...sealed });
  const iam = made.client(IAMClient);
  const UserName = 'reader';
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
  });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 's3', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const credentials = {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  };
  const reader = made.client(PathStyleS3, { credentials });
  await assert.rejects(get(reader, { Key: 'secret' }), { name: 'AccessDenied' });
  await assert.rejects(put(reader, { Key: 'new', Body: 'x', ...sealed }), { name: 'AccessDenied' });
  await assert.rejects(reader.send(new CopyObjectCommand({ Bucket, Key: 'new', CopySource: `${Bucket}/secret` })), {
    name: 'AccessDenied',
  });
});

test('a bucket’s default, copies between encryptions, and uploads in parts', async (t) => {
  const { made, s3 } = await opened(t);
  const { KeyMetadata } = await made.client(KMSClient).send(new CreateKeyCommand({}));
  const KMSMasterKeyID = KeyMetadata?.Arn ?? '';
  const first = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(first.ServerSideEncryptionConfiguration?.Rules, [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      BucketKeyEnabled: false,
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
    },
  ]);
  const setDefault = (rule: object) =>
    s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
  const Body = randomBytes(6_000_000);
  await put(s3, { Key: 'plain', Body });
  await setDefault({
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID },
    BucketKeyEnabled: true,
  });
  const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = await put(s3, { Key: 'default', Body });
  assert.deepEqual([ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled], ['aws:kms', KMSMasterKeyID, true]);
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/plain` }));
  const copied = await s3.send(new HeadObjectCommand({ Bucket, Key: 'copied' }));
  assert.equal(copied.SSEKMSKeyId, KMSMasterKeyID);
  const back = { ServerSideEncryption: 'AES256' } as const;
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'back', CopySource: `${Bucket}/copied`, ...back }));
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: 'back' }))).ServerSideEncryption, 'AES256');
  for (const Key of ['default', 'copied', 'back']) assert.ok((await get(s3, { Key })).equals(Body), Key);

  const upload = { Bucket, Key: 'in parts' };
  const dsse = { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: KMSMasterKeyID } as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...upload, ...dsse }));
  const one = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body }));
  assert.equal(one.ServerSideEncryption, 'aws:kms:dsse');
  const two = await s3.send(
    new UploadPartCopyCommand({
      ...upload,
      UploadId,
      PartNumber: 2,
      CopySource: `${Bucket}/copied`,
      CopySourceRange: 'bytes=5-1000004',
    }),
  );
  await s3.send(
    new CompleteMultipartUploadCommand({
      ...upload,
      UploadId,
      MultipartUpload: {
        Parts: [
          { PartNumber: 1, ETag: one.ETag },
          { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
        ],
      },
    }),
  );
  const whole = Buffer.concat([Body, Body.subarray(5, 1_000_005)]);
  assert.ok((await get(s3, { Key: upload.Key })).equals(whole));
  assert.ok(
    (await get(s3, { Key: upload.Key, Range: 'bytes=5999990-6000100' })).equals(whole.subarray(5_999_990, 6_000_101)),
  );

  await assert.rejects(setDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256', KMSMasterKeyID } }), {
    name: 'InvalidArgument',
  });
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  assert.equal((await put(s3, { Key: 'plain', Body: '' })).ServerSideEncryption, 'AES256');
});

test('the client’s own key: over TLS alone, blocked until the bucket lets it in', async (t) => {
  const { s3 } = await opened(t, { tls: true });
  const key = randomBytes(32);
  // The SDK turns what is given into base 64, and adds the digest.
  const own = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key as unknown as string };
  const other = { ...own, SSECustomerKey: randomBytes(32) as unknown as string };
  const Body = randomBytes(150_000);
  const blocked = /"arn:aws:s3:::.*\/own" because this bucket has blocked upload requests that specify .* \(SSE-C\)$/;
  await assert.rejects(put(s3, { Key: 'own', Body, ...own }), { name: 'AccessDenied', message: blocked });
  const Rules = [{ BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }];
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
  const written = await put(s3, { Key: 'own', Body, ...own });
  assert.equal(written.SSECustomerAlgorithm, 'AES256');
  assert.equal(written.SSECustomerKeyMD5, createHash('md5').update(key).digest('base64'));
  assert.equal(written.ServerSideEncryption, undefined);
  assert.ok((await get(s3, { Key: 'own', ...own })).equals(Body));
  assert.ok((await get(s3, { Key: 'own', ...own, Range: 'bytes=66000-' })).equals(Body.subarray(66_000)));
  await assert.rejects(get(s3, { Key: 'own' }), { name: 'InvalidRequest' });
  await assert.rejects(get(s3, { Key: 'own', ...other }), { name: 'AccessDenied' });
  const begun = { Bucket, Key: 'parts' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...begun, ...own }));
  const part = (sealed: object) =>
    s3.send(new UploadPartCommand({ ...begun, UploadId, PartNumber: 1, Body: 'part', ...sealed }));
  for (const wrong of [{}, other]) await assert.rejects(part(wrong), { name: 'InvalidRequest' });
  await part(own);
  await put(s3, { Key: 'plain', Body });
  await assert.rejects(get(s3, { Key: 'plain', ...own }), { name: 'InvalidRequest' });
  await assert.rejects(put(s3, { Key: 'own', Body, ...own, SSECustomerAlgorithm: 'AES128' }), {
    name: 'InvalidEncryptionAlgorithmError',
  });
  await assert.rejects(put(s3, { Key: 'own', Body, ...own, ServerSideEncryption: 'AES256' }), {
    name: 'InvalidArgument',
  });
  const source = { CopySource: `${Bucket}/own`, CopySourceSSECustomerAlgorithm: 'AES256' };
  const sourceKey = { ...source, CopySourceSSECustomerKey: key as unknown as string };
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', ...sourceKey }));
  assert.ok((await get(s3, { Key: 'copy' })).equals(Body));
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'again', ...sourceKey, ...other }));
  assert.ok((await get(s3, { Key: 'again', ...other })).equals(Body));
});

test('the client’s own key is refused without TLS', async (t) => {
  const { s3 } = await opened(t);
  const plain = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: randomBytes(32) as unknown as string };
  await assert.rejects(put(s3, { Key: 'own', Body: 'x', ...plain }), {
    name: 'InvalidRequest',
    message: /must be made over a secure connection/,
  });
});

test('an object gets another key and stays what it is', async (t) => {
  const { made, s3 } = await opened(t);
  const kms = made.client(KMSClient);
  const newKey = async (): Promise<string> => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const [one, two] = [await newKey(), await newKey()];
  const Body = randomBytes(2_000_000);
  const Key = 'changing';
  const { ETag } = await put(s3, { Key, Body });
  const update = (KMSKeyArn: string, key = Key) => {
    const ObjectEncryption = { SSEKMS: { KMSKeyArn } };
    return s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key: key, ObjectEncryption }));
  };
  await update(one);
  await update(two);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  assert.deepEqual([head.ETag, head.SSEKMSKeyId, head.ServerSideEncryption], [ETag, two, 'aws:kms']);
  await kms.send(new DisableKeyCommand({ KeyId: one }));
  assert.ok((await get(s3, { Key })).equals(Body));
  await kms.send(new DisableKeyCommand({ KeyId: two }));
  await assert.rejects(get(s3, { Key }), { name: 'KMS.DisabledException' });
  await assert.rejects(update(one, 'missing'), { name: 'NoSuchKey' });
  await put(s3, { Key: 'dual', Body: 'x', ServerSideEncryption: 'aws:kms:dsse' });
  await kms.send(new EnableKeyCommand({ KeyId: one }));
  await assert.rejects(update(one, 'dual'), { name: 'InvalidRequest' });
});
