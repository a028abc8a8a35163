import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateSessionCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  RenameObjectCommand,
  type ServerSideEncryption,
} from '@aws-sdk/client-s3';
import { refusal } from '#test/sdk/refusals.ts';
import { textOf } from '#test/sdk/s3.ts';
import { directoryTest } from '#test/sdk/s3-express.ts';

test('one key for the life of a bucket, and what sessions make of it', async (t) => {
  const { c, s3, as, control, Bucket } = await directoryTest(t);
  const kms = c.client(KMSClient);
  const newKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
  const [key, another] = [await newKey(), await newKey()];
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: key }));
  const putDefault = (SSEAlgorithm: ServerSideEncryption, KMSMasterKeyID?: string) => {
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm, KMSMasterKeyID };
    const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault }] };
    return control.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  };
  const byDefault = async () => {
    const found = await control.send(new GetBucketEncryptionCommand({ Bucket }));
    const [rule] = found.ServerSideEncryptionConfiguration?.Rules ?? [];
    return [rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, rule?.BucketKeyEnabled];
  };
  assert.deepEqual(await byDefault(), ['AES256', false]);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'text' }));
  await assert.rejects(putDefault('aws:kms:dsse', key), refusal('InvalidArgument'));
  await assert.rejects(putDefault('aws:kms'), refusal('InvalidArgument'));
  await assert.rejects(putDefault('AES256', key), refusal('InvalidArgument'));
  await assert.rejects(putDefault('aws:kms', 'alias/mine'), refusal('InvalidArgument'));
  await putDefault('aws:kms', key);
  assert.deepEqual(await byDefault(), ['aws:kms', true]);
  await assert.rejects(putDefault('aws:kms', another), refusal('InvalidArgument'));

  const session = await control.send(new CreateSessionCommand({ Bucket }));
  assert.deepEqual(
    [session.ServerSideEncryption, session.SSEKMSKeyId, session.BucketKeyEnabled],
    ['aws:kms', key, true],
  );
  const opens = (further: object) => control.send(new CreateSessionCommand({ Bucket, ...further }));
  const withAnother = opens({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: another });
  await assert.rejects(withAnother, refusal('InvalidArgument'));
  assert.equal((await opens({ ServerSideEncryption: 'AES256' })).ServerSideEncryption, 'AES256');

  const sealed = as(c.administrator);
  const put = (further: Partial<PutObjectCommandInput>) =>
    sealed.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'sealed', ...further }));
  const written = await put({});
  assert.deepEqual(
    [written.ServerSideEncryption, written.SSEKMSKeyId, written.BucketKeyEnabled],
    ['aws:kms', key, true],
  );
  await put({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: key });
  await assert.rejects(put({ ServerSideEncryption: 'AES256' }), refusal('InvalidRequest'));
  await assert.rejects(put({ SSEKMSKeyId: another }), refusal('InvalidRequest'));
  await assert.rejects(
    control.send(new PutObjectCommand({ Bucket, Key: 'k', Body: '', ServerSideEncryption: 'AES256' })),
    refusal('InvalidRequest'),
  );
  await put({ WriteOffsetBytes: 6 });
  await sealed.send(new RenameObjectCommand({ Bucket, RenameSource: `${Bucket}/k`, Key: 'renamed' }));
  const got = await sealed.send(new GetObjectCommand({ Bucket, Key: 'renamed' }));
  assert.deepEqual([await textOf(got.Body), got.ServerSideEncryption], ['sealedsealed', 'aws:kms']);
  await assert.rejects(put({ Key: 'plain', WriteOffsetBytes: 4 }), refusal('EncryptionTypeMismatch'));
  assert.equal((await sealed.send(new HeadObjectCommand({ Bucket, Key: 'plain' }))).ServerSideEncryption, 'AES256');

  await control.send(new DeleteBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(await byDefault(), ['AES256', false]);
});
