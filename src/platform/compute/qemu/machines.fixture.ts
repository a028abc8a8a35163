/**
 * Real machines for tests: a boot sector (tiny-guest.S) that is told what to do over its serial line. As root they have users and a namespace of
 * their own, as under hostd; else they run as the present user.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { SimulatedClock, systemClock } from '#platform/base/clock.ts';
import type { Ending, MachineDisk, MachineNic, MachineSpec, Machines } from '#platform/compute/machine.ts';
import { type MachineHands, machineHands } from '#platform/compute/qemu/hands.ts';
import { TestLayers } from '#platform/compute/qemu/layers.fixture.ts';
import { openQemuMachines } from '#platform/compute/qemu/machines.ts';
import type { VolumeId, VolumeKey } from '#platform/compute/volume.ts';
import { removeAfterwards, removeRemains } from '#test/remains.ts';
import { until } from '#test/until.ts';

export const isRoot = process.getuid?.() === 0;
/** Somebody who is not root, for files to be given to. */
export const SERVER = { uid: 54_321, gid: 54_321 };

const lacks = (program: string): string | false =>
  spawnSync(program, ['--version']).error !== undefined && `no ${program} here`;
export const skip = lacks('qemu-system-x86_64') || lacks('qemu-img') || (isRoot && lacks('nsenter')) || false;

type NetdevOf = (nic: MachineNic) => Record<string, unknown>;
const alone: NetdevOf = () => ({ type: 'user', restrict: true });

export async function openHost(t: TestContext, netdevOf = alone): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-machines-'));
  const namespace = basename(folder);
  removeAfterwards(folder, namespace);
  if (isRoot) execFileSync('ip', ['netns', 'add', namespace]);
  // Timers of machines keep no process alive.
  const alive = setInterval(() => {}, 1000);
  const made = new TestHost(folder, namespace, netdevOf);
  t.after(async () => {
    clearInterval(alive);
    await made.close();
    await removeRemains(folder, namespace);
  });
  await made.open();
  return made;
}

export class TestHost {
  readonly folder: string;
  readonly namespace: string;
  readonly layers: TestLayers;
  /** The driver's; processes have their own time. */
  readonly clock = new SimulatedClock();
  readonly endings: [string, Ending][] = [];
  readonly faults: string[] = [];
  /** What each ending waits for until it is noted. */
  noting: Promise<void> = Promise.resolve();
  readonly #netdevOf: NetdevOf;
  readonly #hands: MachineHands;
  #machines: Machines | undefined;

  constructor(folder: string, namespace: string, netdevOf: NetdevOf) {
    const below = (name: string): string => join(folder, name);
    const folders = { machines: below('machines'), layers: below('layers'), kernels: below('kernels') };
    for (const path of Object.values(folders)) mkdirSync(path);
    const server = isRoot ? SERVER : undefined;
    this.folder = folder;
    this.namespace = namespace;
    this.layers = new TestLayers(folders.layers, server);
    this.#netdevOf = netdevOf;
    this.#hands = machineHands({
      folders,
      ...(server && { server }),
      namespaceOf: () => namespace,
      tag: namespace,
      clock: systemClock,
    });
  }

  get machines(): Machines {
    if (this.#machines === undefined) throw new Error('not open');
    return this.#machines;
  }

  async open(): Promise<void> {
    this.#machines = await openQemuMachines({
      accelerator: 'tcg',
      folder: join(this.folder, 'machines'),
      hands: this.#hands,
      chainOf: (id) => this.layers.of(id),
      netdevOf: this.#netdevOf,
      clock: this.clock,
      onFault: (error) => this.faults.push(String(error)),
    });
    this.machines.onEnd(async (id, ending) => {
      this.endings.push([id, ending]);
      await this.noting;
    });
  }

  /** Drops the driver, as a crash would, and takes up what runs. */
  async reopen(): Promise<void> {
    await this.machines.close();
    await this.open();
  }

  /** A new volume's. */
  addDisk(id: VolumeId, key?: VolumeKey): MachineDisk {
    this.layers.addVolume(id, key);
    return diskOf(id, key);
  }

  /** What runs goes on. */
  async close(): Promise<void> {
    await this.#machines?.close();
  }

  folderOf(id: string): string {
    return join(this.folder, 'machines', id);
  }

  async console(id: string, text: string): Promise<void> {
    await until(async () => (await this.machines.consoleOutput(id)).includes(text), `"${text}" on the console`, 60);
  }
}

export const diskOf = (volume: VolumeId, key?: VolumeKey): MachineDisk => ({
  volume,
  device: '/dev/sda1',
  isBoot: true,
  limits: { iops: 3000, bytesPerSecond: 125 * 2 ** 20 },
  ...(key && { key }),
});

export const spec = (id: string, disks: readonly MachineDisk[], nics: readonly MachineNic[] = []): MachineSpec => ({
  id,
  vcpus: 1,
  memoryMiB: 32,
  product: 't3.micro',
  uuid: 'ec200000-0000-4000-8000-000000000001',
  boot: { kind: 'disk' },
  vpc: 'vpc-0123456789abcdef0',
  disks,
  nics,
});

/** Says something to the guest, and waits for its answer of one character. */
export async function ask(machines: Machines, id: string, letters: string): Promise<string> {
  const serial = await machines.connect(id, 'serial');
  try {
    serial.write(letters);
    return await answerOf(serial);
  } finally {
    serial.destroy();
  }
}

const answerOf = (serial: Duplex): Promise<string> =>
  new Promise((resolve, reject) => {
    serial.once('data', (data: Buffer) => resolve(data.toString('latin1')));
    serial.once('close', () => reject(new Error('the serial line closed')));
  });

export async function tell(machines: Machines, id: string, letters: string): Promise<void> {
  const serial = await machines.connect(id, 'serial');
  await new Promise<void>((resolve) => serial.end(letters, resolve));
}
