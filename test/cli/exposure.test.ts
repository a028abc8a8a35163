/** What a running cloud shows to whom: where it listens, who may read its health, and what its files and backups tell a reader. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateAccessKeyCommand, CreateLoginProfileCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { type Program, program } from '#test/cli/makonis.ts';

/** The addresses that a process listens at, in the kernel's words: hexadecimal, and the port. */
function listeningAt(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const held = new Set(
    readdirSync(folder).map((fd) => {
      try {
        return readlinkSync(join(folder, fd));
      } catch {
        return ''; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) => {
    const rows = readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1);
    const columns = rows.map((row) => row.trim().split(/\s+/));
    const listening = columns.filter(
      ([, , , state, , , , , , inode]) => state === '0A' && held.has(`socket:[${inode}]`),
    );
    return listening.map(([, local = '']) => local);
  });
}

const LOOPBACK = /^(0100007F|00000000000000000000000001000000):/;

test('without --listen the cloud is there for its own machine alone', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const own = p.state().pids.flatMap(listeningAt);
  assert.ok(own.length >= 2, 'the API and the admin port');
  for (const address of own) assert.match(address, LOOPBACK);

  await p.run('down');
  await p.run('up', '--detach', '--port', '0', '--listen', '0.0.0.0');
  const open = p.state().pids.flatMap(listeningAt);
  const { port } = p.state();
  const isOpen = (address: string): boolean => !LOOPBACK.test(address);
  assert.deepEqual(
    open.filter(isOpen).map((address) => Number.parseInt(address.split(':')[1] ?? '', 16)),
    [port],
  );
});

function statusOf(port: number, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject).end();
  });
}

test('health and metrics are for who may read the data folder, and for no web page', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0');
  const token = readFileSync(join(p.data, 'run/admin-token'), 'utf8').trim();
  const { adminPort = 0 } = p.state();
  const authorization = `Bearer ${token}`;
  for (const path of ['/_makonis/health', '/metrics']) {
    assert.equal(await statusOf(adminPort, path, { authorization }), 200, path);
    assert.equal(await statusOf(adminPort, path, {}), 401, path);
    assert.equal(await statusOf(adminPort, path, { authorization: `${authorization}x` }), 401, path);
    // A page of evil.example whose name leads to this machine.
    assert.equal(await statusOf(adminPort, path, { authorization, host: 'evil.example' }), 400, path);
  }
});

/** Does what secrets take part in, and names them. */
async function leaveSecrets(p: Program): Promise<(string | undefined)[]> {
  const config = await p.clientConfig();
  const [iam, sqs, sts] = [new IAMClient(config), new SQSClient(config), new STSClient(config)];
  try {
    const Password = 'Correct-Horse-1';
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    await iam.send(new CreateLoginProfileCommand({ UserName: 'ann', Password }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }));
    const MessageBody = 'nobody else’s business';
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    const { Credentials } = await sts.send(new GetSessionTokenCommand({}));
    const given = [AccessKey?.SecretAccessKey, Credentials?.SecretAccessKey, Credentials?.SessionToken];
    return [config.credentials.secretAccessKey, Password, MessageBody, ...given];
  } finally {
    for (const client of [iam, sqs, sts]) client.destroy();
  }
}

test('neither the logs nor the data nor a backup show a secret or the master key', async (t) => {
  const p = program(t);
  await p.run('up', '--detach', '--port', '0', '--log-level', 'debug');
  const texts = await leaveSecrets(p);
  const copy = join(p.home, 'copy');
  assert.equal((await p.run('backup', copy)).code, 0);
  await p.run('down');
  const { keys } = JSON.parse(readFileSync(join(p.home, 'keys/master.key'), 'utf8')) as {
    keys: Record<string, string>;
  };
  const masterKeys = Object.values(keys);
  assert.equal(masterKeys.length, 1);
  const needles = [...texts, ...masterKeys].map((text) => {
    assert.ok(text !== undefined && text.length > 8);
    return text;
  });
  const raw = masterKeys.map((text) => Buffer.from(text, 'base64'));
  for (const folder of [p.data, copy]) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    assert.ok(files.length > 2);
    for (const { parentPath, name } of files) {
      const content = readFileSync(join(parentPath, name));
      for (const needle of [...needles, ...raw])
        assert.ok(!content.includes(needle), `${join(parentPath, name)}: ${needle}`);
    }
  }
});
