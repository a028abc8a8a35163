/**
 * Machines of Makonis beside bare QEMU: the same kernel, initramfs, disks and settings, in turns. From the call of RunInstances, or the start of
 * QEMU, to the guest's first output and to SSH; what a guest has of the host's memory; in the last round, disks and networks. Wants root,
 * ssh and a C compiler.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  ImportKeyPairCommand,
  type Instance,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { computeFolders } from '#hostd/protocol.ts';
import { micro } from '#platform/compute/images/micro/micro.ts';
import type { MachineDisk } from '#platform/compute/machine.ts';
import { enterGroups, leaveGroups } from '#platform/compute/qemu/cgroup.ts';
import { type Launch, overheadMiB } from '#platform/compute/qemu/command-line.ts';
import { chainOf } from '#platform/compute/volumes/qemu/records.ts';
import { type Program, program, ROOT } from '#test/cli/makonis.ts';
import { until } from '#test/until.ts';
import type { BareSettings } from './bare.ts';
import {
  bringTool,
  cpuOf,
  diskFigures,
  type Figures,
  memoryFigures,
  networkFigures,
  pause,
  sshTo,
  untilGreeted,
} from './guest.ts';

const TYPE = 't3.micro';
const [VCPUS, MEMORY_MIB] = [2, 1024];
/** More than the guest can do: what is bought must not be what is measured. */
const DATA = { sizeGiB: 40, iops: 16_000, throughputMiB: 1000 } as const;
const ROOT_LIMITS = { iops: 3000, bytesPerSecond: 125 * 2 ** 20 };
const PEER = '198.18.0.2';
/** Disks and networks, each of both. */
const TURNS = 6;
const { boot: BOOT } = micro.image;
const KERNEL_WORDS = BOOT.kind === 'kernel' ? BOOT.commandLine : '';

const ran = (command: string, ...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
};

/** 0: not yet. */
const machinePid = (id: string): number =>
  Number(spawnSync('pgrep', ['-f', `qemu-system.* guest=${id},`], { encoding: 'utf8' }).stdout.split('\n')[0]);

/** Namespaces of the bench: one that bare QEMU's guests are in, one that plays the internet. They go with it. */
function namespaces(bare: string, internet: string): void {
  ran('ip', 'netns', 'add', bare);
  for (const line of [
    'tuntap add dev tap0 mode tap',
    'addr add 10.77.0.1/24 dev tap0',
    'addr add 169.254.169.254/32 dev lo',
    'link set lo up',
    'link set tap0 up',
  ]) {
    ran('ip', '-n', bare, ...line.split(' '));
  }
  ran('ip', 'netns', 'add', internet);
  const [near, far] = [`${internet}-0`, `${internet}-1`];
  ran('ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', internet);
  ran('ip', 'addr', 'add', '198.18.0.1/30', 'dev', near);
  ran('ip', 'link', 'set', near, 'up');
  ran('ip', '-n', internet, 'addr', 'add', `${PEER}/30`, 'dev', far);
  ran('ip', '-n', internet, 'link', 'set', far, 'up');
  ran('ip', '-n', internet, 'route', 'add', 'default', 'via', '198.18.0.1');
}

/** Its lines, as they come. */
function listenIn(namespace: string, port: number): { readonly child: ChildProcess; next(): Promise<string> } {
  const child = spawn(
    'ip',
    ['netns', 'exec', namespace, process.execPath, join(import.meta.dirname, 'peer.ts'), `${port}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => String((await lines.next()).value) };
}

interface Bench {
  readonly cloud: Program;
  readonly ec2: EC2Client;
  readonly image: string;
  readonly key: string;
  readonly tool: string;
  readonly bare: string;
  readonly peer: ReturnType<typeof listenIn>;
}

async function described(ec2: EC2Client, id: string): Promise<Instance> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations[0]?.Instances?.[0] ?? {};
}

async function launched({ ec2, image }: Bench): Promise<string> {
  const { sizeGiB: VolumeSize, iops: Iops, throughputMiB: Throughput } = DATA;
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      InstanceType: TYPE,
      KeyName: 'bench',
      MinCount: 1,
      MaxCount: 1,
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize, VolumeType: 'gp3', Iops, Throughput } }],
    }),
  );
  return Instances[0]?.InstanceId ?? '';
}

interface Guest {
  readonly figures: Figures;
  /** Of disks and networks, once. */
  more(): Promise<Figures>;
  end(): Promise<void>;
}

interface OurGuest extends Guest {
  readonly base: string;
  readonly kernelFolder: string;
}

async function ours(bench: Bench): Promise<OurGuest> {
  const { cloud, ec2, key, tool, peer } = bench;
  const folders = computeFolders(cloud.data);
  const from = performance.now();
  const id = await launched(bench);
  const called = performance.now() - from;
  const output = join(folders.machines, id, 'console');
  while (!existsSync(output)) await pause(5);
  const started = performance.now() - from;
  while (statSync(output).size === 0) await pause(5);
  const first = performance.now() - from;
  const pid = machinePid(id);
  const firstCpu = cpuOf(pid);
  const { PublicIpAddress: address = '', BlockDeviceMappings: mappings = [] } = await described(ec2, id);
  await untilGreeted(address);
  const greeted = performance.now() - from;
  const shell = sshTo(address, key);
  await shell.run('true');
  const times = {
    'RunInstances, ms': called,
    'QEMU is to start, ms': started,
    'first output, ms': first,
    '  CPU of QEMU’s until then, ms': firstCpu,
    'SSH greets, ms': greeted,
    'ssh answers, ms': performance.now() - from,
    '  CPU of QEMU’s until that, ms': cpuOf(pid),
  };
  await pause(6000);
  const memory = memoryFigures(pid);
  await bringTool(shell, readFileSync(tool));
  const volume = mappings.find(({ DeviceName }) => DeviceName === '/dev/xvda')?.Ebs?.VolumeId ?? '';
  const [kernel = ''] = readdirSync(folders.images).filter((name) => name !== 'incoming');
  const rate = async (): Promise<number> => Number(await peer.next());
  return {
    figures: { ...times, ...memory },
    base: chainOf(folders.volumes, volume).layers.at(-1)?.path ?? '',
    kernelFolder: join(folders.images, kernel),
    more: async () => ({
      ...(await diskFigures(shell)),
      ...(await networkFigures(shell, `${PEER} 9000`, rate)),
    }),
    async end() {
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
      await until(async () => (await described(ec2, id)).State?.Name === 'terminated', 'it ends', 60);
    },
  };
}

/** As Makonis would call it; of a bench's own. */
const disk = (volume: string, isBoot: boolean, limits: MachineDisk['limits']): MachineDisk => ({
  volume,
  device: isBoot ? '/dev/xvda' : '/dev/sdf',
  isBoot,
  limits,
});

const BARE: Launch = {
  id: 'i-00000000000000077',
  accelerator: 'tcg',
  vcpus: VCPUS,
  memoryMiB: MEMORY_MIB,
  product: TYPE,
  uuid: 'ec200000-0000-4000-8000-000000000077',
  vpc: '',
  kernel: { image: '', commandLine: KERNEL_WORDS },
};
const GROUPS = `bench-${process.pid}`;

/** Bare QEMU gets the share of the host that a machine of ours has: on a busy one it would be the weight that is compared. */
async function shareAsOurs(): Promise<void> {
  await until(() => machinePid(BARE.id) > 0, 'QEMU is there');
  enterGroups(GROUPS, BARE.id, machinePid(BARE.id), { vcpus: VCPUS, memoryMiB: MEMORY_MIB + overheadMiB(BARE) });
}

async function theirs({ cloud, key, tool, bare }: Bench, { base, kernelFolder }: OurGuest): Promise<Guest> {
  const settings: BareSettings = {
    folder: join(cloud.home, 'bare'),
    launch: BARE,
    kernelFolder,
    base,
    disks: [
      disk('vol-00000000000000001', true, ROOT_LIMITS),
      disk('vol-00000000000000002', false, { iops: DATA.iops, bytesPerSecond: DATA.throughputMiB * 2 ** 20 }),
    ],
    dataSizeGiB: DATA.sizeGiB,
    key,
    tool,
  };
  const words = [process.execPath, join(import.meta.dirname, 'bare.ts'), JSON.stringify(settings)];
  const child = spawn('ip', ['netns', 'exec', bare, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  await shareAsOurs();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Figures> => JSON.parse(String((await lines.next()).value)) as Figures;
  return {
    figures: await next(),
    more() {
      child.stdin.write('more\n');
      return next();
    },
    async end() {
      child.stdin.end();
      await once(child, 'close');
      await until(() => leaveGroups(GROUPS, BARE.id), 'its groups are gone');
    },
  };
}

function shownRatios(name: string, ours: readonly number[], bare: readonly number[]): void {
  const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
  const of = (values: readonly number[]): readonly number[] => [
    sorted(values)[0] ?? 0,
    sorted(values)[values.length >> 1] ?? 0,
  ];
  const words = (values: readonly number[]): string =>
    of(values)
      .map((value) => value.toFixed(0))
      .join(', ');
  const ratio = of(ours)
    .map((value, index) => (value / (of(bare)[index] ?? 0)).toFixed(2))
    .join(', ');
  console.log(
    `| ${name} | ${words(ours)} | ${bare.length === 0 ? '' : words(bare)} | ${bare.length === 0 ? '' : ratio} |`,
  );
}

async function opened(cloud: Program, key: string): Promise<Pick<Bench, 'ec2' | 'image'>> {
  const { code, err } = await cloud.run('up', '--detach', '--port', '0');
  if (code !== 0) throw new Error(err);
  const settings = await cloud.settings();
  const ec2 = new EC2Client({
    endpoint: settings['AWS_ENDPOINT_URL'] ?? '',
    region: settings['AWS_DEFAULT_REGION'] ?? settings['AWS_REGION'] ?? '',
    credentials: {
      accessKeyId: settings['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: settings['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  });
  await ec2.send(new ImportKeyPairCommand({ KeyName: 'bench', PublicKeyMaterial: readFileSync(`${key}.pub`) }));
  const { SecurityGroups: [group] = [] } = await ec2.send(new DescribeSecurityGroupsCommand());
  const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group?.GroupId, IpPermissions: [rule] }));
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({ Owners: ['amazon'], Filters: [{ Name: 'name', Values: ['makonis-micro-*'] }] }),
  );
  return { ec2, image: Images[0]?.ImageId ?? '' };
}

export async function measureMachines(rounds: number): Promise<void> {
  const ends: (() => unknown)[] = [];
  const cloud = program({ after: (action) => ends.push(action as () => unknown) });
  const [bare, internet] = [`mkbench-${process.pid}`, `mknet-${process.pid}`];
  try {
    ends.push(() => {
      for (const name of [bare, internet]) spawnSync('ip', ['netns', 'del', name]);
    });
    namespaces(bare, internet);
    const [key, tool] = [join(cloud.home, 'key'), join(cloud.home, 'in-guest')];
    ran('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key);
    ran('cc', '-O2', '-o', tool, join(ROOT, 'bench/ec2/in-guest.c'));
    const peer = listenIn(internet, 9000);
    ends.push(() => peer.child.kill());
    await peer.next();
    const bench: Bench = { cloud, key, tool, bare, peer, ...(await opened(cloud, key)) };
    // The first builds the image.
    await (await ours(bench)).end();
    mkdirSync(join(cloud.home, 'bare'));
    const all: Record<'ours' | 'theirs', Figures[]> = { ours: [], theirs: [] };
    for (let round = 1; round <= rounds; round++) {
      const own = await ours(bench);
      all.ours.push(own.figures);
      // While one is measured the other waits; in the last round both stay, and take turns.
      const isLast = round === rounds;
      if (!isLast) await own.end();
      const other = await theirs(bench, own);
      all.theirs.push(other.figures);
      for (let turn = 0; isLast && turn < TURNS; turn++) {
        all.ours.push(await own.more());
        all.theirs.push(await other.more());
      }
      if (isLast) await own.end();
      await other.end();
      console.error(JSON.stringify([all.ours.at(-1), all.theirs.at(-1)]));
    }
    console.log('| least, middle | Makonis | bare QEMU | ratio |\n| --- | --- | --- | --- |');
    const of = (figures: readonly Figures[], name: string): number[] => figures.flatMap((each) => each[name] ?? []);
    const names = new Set(all.ours.flatMap((figures) => Object.keys(figures)));
    for (const name of names) shownRatios(name, of(all.ours, name), of(all.theirs, name));
  } finally {
    for (const end of ends) await end();
  }
}
