/**
 * Ways into a machine that was launched without a key pair, by AWS's command line and ssh alone: a key that is pushed to its guest, and one that
 * is pushed to its serial line.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Program, program } from '#test/cli/makonis.ts';
import { awsCommands, noSsh } from '#test/clients/ec2-shell.ts';
import { noMachines } from '#test/machines.ts';
import { until } from '#test/until.ts';

const NOBODY_KNOWN = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'BatchMode=yes'];
const OPTIONS = ['-F', 'none', ...NOBODY_KNOWN.flatMap((option) => ['-o', option]), '-o', 'IdentityAgent=none'];

function newKey(cloud: Program, name: string): string {
  const path = join(cloud.home, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return path;
}

/** A machine that lets SSH in from everywhere, when it answers. */
async function launched(aws: (command: string, query?: string) => Promise<string>) {
  const image = await aws(
    'ec2 describe-images --owners amazon --filters Name=name,Values=makonis-micro-*',
    'sort_by(Images, &CreationDate)[-1].ImageId',
  );
  const id = await aws(`ec2 run-instances --image-id ${image} --instance-type t3.micro`, 'Instances[0].InstanceId');
  await aws(`ec2 wait instance-running --instance-ids ${id}`);
  const [address = '', group] = (
    await aws(
      `ec2 describe-instances --instance-ids ${id}`,
      'Reservations[0].Instances[0].[PublicIpAddress,SecurityGroups[0].GroupId]',
    )
  ).split('\t');
  await aws(`ec2 authorize-security-group-ingress --group-id ${group} --protocol tcp --port 22 --cidr 0.0.0.0/0`);
  await aws(`ec2 wait instance-status-ok --instance-ids ${id}`);
  return { id, address };
}

test('a machine is entered by keys that are pushed to it', {
  skip: noMachines || noSsh,
  timeout: 280_000,
}, async (t) => {
  const cloud = program(t);
  const up = await cloud.run('up', '--detach', '--port', '0', '--serial-console-port', '0');
  assert.equal(up.code, 0, up.err);
  const settings = await cloud.settings();
  const aws = awsCommands(cloud, settings);
  const { id, address } = await launched(aws);

  const [key, other] = [newKey(cloud, 'pushed'), newKey(cloud, 'other')];
  const inside = (file: string, command: string) =>
    cloud.exec('ssh', [
      ...OPTIONS,
      '-o',
      'ConnectTimeout=10',
      '-o',
      'ConnectionAttempts=30',
      '-i',
      file,
      `ec2-user@${address}`,
      command,
    ]);
  assert.match((await inside(key, 'true')).err, /Permission denied/);
  const push = `ec2-instance-connect send-ssh-public-key --instance-id ${id} --instance-os-user ec2-user`;
  await aws(`${push} --ssh-public-key file://${key}.pub`);
  const { out, err } = await inside(key, 'echo "# mine" >> .ssh/authorized_keys; cat .ssh/authorized_keys');
  assert.match(out, /^# pushed\nssh-ed25519 \S+\n# until here\n# mine\n$/, err);
  assert.match((await inside(other, 'true')).err, /Permission denied/);

  await aws('ec2 enable-serial-console-access');
  await aws(
    `ec2-instance-connect send-serial-console-ssh-public-key --instance-id ${id} --ssh-public-key file://${other}.pub`,
  );
  const line = spawn('ssh', [
    ...OPTIONS,
    '-tt',
    '-i',
    other,
    '-p',
    String(cloud.state().serialConsolePort),
    `${id}.port0@127.0.0.1`,
  ]);
  t.after(() => line.kill());
  let said = '';
  line.stdout.on('data', (chunk: Buffer) => (said += chunk));
  line.stdin.write('\r');
  await until(() => /ec2-user@.*\$/.test(said), 'a prompt', 60);
  line.stdin.write('echo $((6 * 7)) is it; id -un\r');
  await until(() => said.includes('42 is it\r\nec2-user\r\n'), 'its answer', 60);
  line.kill();

  await aws(`ec2 terminate-instances --instance-ids ${id}`);
  await aws(`ec2 wait instance-terminated --instance-ids ${id}`);
  await cloud.run('down');
});
