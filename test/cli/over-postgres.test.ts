/** The life of a cloud whose rows are in PostgreSQL, and its moves from there to a folder and back. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { CreateVpcCommand, DescribeVpcsCommand, EC2Client, type TagSpecification } from '@aws-sdk/client-ec2';
import { CreateAliasCommand, CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Cluster, startCluster, withPostgres } from '#platform/store/postgres/cluster.fixture.ts';
import { type Program, program } from '#test/cli/makonis.ts';

let cluster: Cluster;

/** The URL without its password, as it may stand on a command line, and the password as it may not. */
function apart(schema: string): { readonly url: string; readonly password: string } {
  const { password = '' } = cluster.address(schema);
  return { url: cluster.url(schema).replace(/:[^:@/]+@/, '@'), password };
}

async function clientsOf(p: Program) {
  const config = await p.clientConfig();
  const [sqs, kms, ec2] = [new SQSClient(config), new KMSClient(config), new EC2Client(config)];
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const destroy = (): void => {
    for (const client of [sqs, kms, ec2, s3]) client.destroy();
  };
  return { sqs, kms, ec2, s3, destroy };
}

/** What was encrypted under a key of each name's. */
const secrets = new Map<string, Uint8Array>();

/** With `name` in a queue, sealed, in an object, under a key and on a VPC. */
async function leave(p: Program, name: string): Promise<void> {
  const { sqs, kms, ec2, s3, destroy } = await clientsOf(p);
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  await kms.send(new CreateAliasCommand({ AliasName: `alias/${name}`, TargetKeyId: KeyMetadata?.KeyId }));
  const encrypted = await kms.send(new EncryptCommand({ KeyId: `alias/${name}`, Plaintext: Buffer.from(name) }));
  secrets.set(name, encrypted.CiphertextBlob ?? assert.fail());
  const TagSpecifications: TagSpecification[] = [{ ResourceType: 'vpc', Tags: [{ Key: 'Name', Value: name }] }];
  await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', TagSpecifications }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: name }));
  await s3.send(new CreateBucketCommand({ Bucket: name }));
  await s3.send(new PutObjectCommand({ Bucket: name, Key: 'object', Body: name.repeat(20_000) }));
  destroy();
}

async function find(p: Program, name: string): Promise<void> {
  const { sqs, kms, ec2, s3, destroy } = await clientsOf(p);
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
  const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
  assert.equal(received.Messages?.[0]?.Body, name);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: name, Key: 'object' }));
  assert.equal(await Body?.transformToString(), name.repeat(20_000));
  const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob: secrets.get(name) }));
  assert.equal(Buffer.from(Plaintext ?? []).toString(), name);
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'tag:Name', Values: [name] }] }));
  assert.deepEqual(
    Vpcs?.map(({ CidrBlock }) => CidrBlock),
    ['10.9.0.0/16'],
  );
  destroy();
}

async function good(p: Program, command: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await p.run(command, ...args);
  assert.equal(code, 0, `${command}: ${out}${err}`);
  return out;
}

const textOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => readFileSync(join(each.parentPath, each.name), 'latin1'))
    .join('\n');

suite('over PostgreSQL', withPostgres, () => {
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.remove());

  life();
  inTheWay();
  moves();
});

function life(): void {
  test('up, status, env, account, doctor, down, and up again; the password is seen nowhere', async (t) => {
    const { url, password } = apart('life');
    const p = program(t, undefined, { MAKONIS_STORE: url, PGPASSWORD: password });
    const start = ['--detach', '--port', '0', '--blobs', join(p.home, 'blobs')];
    const up = await good(p, 'up', ...start);
    assert.match(up, /store +PostgreSQL at 127\.0\.0\.1:\d+, database makonis, schema life, user makonis/);
    const [pid = 0] = p.state().pids;
    assert.ok(!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(password));
    assert.equal(JSON.parse(await good(p, 'status', '--json')).ready, true);
    assert.match(await good(p, 'account', 'list'), /\d{12}/);
    const doctor = await good(p, 'doctor');
    assert.match(doctor, /ok +store +PostgreSQL at .* version 1\d.* ms there and back/);
    await leave(p, 'first');
    await find(p, 'first');
    const second = program(t, undefined, { MAKONIS_STORE: url, PGPASSWORD: password });
    assert.match((await second.run('up', '--port', '0')).err, /schema life, .* is in use by another Makonis/);
    await good(p, 'down');
    assert.ok(!textOf(p.data).includes(password));
    assert.deepEqual(
      readdirSync(p.data).filter((name) => ['regions', 'manifest.json', 'blobs'].includes(name)),
      [],
    );
    await good(p, 'up', ...start);
    await find(p, 'first');
  });
}

function inTheWay(): void {
  test('what is in the way is said in one line, without the password', async (t) => {
    const { url, password } = apart('way');
    const wrong = program(t, undefined, { MAKONIS_STORE: url, PGPASSWORD: 'not this one' });
    const refused = await wrong.run('up', '--port', '0');
    assert.match(refused.err, /^makonis: PostgreSQL at .*, user makonis: password authentication failed[^\n]*\n$/);
    assert.match((await wrong.run('doctor')).out, /BAD +store .*password authentication failed/);
    const seen = await wrong.run('up', '--port', '0', '--store', cluster.url('way'));
    assert.match(seen.err, /seen by all users/);
    for (const { out, err } of [refused, seen]) {
      for (const secret of [password, encodeURIComponent(password), 'not this one'])
        assert.ok(!(out + err).includes(secret));
    }
    const nobody = program(t, undefined, { MAKONIS_STORE: 'postgres://makonis@127.0.0.1:1/makonis' });
    assert.match(
      (await nobody.run('up', '--port', '0')).err,
      /^makonis: PostgreSQL at 127.0.0.1:1, .*ECONNREFUSED[^\n]*\n$/,
    );
    const embedded = program(t, undefined);
    await good(embedded, 'up', '--detach', '--port', '0');
    await good(embedded, 'down');
    const { err } = await embedded.exec(
      join(import.meta.dirname, '../../bin/makonis'),
      ['up', '--data', embedded.data],
      {
        MAKONIS_STORE: url,
        PGPASSWORD: password,
      },
    );
    assert.match(err, /holds a cloud of its own: .* move that cloud by backup and restore/);
  });
}

function moves(): void {
  test('a cloud moves from a folder to a database and back, with its messages, objects, keys and networks', async (t) => {
    const { url, password } = apart('moved');
    const env = { MAKONIS_STORE: url, PGPASSWORD: password };
    const folder = program(t);
    await good(folder, 'up', '--detach', '--port', '0');
    await leave(folder, 'on-a-laptop');
    const copy = join(folder.home, 'copy');
    // While it runs.
    await good(folder, 'backup', copy);
    await good(folder, 'down');

    const key = { MAKONIS_MASTER_KEY: join(folder.home, 'keys', 'master.key') };
    const farm = program(t, undefined, { ...env, ...key });
    await good(farm, 'restore', copy);
    assert.match((await farm.run('restore', copy)).err, /is not empty/);
    const again = program(t, undefined, { ...env, ...key });
    assert.match((await again.run('restore', copy)).err, /schema moved, .* holds a cloud already/);
    await good(farm, 'up', '--detach', '--port', '0');
    await find(farm, 'on-a-laptop');
    await leave(farm, 'on-a-farm');
    const back = join(farm.home, 'back');
    await good(farm, 'backup', back);
    await good(farm, 'down');

    rmSync(folder.data, { recursive: true });
    await good(folder, 'restore', back);
    await good(folder, 'up', '--detach', '--port', '0');
    await find(folder, 'on-a-laptop');
    await find(folder, 'on-a-farm');
  });
}
