/**
 * A cloud of an ordinary user, from its start on: hostd is root in a namespace of that user's alone, and VPCs, security groups, DHCP, names and
 * metadata work. Started by root the test becomes somebody else; what it needs of Node lies where anybody may read it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isOpenToAll } from '#cli/privileges.ts';
import { computeFolders } from '#hostd/protocol.ts';
import { lacksForUserNamespace } from '#hostd/user-namespace.ts';
import { isRoot, SERVER } from '#platform/compute/qemu/machines.fixture.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { type Program, program, ROOT } from '#test/cli/makonis.ts';
import { commandLine, noSsh, secureShell } from '#test/clients/ec2-shell.ts';
import { noImage } from '#test/machines.ts';
import { until } from '#test/until.ts';

const isClosed = isRoot && !isOpenToAll(ROOT) && 'the clone is open to root alone';
const skip = noImage || noSsh || lacksForUserNamespace('/tmp') || isClosed || false;

/** Runs the program as an ordinary user, whoever runs the test. */
function asUser(cloud: Program) {
  if (!isRoot) return (...args: string[]) => cloud.run(...args);
  const node = join(cloud.home, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  for (const name of ['keys', 'data', 'cache']) {
    mkdirSync(join(cloud.home, name), { recursive: true });
    spawnSync('chown', ['-R', `${SERVER.uid}:${SERVER.gid}`, join(cloud.home, name)]);
  }
  const user = ['--reuid', `${SERVER.uid}`, '--regid', `${SERVER.gid}`, '--clear-groups', '--inh-caps=-all'];
  const main = join(ROOT, 'src/cli/main.ts');
  return (command: string, ...args: string[]) =>
    cloud.exec('setpriv', [...user, node, main, command, ...args, '--data', cloud.data], {
      NODE_COMPILE_CACHE: join(cloud.home, 'cache'),
      NODE_NO_WARNINGS: '1',
    });
}

const ownAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

type Aws = ReturnType<typeof commandLine>;

async function newKey(cloud: Program, aws: Aws): Promise<string> {
  const key = join(cloud.home, 'user.pem');
  writeFileSync(key, `${await aws('create-key-pair --key-name user --key-type ed25519', 'KeyMaterial')}\n`);
  chmodSync(key, 0o600);
  return key;
}

/** When they run. */
async function launchTwo(aws: Aws): Promise<string[]> {
  const owned = 'describe-images --owners amazon --filters Name=name,Values=makonis-micro-*';
  const image = await aws(owned, 'Images[0].ImageId');
  const launch = `run-instances --count 2 --image-id ${image} --instance-type t3.nano --key-name user`;
  const ids = (await aws(launch, 'Instances[].InstanceId')).split(/\s+/);
  await aws(`wait instance-running --instance-ids ${ids.join(' ')}`);
  return ids;
}

/** Through an EC2 Instance Connect Endpoint, from whose interface it comes. */
async function entersByEndpoint(
  { cloud, aws, settings, key }: { cloud: Program; aws: Aws; settings: Record<string, string>; key: string },
  [subnet, address]: readonly [string, string],
): Promise<void> {
  const made = 'InstanceConnectEndpoint.[InstanceConnectEndpointId,NetworkInterfaceIds[0]]';
  const [endpoint = '', nic = ''] = (await aws(`create-instance-connect-endpoint --subnet-id ${subnet}`, made)).split(
    '\t',
  );
  const from = await aws(
    `describe-network-interfaces --network-interface-ids ${nic}`,
    'NetworkInterfaces[0].PrivateIpAddress',
  );
  const proxy = [
    process.execPath,
    join(import.meta.dirname, 'open-tunnel.ts'),
    settings['AWS_ENDPOINT_URL'],
    endpoint,
    '%h',
    '%p',
  ];
  const options = [
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    'BatchMode=yes',
    `ProxyCommand=${proxy.join(' ')}`,
  ];
  const words = ['-F', 'none', '-i', key, ...options.flatMap((option) => ['-o', option]), `ec2-user@${address}`];
  const said = await cloud.exec('ssh', [...words, 'echo $SSH_CONNECTION; head -c 1000000 /dev/zero | wc -c'], settings);
  assert.equal(said.code, 0, said.err);
  assert.match(
    said.out,
    new RegExp(`^${from.replaceAll('.', '\\.')} \\d+ ${address.replaceAll('.', '\\.')} 22\n1000000\n$`),
  );
  await aws(
    `delete-instance-connect-endpoint --instance-connect-endpoint-id ${endpoint}`,
    'InstanceConnectEndpoint.State',
  );
}

/** By whichever of its addresses. */
async function reachesNothingOfTheHost(t: TestContext, inside: (command: string) => Promise<string>): Promise<void> {
  const server = createServer((_, response) => response.end('it is the host')).listen(0, '0.0.0.0');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  for (const at of [ownAddress(), '10.0.2.2'].flatMap((each) => each ?? [])) {
    assert.equal(await inside(`(echo | nc -w 3 ${at} ${port}) || echo closed`), 'closed');
  }
}

test('an ordinary user has machines in networks', { skip, timeout: 900_000 }, async (t) => {
  const cloud = program(t);
  const run = asUser(cloud);
  const up = await run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  const environment = await run('env');
  const settings = Object.fromEntries(
    [...environment.out.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const aws = commandLine(cloud, settings);
  const key = await newKey(cloud, aws);
  const ids = await launchTwo(aws);
  const all = ids.join(' ');
  const show = (what: string) => aws(`describe-instances --instance-ids ${all}`, `Reservations[0].Instances[].${what}`);
  const [group = ''] = (await show('SecurityGroups[0].GroupId')).split(/\s+/);
  await aws(`authorize-security-group-ingress --group-id ${group} --protocol tcp --port 22 --cidr 0.0.0.0/0`);
  const [address = ''] = (await show('PublicIpAddress')).split(/\s+/);
  const privateIps = (await show('PrivateIpAddress')).split(/\s+/);
  assert.match(address, /^127\.77\./);
  await aws(`wait instance-status-ok --instance-ids ${all}`);
  const inside = secureShell(cloud, key, 'ec2-user', 8022);

  // Its port is open before its guest is.
  const answers = () =>
    inside(address, 'true').then(
      () => true,
      () => false,
    );
  await until(answers, 'it answers', 400);
  // DHCP, the metadata address, names, another machine of its group.
  assert.match(await inside(address, 'ip addr show dev eth0'), new RegExp(`inet ${privateIps[0]}/20`));
  assert.equal(await inside(address, 'sudo imds get meta-data/instance-id'), ids[0]);
  const other = `ip-${privateIps[1]?.replaceAll('.', '-')}.ec2.internal`;
  assert.match(await inside(address, `nslookup ${other} || true`), new RegExp(`Address.*${privateIps[1]}`));
  assert.match(await inside(address, `sudo ping -c 2 -w 20 ${privateIps[1]}`), / 0% packet loss/);
  await aws(`revoke-security-group-ingress --group-id ${group} --protocol -1 --source-group ${group}`);
  await until(
    async () => / 100% packet loss/.test(await inside(address, `sudo ping -c 2 -w 2 ${privateIps[1]} || true`)),
    'the group lets nothing pass',
    60,
  );

  const [subnet = ''] = (await show('SubnetId')).split(/\s+/);
  await entersByEndpoint({ cloud, aws, settings, key }, [subnet, privateIps[0] ?? '']);
  await reachesNothingOfTheHost(t, (command) => inside(address, command));

  // Machines keep their namespaces while no control plane runs, and the next one finds them.
  const down = await run('down');
  assert.equal(down.code, 0, down.err);
  const machines = (): number =>
    processes().filter((each) => folderOf(each)?.startsWith(`${computeFolders(cloud.data).machines}/`)).length;
  assert.equal(machines(), 2);
  const again = await run('up', '--detach', '--port', '0');
  assert.equal(again.code, 0, again.err);
  const next = commandLine(cloud, {
    ...settings,
    AWS_ENDPOINT_URL: /export AWS_ENDPOINT_URL=(.*)/.exec((await run('env')).out)?.[1] ?? '',
  });
  await next(`wait instance-running --instance-ids ${all}`);
  assert.match(await inside(address, 'sudo imds get meta-data/instance-id'), /^i-/);

  await next(`terminate-instances --instance-ids ${all}`);
  await next(`wait instance-terminated --instance-ids ${all}`);
  assert.equal(machines(), 0);
  await until(async () => (await run('down')).code === 0 || true, 'it is down');
  const left = processes().filter((each) => folderOf(each)?.startsWith(cloud.data));
  assert.deepEqual(left, []);
  assert.deepEqual(readdirSync(computeFolders(cloud.data).builds), []);
});
