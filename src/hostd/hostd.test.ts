import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Hostd, machineHandsOf, networkHandsOf, startHostd } from '#hostd/hostd.ts';
import { computeFolders } from '#hostd/protocol.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import type { Launch } from '#platform/compute/qemu/command-line.ts';
import { isRoot, skip as noQemu, SERVER } from '#platform/compute/qemu/machines.fixture.ts';
import { processes } from '#platform/compute/qemu/processes.ts';
import { namespaceOf } from '#platform/network/linux/names.ts';
import { removeAfterwards, removeRemains } from '#test/remains.ts';
import { until } from '#test/until.ts';

const lacks = (program: string): string | false =>
  spawnSync(program, ['-V']).error !== undefined && `no ${program} here`;
const skip = (!isRoot && 'not root') || noQemu || lacks('nft') || lacks('ip');

const ID = 'i-0d0123456789abcde';
const VPC = 'vpc-0d0123456789abcde';
const LAYER = `${'0'.repeat(24)}.qcow2`;
const launch: Launch = {
  id: ID,
  accelerator: 'tcg',
  vcpus: 1,
  memoryMiB: 32,
  product: 't3.micro',
  uuid: 'ec200000-0000-4000-8000-000000000001',
  vpc: VPC,
};

/** Of another cloud, with a way out. */
const OTHER = { id: 'i-0d0123456789abcd2', vpc: 'vpc-0d0123456789abcd2' };
const tagOf = (data: string): string => data.slice(-6);
const groupsOf = (data: string): string[] =>
  ['', 'cpu', 'memory', 'pids'].map((name) => join('/sys/fs/cgroup', name, `makonis-${tagOf(data)}`));

const compileCacheOfTests = getCompileCacheDir();
const compileCache = compileCacheOfTests && dirname(compileCacheOfTests);

interface Fixture {
  readonly data: string;
  start(): Hostd;
}

function folder(t: TestContext): Fixture {
  const data = mkdtempSync(join(tmpdir(), 'makonis-hostd-'));
  const tag = data.slice(-6);
  removeAfterwards(data, tag);
  t.after(() => removeRemains(data, tag));
  const start = (): Hostd => {
    const hostd = startHostd({
      data,
      server: SERVER,
      tag,
      publicCidr: '198.18.0.0/24',
      compileCache,
    });
    // What the server makes before it gives the first order.
    for (const path of [computeFolders(data).layers, computeFolders(data).images]) {
      mkdirSync(path, { recursive: true });
      chownSync(path, SERVER.uid, SERVER.gid);
    }
    return hostd;
  };
  return { data, start };
}

const plan = {
  id: VPC,
  cidrs: ['10.0.0.0/16'],
  subnets: [],
  interfaces: [],
  sets: [],
  hasInternetGateway: false,
  dhcp: { domainName: '', nameServers: [], ntpServers: [] },
};
const residentKib = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('it is a small shell until its first order, and ends with its channel', { skip }, async (t) => {
  const hostd = folder(t).start();
  const pid = hostd.pid ?? 0;
  await until(() => residentKib(pid) < 6000, 'a shell');
  assert.deepEqual((await hostd.call('machines.list')).value, []);
  assert.equal(hostd.pid, pid);
  hostd.close();
  await until(() => !processes().some((each) => each.pid === pid), 'it has ended');
  await assert.rejects(hostd.call('machines.list'), /has ended/);
});

test('one that never got an order ends as well', { skip }, async (t) => {
  const hostd = folder(t).start();
  hostd.close();
  await until(() => !processes().some(({ pid }) => pid === hostd.pid), 'it has ended');
});

test('a machine lives in its VPC, and outlives who started it', { skip }, async (t) => {
  const { data, start } = folder(t);
  const first = start();
  await networkHandsOf(first).apply(plan);
  await machineHandsOf(first).start(launch);
  first.close();
  const second = start();
  assert.deepEqual(await machineHandsOf(second).list(), [ID]);
  const process = processes().find(({ uid }) => uid === machineUid(ID));
  assert.ok(process);
  await machineHandsOf(second).forget(ID);
  assert.equal(
    processes().some(({ pid }) => pid === process.pid),
    false,
  );
  assert.equal(existsSync(join(computeFolders(data).machines, ID)), false);
});

test('what is left of a machine is found and goes, and what is another cloud’s stays', { skip }, async (t) => {
  const [own, other] = [folder(t), folder(t)];
  const [hostd, others] = [own.start(), other.start()];
  await networkHandsOf(hostd).apply(plan);
  await networkHandsOf(others).apply({ ...plan, id: OTHER.vpc, hasInternetGateway: true });
  await machineHandsOf(hostd).start(launch);
  await machineHandsOf(others).start({ ...launch, ...OTHER });
  // Of one its process and its share of the host, of others a folder, a share.
  rmSync(join(computeFolders(own.data).machines, ID), { recursive: true });
  const [withFolder, withGroup] = ['i-0d0123456789abcd0', 'i-0d0123456789abcd1'];
  mkdirSync(join(computeFolders(own.data).machines, withFolder));
  const groups = groupsOf(own.data).filter((path) => existsSync(path));
  for (const path of groups) mkdirSync(join(path, withGroup));
  const machines = machineHandsOf(hostd);
  const left = [ID, withFolder, ...(groups.length > 0 ? [withGroup] : [])];
  assert.deepEqual([...(await machines.left())].sort(), left.sort());
  for (const id of left) await machines.forget(id);
  assert.deepEqual(await machines.left(), []);
  assert.equal(
    processes().some(({ uid }) => uid === machineUid(ID)),
    false,
  );
  assert.deepEqual(groups.filter(existsSync), []);
  await networkHandsOf(hostd).remove(VPC);
  assert.deepEqual(await machineHandsOf(others).list(), [OTHER.id]);
  assert.ok(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).includes(`makonis_${tagOf(other.data)}`));
});

test('sockets come out of the VPC', { skip }, async (t) => {
  const { data, start } = folder(t);
  const networks = networkHandsOf(start());
  await networks.apply(plan);
  const { metadata, dhcp, dns, dnsOverTcp } = await networks.sockets(VPC);
  const asked = new Promise<void>((resolve) => metadata.on('connection', (socket) => resolve(void socket.destroy())));
  const { address, port } = metadata.address() as { address: string; port: number };
  assert.deepEqual([address, port, dhcp.address().port, dns.address().port], ['169.254.169.254', 80, 67, 53]);
  const namespace = namespaceOf(basename(data).slice(-6), VPC);
  // Nothing else may begin a connection there: see `output` in ruleset.ts.
  const ask = "require('node:net').connect({ host: '169.254.169.254', port: 80, localPort: 67 }, process.exit)";
  execFileSync('ip', ['netns', 'exec', namespace, process.execPath, '-e', ask]);
  await asked;
  for (const each of [metadata, dhcp, dns, dnsOverTcp]) each.close();
});

test('what has no place in an order is refused', { skip }, async (t) => {
  const hostd = folder(t).start();
  const bad: [string, unknown][] = [
    ['machines.steal', {}],
    ['toString', {}],
    ['machines.kill', '../..'],
    ['machines.kill', { id: ID }],
    ['machines.lend', { id: ID, files: ['../../../../etc/shadow'] }],
    ['machines.start', { ...launch, vcpus: 1000 }],
    ['machines.start', { ...launch, product: 't3.micro,uuid=1' }],
    ['machines.start', { ...launch, kernel: { image: 'ami-01', commandLine: 'a\nb' } }],
    ['machines.start', { ...launch, path: '/tmp' }],
    ['networks.apply', { id: '; reboot' }],
    ['networks.sockets', ['vpc-01234567']],
  ];
  for (const [command, input] of bad)
    await assert.rejects(
      hostd.call(command, input),
      /^(?:Error: )?(?:expected |there is no |no id of )/,
      `${command} ${JSON.stringify(input)}`,
    );
  assert.deepEqual((await hostd.call('machines.list')).value, []);
});

test('only what is the cloud’s is handed to a machine, and no link is followed', { skip }, async (t) => {
  const { data, start } = folder(t);
  const hostd = start();
  const machines = machineHandsOf(hostd);
  await networkHandsOf(hostd).apply(plan);
  await machines.start(launch);
  const layer = join(computeFolders(data).layers, LAYER);
  const secret = join(data, 'secret');
  writeFileSync(secret, 'root’s', { mode: 0o600 });
  symlinkSync(secret, layer);
  await assert.rejects(machines.lend(ID, [LAYER]));
  rmSync(layer);
  rmSync(join(computeFolders(data).machines, ID, LAYER), { force: true });
  const own = join(data, 'own');
  writeFileSync(own, 'the server’s, and no layer');
  chownSync(own, SERVER.uid, SERVER.gid);
  symlinkSync(own, layer);
  await assert.rejects(machines.lend(ID, [LAYER]));
  assert.equal(statSync(own).uid, SERVER.uid);
  rmSync(layer);
  rmSync(join(computeFolders(data).machines, ID, LAYER), { force: true });
  writeFileSync(layer, 'root’s too', { mode: 0o600 });
  await assert.rejects(machines.lend(ID, [LAYER]), /not the cloud’s|not the cloud's/);
  assert.deepEqual(
    [secret, layer].map((path) => statSync(path).uid),
    [0, 0],
  );
  await machines.takeBack(ID, [LAYER]);
  chownSync(layer, SERVER.uid, SERVER.gid);
  await machines.lend(ID, [LAYER]);
  assert.equal(statSync(layer).uid, machineUid(ID));
  await machines.kill(ID);
  assert.equal(statSync(layer).uid, SERVER.uid);
});

test('a folder of machines that is not root’s own is not used', { skip }, async (t) => {
  const { data, start } = folder(t);
  const hostd = start();
  chownSync(computeFolders(data).machines, SERVER.uid, SERVER.gid);
  await assert.rejects(hostd.call('machines.list'), /has ended/);
  chownSync(computeFolders(data).machines, 0, 0);
});

test('what lies in place of its folders is not followed', { skip }, async (t) => {
  const { data, start } = folder(t);
  const { compute, machines } = computeFolders(data);
  const elsewhere = join(data, 'elsewhere');
  mkdirSync(join(elsewhere, 'machines'), { recursive: true });
  symlinkSync(elsewhere, compute);
  assert.throws(start, /is no folder/);
  assert.equal(statSync(elsewhere).uid, 0);
  rmSync(compute);

  // Of a server without root.
  mkdirSync(compute);
  symlinkSync(elsewhere, machines);
  start().close();
  assert.ok(lstatSync(machines).isDirectory() && existsSync(elsewhere));
});
