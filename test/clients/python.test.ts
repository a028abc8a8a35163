/** Programs in Python against a cloud: what they do stands beside, in their own language. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { cloud } from '#test/sdk/cloud.ts';

const python = findExecutable('python3') ?? '';

const PROGRAMS = [
  { title: 'the README’s tour by boto3', file: 'tour.py', module: 'boto3', says: 'the tour is over' },
  {
    title: 'the AWS Encryption SDK works over KMS',
    file: 'encryption.py',
    module: 'aws_encryption_sdk',
    says: 'all is well',
  },
  {
    title: 'decimals of Parquet files by DuckDB, exactly',
    file: 'parquet.py',
    module: 'duckdb',
    says: 'to the last digit',
  },
] as const;

for (const { title, file, module, says } of PROGRAMS) {
  const isThere = python !== '' && (await run(python, ['-c', `import ${module}`], {})).code === 0;
  test(title, { skip: !isThere && `the module ${module} ${NOT_FOUND}` }, async (t) => {
    const c = await cloud(t);
    const { code, stdout, stderr } = await run(python, [fileURLToPath(new URL(file, import.meta.url))], {
      HOME: tmpdir(),
      AWS_ENDPOINT_URL: c.url,
      AWS_ACCESS_KEY_ID: c.administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: c.administrator.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_MAX_ATTEMPTS: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${says}\n`);
  });
}
