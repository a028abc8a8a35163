/**
 * The life of a machine on a host that was opened without root, in a process of its own: whoever starts this as root becomes somebody else
 * first, with all code in memory. Says `well` at the end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import { openHost } from '#platform/compute/qemu/host.ts';
import { TINY_GUEST } from '#platform/compute/qemu/layers.fixture.ts';
import { diskOf, isRoot, SERVER, spec } from '#platform/compute/qemu/machines.fixture.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { QemuVolumes } from '#platform/compute/volumes/qemu/volumes.ts';
import type { VpcPlan } from '#platform/network/network.ts';
import { until } from '#test/until.ts';

const [ID, VOLUME, IMAGE] = ['i-0123456789abcdef0', 'vol-0123456789abcdef0', 'ami-0123456789abcdef0'];
const NIC = { interface: 'eni-0123456789abcdef0', mac: '02:00:00:00:00:01', deviceIndex: 0 };

const plan: VpcPlan = {
  id: 'vpc-0123456789abcdef0',
  cidrs: ['172.31.0.0/16'],
  subnets: [{ id: 'subnet-0123456789abcdef0', cidr: '172.31.0.0/20', routes: [] }],
  interfaces: [
    {
      id: NIC.interface,
      subnet: 'subnet-0123456789abcdef0',
      mac: NIC.mac,
      addresses: [{ privateIp: '172.31.0.10', publicIp: '127.77.3.9' }],
      isSourceChecked: true,
      ingress: [{ protocol: 'tcp', fromPort: 22, toPort: 22, peer: { cidr: '0.0.0.0/0' } }],
      egress: [],
      hostName: 'ip-172-31-0-10',
      machine: ID,
      metadataHopLimit: 1,
    },
  ],
  sets: [],
  hasInternetGateway: true,
  dhcp: { domainName: 'ec2.internal', nameServers: [], ntpServers: [] },
};

// Timers of machines keep no process alive.
const alive = setInterval(() => {}, 1000);
const folder = mkdtempSync(join(tmpdir(), 'makonis-user-'));
if (isRoot) {
  chownSync(folder, SERVER.uid, SERVER.gid);
  process.setgroups?.([SERVER.gid]);
  process.setgid?.(SERVER.gid);
  process.setuid?.(SERVER.uid);
}
const below = (name: string): string => join(folder, name);
const folders = {
  machines: below('machines'),
  volumes: below('volumes'),
  layers: below('volumes/layers'),
  images: below('images'),
  builds: below('builds'),
};

async function open(): Promise<Host> {
  const opened = await openHost({
    folders,
    privileged: undefined,
    publicCidr: '',
    overcommit: { vcpus: 1, memory: 1 },
    clock: systemClock,
    onFault: (error) => {
      throw error;
    },
  });
  assert.ok('host' in opened, JSON.stringify(opened));
  return opened.host;
}

/** A volume with the guest in its first sector. */
async function makeVolume(): Promise<void> {
  const sector = Buffer.alloc(512);
  TINY_GUEST.copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  mkdirSync(folders.volumes);
  writeFileSync(below('raw'), sector);
  const volumes = await QemuVolumes.open(folders.volumes);
  await volumes.adopt(IMAGE, below('raw'), 1);
  await volumes.create({ id: VOLUME, sizeGiB: 1, from: IMAGE });
}

const pids = (): number[] =>
  processes().flatMap((each) => (folderOf(each) === join(folders.machines, ID) ? each.pid : []));

await makeVolume();
const first = await open();
assert.match(first.lacks.join(), /without root/);
await first.networks.apply(plan);
await first.machines.start(spec(ID, [diskOf(VOLUME)], [NIC]));
await until(async () => (await first.machines.consoleOutput(ID)).includes('ready'), 'it is ready', 120);
// QEMU listens where the security group lets this machine in.
const socket = connect(8022, '127.77.3.9');
await once(socket, 'connect');
socket.destroy();
const [pid] = pids();
assert.equal(statSync(`/proc/${pid}`).uid, process.getuid?.());
await first.close?.();

const again = await open();
assert.deepEqual([...(await again.machines.running())], [ID]);
await again.machines.kill(ID);
assert.deepEqual(pids(), []);
await again.machines.forget(ID);
assert.deepEqual(readdirSync(folders.machines), []);
await again.close?.();
clearInterval(alive);
rmSync(folder, { recursive: true });
console.log('well');
