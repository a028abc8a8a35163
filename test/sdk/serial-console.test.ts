/** The serial console by the real ssh client, in place of the guest a line that says again what it hears. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  DisableSerialConsoleAccessCommand,
  EnableSerialConsoleAccessCommand,
  GetSerialConsoleAccessStatusCommand,
} from '@aws-sdk/client-ec2';
import { EC2InstanceConnectClient, SendSerialConsoleSSHPublicKeyCommand } from '@aws-sdk/client-ec2-instance-connect';
import { seconds } from '#platform/base/clock.ts';
import { cloudWithHost, launchOne, pass } from '#test/sdk/ec2-host.ts';
import { jsonDraft, sendRaw, signedRequest } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const skip = spawnSync('ssh', ['-V']).error !== undefined && 'no ssh here';

function keyFile(t: TestContext, type = 'ed25519') {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-keys-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
  return { path, publicKey: readFileSync(`${path}.pub`, 'utf8') };
}

interface Session {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  heard(): string;
  type(text: string): void;
}

async function started(t: TestContext) {
  const setting = await cloudWithHost(t, { serialConsolePort: 0 });
  const { c, ec2, image } = setting;
  const id = await launchOne(ec2, image);
  const client = c.client(EC2InstanceConnectClient);
  const ssh = (key: string, user = `${id}.port0`, ...more: string[]): Session => {
    const fresh = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'BatchMode=yes'];
    const options = [...fresh, 'IdentitiesOnly=yes', 'IdentityAgent=none'].flatMap((option) => ['-o', option]);
    const port = String(c.running.serialConsolePort);
    const args = ['-F', 'none', '-tt', '-e', 'none', '-i', key, ...options, '-p', port, `${user}@127.0.0.1`, ...more];
    const process = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    process.stdout?.on('data', (chunk: Buffer) => (said += chunk));
    process.stderr?.on('data', (chunk: Buffer) => (said += chunk));
    t.after(() => process.kill());
    return {
      process,
      ended: new Promise((resolve) => process.once('exit', resolve)),
      heard: () => said,
      type: (text) => void process.stdin?.write(text),
    };
  };
  return {
    ...setting,
    id,
    ssh,
    push: (SSHPublicKey: string) =>
      client.send(new SendSerialConsoleSSHPublicKeyCommand({ InstanceId: id, SSHPublicKey })),
    /** As the browser asks for it. */
    connect: async () => {
      const draft = jsonDraft(
        'ConnectToInstance',
        { InstanceId: id, Region: 'us-east-1', Target: 'serial' },
        'Makonis',
      );
      const { status, body } = await sendRaw(
        c,
        await signedRequest(c, draft, { service: 'makonis', credential: c.administrator }),
      );
      return { status, body };
    },
  };
}

test('a pushed key opens the serial line to ssh, one session at a time', { skip }, async (t) => {
  const { c, ec2, ssh, push, id, connect } = await started(t);
  const key = keyFile(t);
  await ec2.send(new EnableSerialConsoleAccessCommand());
  const early = ssh(key.path);
  assert.equal(await early.ended, 255);
  assert.match(early.heard(), /Permission denied \(publickey\)/);

  await push(key.publicKey);
  const session = ssh(key.path);
  await until(() => session.heard().includes('login: '), 'the line');
  session.type('who is there?\r');
  await until(() => session.heard().includes('who is there?'), 'what was typed');

  await assert.rejects(push(key.publicKey), refusal('SerialConsoleSessionLimitExceededException'));
  const second = ssh(key.path);
  assert.equal(await second.ended, 1);
  assert.match(second.heard(), /Only 1 session is supported at a time/);
  const browser = await connect();
  assert.deepEqual([browser.status, /SerialConsoleSessionLimitExceeded/.test(browser.body)], [400, true]);

  const stranger = ssh(keyFile(t).path);
  assert.equal(await stranger.ended, 255);
  for (const user of [id, `${id}.port1`, 'root']) assert.equal(await ssh(key.path, user).ended, 255, user);

  await pass(c, ec2, seconds(121));
  session.type('still there\r');
  await until(() => session.heard().includes('still there'), 'the line, later');

  session.process.kill();
  await session.ended;
  await until(
    () =>
      push(key.publicKey).then(
        () => true,
        () => false,
      ),
    'the end of the session',
  );
});

test('keys of every kind that EC2 takes, for a minute', { skip }, async (t) => {
  const { c, ec2, ssh, push } = await started(t);
  await ec2.send(new EnableSerialConsoleAccessCommand());
  const rsa = keyFile(t, 'rsa');
  // ssh-keygen makes 3072 bits, which EC2 takes no key of.
  await assert.rejects(push(rsa.publicKey), refusal('InvalidArgsException'));
  const key = keyFile(t);
  await push(key.publicKey);
  const command = ssh(key.path, undefined, 'uname');
  assert.notEqual(await command.ended, 0);
  await pass(c, ec2, seconds(61));
  const late = ssh(key.path);
  assert.equal(await late.ended, 255);
});

test('an account without the serial console has none, neither by ssh nor in the browser', { skip }, async (t) => {
  const { ec2, ssh, push, connect } = await started(t);
  const status = async () => (await ec2.send(new GetSerialConsoleAccessStatusCommand())).SerialConsoleAccessEnabled;
  assert.equal(await status(), false);
  const refused = await connect();
  assert.deepEqual([refused.status, /SerialConsoleAccessDisabled/.test(refused.body)], [403, true]);
  await ec2.send(new EnableSerialConsoleAccessCommand());
  assert.equal(await status(), true);
  assert.equal((await connect()).status, 200);
  const key = keyFile(t);
  await push(key.publicKey);
  await ec2.send(new DisableSerialConsoleAccessCommand());
  assert.equal(await status(), false);
  const session = ssh(key.path);
  assert.equal(await session.ended, 1);
  assert.match(session.heard(), /not authorized to use the EC2 serial console/);
});

test('strangers get so many connections, and two minutes', async (t) => {
  const { c } = await cloudWithHost(t, { serialConsolePort: 0 });
  const open = () =>
    new Promise<{ said: string; ended: Promise<void> }>((resolve) => {
      const socket = connect(c.running.serialConsolePort ?? 0, '127.0.0.1');
      t.after(() => socket.destroy());
      socket.on('error', () => socket.destroy());
      const ended = new Promise<void>((end) => socket.once('close', () => end()));
      socket.once('data', (said: Buffer) => resolve({ said: said.toString(), ended }));
      socket.once('close', () => resolve({ said: '', ended }));
    });
  const all = await Promise.all(Array.from({ length: 20 }, open));
  assert.ok(all.every(({ said }) => said.startsWith('SSH-2.0-Makonis')));
  assert.equal((await open()).said, '');
  c.advance(seconds(121));
  await Promise.all(all.map(({ ended }) => ended));
  assert.match((await open()).said, /^SSH-2\.0-Makonis/);
});
