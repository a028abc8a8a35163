/**
 * A guest of bare QEMU's: the same kernel, initramfs, layers of disks and machine as Makonis starts it with, by hand, in a namespace that has a tap and what
 * answers the guest's questions, and nothing else. Runs inside that namespace, as root: `node bench/ec2/bare.ts SETTINGS` prints figures of its
 * start, and for each line that it reads those of disks and networks.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { MachineDisk } from '#platform/compute/machine.ts';
import { type Launch, qemuArguments } from '#platform/compute/qemu/command-line.ts';
import { makingsOf } from '#platform/compute/qemu/disk-graph.ts';
import { FILES } from '#platform/compute/qemu/machine-files.ts';
import { bringTool, cpuOf, diskFigures, memoryFigures, networkFigures, pause, sshTo, untilGreeted } from './guest.ts';
import { listenAsPeer } from './peer.ts';

export interface BareSettings {
  readonly folder: string;
  readonly launch: Launch;
  /** With the kernel and what it starts from. */
  readonly kernelFolder: string;
  /** The layer that the first disk stands on. */
  readonly base: string;
  readonly disks: readonly MachineDisk[];
  readonly dataSizeGiB: number;
  /** A private key's file; the public one is beside it. */
  readonly key: string;
  /** in-guest.c, compiled; undefined: only the start is measured. */
  readonly tool: string | undefined;
}

const [ROUTER, GUEST] = ['10.77.0.1', '10.77.0.2'];
const MAC = '02:00:00:00:00:77';

function answerGuest(folder: string, key: string): void {
  const answers: Readonly<Record<string, string>> = {
    'api/token': 'token',
    'meta-data/instance-id': 'i-00000000000000077',
    'meta-data/local-hostname': 'bare',
    'meta-data/public-keys/0/openssh-key': readFileSync(`${key}.pub`, 'utf8').trim(),
  };
  createServer((request, response) => {
    const text = answers[request.url?.replace('/latest/', '') ?? ''];
    // Ended at once, it says how long it is: the guest's shell reads no chunks.
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text);
  }).listen(80, '169.254.169.254');
  const configuration = join(folder, 'udhcpd.conf');
  const lines = [`start ${GUEST}`, `end ${GUEST}`, 'interface tap0', `lease_file ${folder}/leases`];
  const options = ['subnet 255.255.255.0', `router ${ROUTER}`].map((option) => `option ${option}`);
  writeFileSync(join(folder, 'leases'), '');
  writeFileSync(configuration, [...lines, ...options, ''].join('\n'));
  const server = spawn('busybox', ['udhcpd', '-f', configuration], { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
}

function layersOf({ folder, base, disks, dataSizeGiB }: BareSettings): string[] {
  linkSync(base, join(folder, basename(base)));
  return disks.flatMap((disk, index) => {
    const file = `${disk.volume}.qcow2`;
    const size = index === 0 ? ['-F', 'qcow2', '-b', basename(base)] : [];
    const made = spawnSync(
      'qemu-img',
      ['create', '-q', '-f', 'qcow2', ...size, file, ...(index === 0 ? [] : [`${dataSizeGiB}G`])],
      {
        cwd: folder,
      },
    );
    if (made.status !== 0) throw new Error(`qemu-img: ${made.stderr}`);
    const below = index === 0 ? [{ file: basename(base), isEncrypted: false }] : [];
    const chain = { sizeGiB: dataSizeGiB, layers: [...below, { file, isEncrypted: false }] };
    return makingsOf(disk, chain).flatMap(({ command, input }) => {
      const option = { 'object-add': '-object', 'blockdev-add': '-blockdev', device_add: '-device' }[command];
      return [option, JSON.stringify(input)];
    });
  });
}

function start(settings: BareSettings) {
  const { folder, launch, kernelFolder } = settings;
  for (const name of [FILES.kernel, FILES.initrd]) linkSync(join(kernelFolder, name), join(folder, name));
  const disks = layersOf(settings);
  const nic = ['-netdev', 'tap,id=wire,ifname=tap0,script=no,downscript=no'];
  const card = ['-device', `virtio-net-pci,netdev=wire,mac=${MAC},romfile=`];
  const words = qemuArguments(launch).filter((word) => word !== '-S');
  return spawn('qemu-system-x86_64', [...words, ...disks, ...nic, ...card], { cwd: folder, stdio: 'ignore' });
}

async function measure(settings: BareSettings): Promise<void> {
  const { folder, key, tool } = settings;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  answerGuest(folder, key);
  const from = performance.now();
  const machine = start(settings);
  process.on('exit', () => machine.kill('SIGKILL'));
  const output = join(folder, FILES.console);
  while (!existsSync(output) || statSync(output).size === 0) {
    if (machine.exitCode !== null) throw new Error('QEMU has ended');
    await pause(5);
  }
  const pid = machine.pid ?? 0;
  const first = { 'first output, ms': performance.now() - from, '  CPU of QEMU’s until then, ms': cpuOf(pid) };
  await untilGreeted(GUEST);
  const greeted = performance.now() - from;
  const shell = sshTo(GUEST, key);
  await shell.run('true');
  const answered = { 'ssh answers, ms': performance.now() - from, '  CPU of QEMU’s until that, ms': cpuOf(pid) };
  const times = { ...first, 'SSH greets, ms': greeted, ...answered };
  await pause(6000);
  console.log(JSON.stringify({ ...times, ...memoryFigures(pid) }));
  if (tool === undefined) return;
  await bringTool(shell, readFileSync(tool));
  let told = (_: number): void => {};
  await listenAsPeer(9000, (rate) => told(rate));
  const rate = (): Promise<number> => new Promise((resolve) => (told = resolve));
  // A line asks for all of it once more.
  for await (const _ of createInterface({ input: process.stdin })) {
    const disk = await diskFigures(shell);
    console.log(JSON.stringify({ ...disk, ...(await networkFigures(shell, `${ROUTER} 9000`, rate)) }));
  }
}

if (process.argv[1] === import.meta.filename) {
  // What machines.ts says.
  await measure(JSON.parse(process.argv[2] ?? '{}') as BareSettings);
  process.exit();
}
