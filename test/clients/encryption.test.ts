import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { cloud } from '#test/sdk/cloud.ts';

const python = findExecutable('python3') ?? '';
const hasSdk = python !== '' && (await run(python, ['-c', 'import aws_encryption_sdk'], {})).code === 0;

test('the AWS Encryption SDK works over KMS', { skip: !hasSdk && `aws-encryption-sdk ${NOT_FOUND}` }, async (t) => {
  const c = await cloud(t);
  const { code, stdout, stderr } = await run(python, [fileURLToPath(new URL('./encryption.py', import.meta.url))], {
    HOME: tmpdir(),
    AWS_ENDPOINT_URL: c.url,
    AWS_ACCESS_KEY_ID: c.administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: c.administrator.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'all is well\n');
});
