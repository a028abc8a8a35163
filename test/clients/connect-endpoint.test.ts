/** A machine that nothing leads to from outside, entered by ssh through an EC2 Instance Connect Endpoint. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program } from '#test/cli/makonis.ts';
import { awsCommands, noSsh } from '#test/clients/ec2-shell.ts';
import { noMachines } from '#test/machines.ts';
import { until } from '#test/until.ts';

const SSH_OPTIONS = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
  'BatchMode=yes',
  'ConnectTimeout=20',
];

async function started(t: TestContext) {
  const cloud = program(t);
  const up = await cloud.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  const settings = await cloud.settings();
  const aws = awsCommands(cloud, settings);
  return { cloud, settings, aws };
}

/** Without a public address, in the default group, which lets its members in; and an endpoint in the same. */
async function launched({ aws }: Pick<Awaited<ReturnType<typeof started>>, 'aws'>) {
  const image = await aws(
    'ec2 describe-images --owners amazon --filters Name=name,Values=makonis-micro-*',
    'sort_by(Images, &CreationDate)[-1].ImageId',
  );
  const shown = await aws(
    `ec2 run-instances --image-id ${image} --instance-type t3.micro --no-associate-public-ip-address`,
    'Instances[0].[InstanceId,PrivateIpAddress,SubnetId,SecurityGroups[0].GroupId,PublicIpAddress]',
  );
  const [id = '', address = '', subnet = '', group = '', publicIp] = shown.split('\t');
  assert.equal(publicIp, 'None');
  const endpoint = await aws(
    `ec2 create-instance-connect-endpoint --subnet-id ${subnet}`,
    'InstanceConnectEndpoint.InstanceConnectEndpointId',
  );
  await aws(`ec2 wait instance-status-ok --instance-ids ${id}`);
  return { id, address, group, endpoint };
}

test('ssh goes through an endpoint, as security groups allow', {
  skip: noMachines || noSsh,
  timeout: 280_000,
}, async (t) => {
  const { cloud, settings, aws } = await started(t);
  const { id, address, group, endpoint } = await launched({ aws });

  const key = join(cloud.home, 'pushed');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const push = () =>
    aws(
      `ec2-instance-connect send-ssh-public-key --instance-id ${id} --instance-os-user ec2-user --ssh-public-key file://${key}.pub`,
    );
  const proxy = [
    process.execPath,
    join(import.meta.dirname, 'open-tunnel.ts'),
    cloud.state().url,
    endpoint,
    '%h',
    '%p',
  ];
  const inside = (command: string) =>
    cloud.exec(
      'ssh',
      [
        ...['-F', 'none', '-i', key, '-o', 'IdentityAgent=none', '-o', `ProxyCommand=${proxy.join(' ')}`],
        ...SSH_OPTIONS.flatMap((option) => ['-o', option]),
        `ec2-user@${address}`,
        command,
      ],
      settings,
    );
  const answers = async (): Promise<boolean> => {
    await push();
    const { code, err } = await inside('true');
    if (code !== 0) t.diagnostic(err.trim());
    return code === 0;
  };
  await until(answers, 'an answer by ssh', 60).catch(async (error: Error) => {
    const console = await aws(`ec2 get-console-output --instance-id ${id} --latest`, 'Output');
    throw new Error(`${error.message}; its console: ${console.slice(-500)}`);
  });
  // More than fits into one message, both ways; and where it comes from.
  const said = await inside(
    'id -un; echo $SSH_CONNECTION; head -c 3000000 /dev/zero | wc -c; head -c 300000 /dev/zero | tr "\\0" x',
  );
  assert.equal(said.code, 0, said.err);
  const [user, connection = '', counted, long] = said.out.split('\n');
  assert.deepEqual([user, counted, long?.length], ['ec2-user', '3000000', 300_000]);
  const from = await aws(
    `ec2 describe-network-interfaces --filters Name=interface-type,Values=ec2_instance_connect_endpoint`,
    'NetworkInterfaces[0].PrivateIpAddress',
  );
  assert.match(connection, new RegExp(`^${from.replaceAll('.', '\\.')} \\d+ ${address.replaceAll('.', '\\.')} 22$`));

  // Without a rule that lets it in there is no way.
  const rule = `--group-id ${group} --protocol all --source-group ${group}`;
  await aws(`ec2 revoke-security-group-ingress ${rule}`);
  await push();
  const refused = await inside('true');
  assert.match(refused.err, /"ErrorCode":"ConnectionFailure"/);
  await aws(`ec2 delete-instance-connect-endpoint --instance-connect-endpoint-id ${endpoint}`);
  await aws(`ec2 terminate-instances --instance-ids ${id}`);
  await aws(`ec2 wait instance-terminated --instance-ids ${id}`);
  await cloud.run('down');
});
