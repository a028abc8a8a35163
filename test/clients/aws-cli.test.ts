/** The README's tour by AWS's command line (version 1, from PyPI), as a user types it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findExecutable, NOT_FOUND, run } from '#test/clients/executables.ts';
import { type Credentials, cloud } from '#test/sdk/cloud.ts';

const aws = findExecutable('aws') ?? '';
const skip = aws === '' && `aws ${NOT_FOUND}`;

type Texts = Record<string, string>;

async function start(t: TestContext) {
  const c = await cloud(t);
  const home = mkdtempSync(join(tmpdir(), 'makonis-home-'));
  t.after(() => rmSync(home, { recursive: true }));
  const profile = (name: string, key: Credentials): void => {
    mkdirSync(join(home, '.aws'), { recursive: true });
    const secrets = `aws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`;
    const token = key.sessionToken === undefined ? '' : `aws_session_token = ${key.sessionToken}\n`;
    writeFileSync(join(home, '.aws', 'credentials'), `[${name}]\n${secrets}${token}\n`, { flag: 'a' });
    const place = `region = us-east-1\nendpoint_url = ${c.url}\n`;
    writeFileSync(join(home, '.aws', 'config'), `[profile ${name}]\n${place}\n`, { flag: 'a' });
  };
  const env = { HOME: home, AWS_PAGER: '', AWS_EC2_METADATA_DISABLED: 'true' };
  const ask = (args: readonly string[]) => run(aws, [...args, '--output', 'json'], env);
  profile('admin', c.administrator);
  return {
    c,
    profile,
    /** As a user with an alias: version 1 reads no endpoint for sqs from anywhere else. */
    async cli<T = Texts>(command: string, options: { as?: string } = {}): Promise<T> {
      const args = ['--endpoint-url', c.url, '--profile', options.as ?? 'admin', ...command.split(' ')];
      const { code, stdout, stderr } = await ask(args);
      assert.equal(code, 0, `aws ${command}: ${stderr}`);
      return JSON.parse(stdout.trim() || '{}');
    },
    async refused(command: string, as: string): Promise<string> {
      const { code, stderr } = await ask(['--endpoint-url', c.url, '--profile', as, ...command.split(' ')]);
      assert.notEqual(code, 0, command);
      return stderr;
    },
    plain: ask,
  };
}

test('queues: make, send, receive, delete, tag, FIFO', { skip }, async (t) => {
  const { cli } = await start(t);
  const { QueueUrl: url = '' } = await cli('sqs create-queue --queue-name orders --tags team=blue');
  const sent = await cli(`sqs send-message --queue-url ${url} --message-body hello`);
  const { Messages } = await cli<{ Messages?: Texts[] }>(
    `sqs receive-message --queue-url ${url} --wait-time-seconds 5`,
  );
  const [message = {}] = Messages ?? [];
  assert.deepEqual([message['Body'], message['MessageId']], ['hello', sent['MessageId']]);
  await cli(`sqs delete-message --queue-url ${url} --receipt-handle ${message['ReceiptHandle']}`);
  const { Attributes } = await cli<{ Attributes?: Texts }>(
    `sqs get-queue-attributes --queue-url ${url} --attribute-names All`,
  );
  assert.equal(Attributes?.['ApproximateNumberOfMessages'], '0');
  const tagged = await cli<{ ResourceTagMappingList: { Tags: Texts[] }[] }>('resourcegroupstaggingapi get-resources');
  assert.deepEqual(tagged.ResourceTagMappingList[0]?.Tags, [{ Key: 'team', Value: 'blue' }]);
  const fifo = await cli('sqs create-queue --queue-name orders.fifo --attributes FifoQueue=true');
  const group = `--message-group-id g --message-deduplication-id`;
  for (const id of ['1', '2', '1']) {
    await cli(`sqs send-message --queue-url ${fifo['QueueUrl']} --message-body m${id} ${group} ${id}`);
  }
  const received = await cli<{ Messages?: Texts[] }>(
    `sqs receive-message --queue-url ${fifo['QueueUrl']} --max-number-of-messages 10`,
  );
  assert.deepEqual(
    received.Messages?.map((each) => each['Body']),
    ['m1', 'm2'],
  );
  const quotas = await cli<{ Quotas: Texts[] }>('service-quotas list-service-quotas --service-code sqs');
  assert.ok(quotas.Quotas.length > 0);
});

test('a new user is refused until a policy allows it; a role is assumed; a profile is enough', { skip }, async (t) => {
  const { c, cli, refused, profile, plain } = await start(t);
  await cli('iam create-user --user-name bob');
  const { AccessKey: key } = await cli<{ AccessKey?: Texts }>('iam create-access-key --user-name bob');
  profile('bob', { accessKeyId: key?.['AccessKeyId'] ?? '', secretAccessKey: key?.['SecretAccessKey'] ?? '' });
  const identity = await cli('sts get-caller-identity', { as: 'bob' });
  assert.equal(identity['Arn'], `arn:aws:iam::${c.account}:user/bob`);
  const message = await refused('sqs list-queues', 'bob');
  assert.match(
    message,
    /AccessDenied\) when calling the ListQueues operation: User: arn:aws:iam::\d+:user\/bob is not/,
  );
  await cli('iam attach-user-policy --user-name bob --policy-arn arn:aws:iam::aws:policy/AmazonSQSFullAccess');
  await cli('sqs list-queues', { as: 'bob' });
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: c.account }, Action: 'sts:AssumeRole' },
  });
  const { Role: role } = await cli<{ Role?: Texts }>(
    `iam create-role --role-name reader --assume-role-policy-document ${trust}`,
  );
  const assume = `sts assume-role --role-arn ${role?.['Arn']} --role-session-name tour`;
  const { Credentials: session } = await cli<{ Credentials?: Texts }>(assume);
  profile('reader', {
    accessKeyId: session?.['AccessKeyId'] ?? '',
    secretAccessKey: session?.['SecretAccessKey'] ?? '',
    sessionToken: session?.['SessionToken'] ?? '',
  });
  // By the profile alone, without --endpoint-url.
  const { code, stdout, stderr } = await plain(['--profile', 'reader', 'sts', 'get-caller-identity']);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).Arn, `arn:aws:sts::${c.account}:assumed-role/reader/tour`);
});

test('keys: encrypt under a key, and let another decrypt by a grant', { skip }, async (t) => {
  const { c, cli, refused, profile } = await start(t);
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>('kms create-key --description orders');
  await cli(`kms create-alias --alias-name alias/orders --target-key-id ${key?.['KeyId']}`);
  const encrypt = 'kms encrypt --key-id alias/orders --plaintext secret --encryption-context tenant=blue';
  const { CiphertextBlob: blob } = await cli(encrypt);
  const home = mkdtempSync(join(tmpdir(), 'makonis-blob-'));
  t.after(() => rmSync(home, { recursive: true }));
  const file = join(home, 'blob');
  writeFileSync(file, Buffer.from(blob ?? '', 'base64'));
  const decrypt = `kms decrypt --ciphertext-blob fileb://${file} --encryption-context tenant=blue`;
  assert.equal((await cli(decrypt))['KeyId'], key?.['Arn']);
  await cli('iam create-user --user-name ann');
  const { AccessKey: access } = await cli<{ AccessKey?: Texts }>('iam create-access-key --user-name ann');
  profile('ann', { accessKeyId: access?.['AccessKeyId'] ?? '', secretAccessKey: access?.['SecretAccessKey'] ?? '' });
  assert.match(await refused(decrypt, 'ann'), /AccessDeniedException/);
  const grantee = `arn:aws:iam::${c.account}:user/ann`;
  const constraints = JSON.stringify({ EncryptionContextSubset: { tenant: 'blue' } });
  await cli(
    `kms create-grant --key-id ${key?.['KeyId']} --grantee-principal ${grantee} --operations Decrypt --constraints ${constraints}`,
  );
  assert.equal((await cli(decrypt, { as: 'ann' }))['Plaintext'], 'c2VjcmV0');
});
