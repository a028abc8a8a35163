/** The README's tour by AWS's command line, as a user types it: version 1, from PyPI, and version 2 where the machine has one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findExecutables, NOT_FOUND, run } from '#test/clients/executables.ts';
import { type Credentials, cloud } from '#test/sdk/cloud.ts';

interface Client {
  readonly path: string;
  /** [1, 46] */
  readonly version: readonly [number, number];
}

async function clientAt(path: string): Promise<Client> {
  const { stdout } = await run(path, ['--version'], {});
  const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? [];
  return { path, version: [Number(major), Number(minor)] };
}

const found = await Promise.all(findExecutables('aws').map(clientAt));
/** One of each major version. */
const clients = [1, 2].map((major) => found.find(({ version }) => version[0] === major));
const NOT_HERE = ['', `aws ${NOT_FOUND}`, 'this machine has no version 2 (Debian: apt-get install awscli)'];

/** Since 1.29 and 2.13 the endpoint may stand in the profile (and, but for sqs in version 1, in the environment). */
const readsEndpoint = ({ version: [major, minor] }: Client): boolean => minor >= (major === 1 ? 29 : 13);

type Texts = Record<string, string>;

async function start(t: TestContext, { path }: Client) {
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
  const ask = (args: readonly string[]) => run(path, [...args, '--output', 'json'], env);
  profile('admin', c.administrator);
  return {
    c,
    profile,
    /** As a user with the README's alias. */
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

async function useQueues(t: TestContext, client: Client): Promise<void> {
  const { cli } = await start(t, client);
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
}

async function beAllowed(t: TestContext, client: Client): Promise<void> {
  const { c, cli, refused, profile, plain } = await start(t, client);
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
  if (!readsEndpoint(client)) return;
  // By the profile alone, without --endpoint-url.
  const { code, stdout, stderr } = await plain(['--profile', 'reader', 'sts', 'get-caller-identity']);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).Arn, `arn:aws:sts::${c.account}:assumed-role/reader/tour`);
}

async function readHistory(t: TestContext, client: Client): Promise<void> {
  const { cli, refused } = await start(t, client);
  await cli('sqs create-queue --queue-name orders');
  const { Events } = await cli<{ Events: Texts[] }>(
    'cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=orders',
  );
  assert.deepEqual(
    Events.map(({ EventName, Username }) => [EventName, Username]),
    [['CreateQueue', 'administrator']],
  );
  const { trailList } = await cli<{ trailList: Texts[] }>('cloudtrail describe-trails');
  assert.deepEqual(trailList, []);
  const said = await refused('cloudtrail create-trail --name audit --s3-bucket-name logs', 'admin');
  assert.match(said, /S3BucketDoesNotExistException.*S3 bucket logs does not exist!/);
}

async function useKeys(t: TestContext, client: Client): Promise<void> {
  const { c, cli, refused, profile } = await start(t, client);
  const { KeyMetadata: key } = await cli<{ KeyMetadata?: Texts }>('kms create-key --description orders');
  await cli(`kms create-alias --alias-name alias/orders --target-key-id ${key?.['KeyId']}`);
  const home = mkdtempSync(join(tmpdir(), 'makonis-blob-'));
  t.after(() => rmSync(home, { recursive: true }));
  const file = join(home, 'blob');
  writeFileSync(file, 'secret');
  const encrypt = `kms encrypt --key-id alias/orders --plaintext fileb://${file} --encryption-context tenant=blue`;
  const { CiphertextBlob: blob } = await cli(encrypt);
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
}

for (const [at, client] of clients.entries()) {
  const options = { skip: client === undefined && (NOT_HERE[at + 1] ?? true) };
  test(`version ${at + 1}: queues: make, send, receive, delete, tag, FIFO`, options, async (t) => {
    if (client !== undefined) await useQueues(t, client);
  });
  test(`version ${at + 1}: keys: encrypt, and let another decrypt by a grant`, options, async (t) => {
    if (client !== undefined) await useKeys(t, client);
  });
  test(`version ${at + 1}: a new user is refused until a policy allows it; a role is assumed`, options, async (t) => {
    if (client !== undefined) await beAllowed(t, client);
  });
  test(`version ${at + 1}: the event history: who did what`, options, async (t) => {
    if (client !== undefined) await readHistory(t, client);
  });
}
