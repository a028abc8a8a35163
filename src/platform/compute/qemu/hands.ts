/**
 * The part of the driver that needs root, where machines have users of their own: it makes a machine's folder, puts the files of its
 * disks there, starts its process, and ends it. It hears nothing that a guest says. hostd runs it; without root the server does, and
 * all machines are the server's user.
 *
 * A machine's process gets at what stands in its folder and at nothing else of the cloud's: it works there, and above the folder no
 * path is open to it. Layers that several machines stand on are readable by whoever gets to them; the one that a machine writes is its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { newInTurn } from '#platform/base/in-turn.ts';
import { MachineError } from '#platform/compute/machine.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { enterGroups, groupsLeft, leaveGroups } from '#platform/compute/qemu/cgroup.ts';
import { type Launch, overheadMiB, qemuArguments } from '#platform/compute/qemu/command-line.ts';
import { confined } from '#platform/compute/qemu/confine.ts';
import { FILES, SOCKETS } from '#platform/compute/qemu/machine-files.ts';
import {
  closeFolder,
  complaintIn,
  emptyFolder,
  lendFile,
  namesIn,
  type Owners,
  openErrors,
  openFolder,
  takeBackFile,
  type User,
} from '#platform/compute/qemu/machine-folder.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';

/** Every call may be repeated: what is done already is no error. */
export interface MachineHands {
  /** Its process is there and waits for what the monitor tells it. */
  start(launch: Launch): Promise<void>;
  /** Its process is gone, and what it had is given back; its console stays. */
  kill(id: string): Promise<void>;
  /** What runs. */
  list(): Promise<readonly string[]>;
  /** What has a process, a folder or a control group here. */
  left(): Promise<readonly string[]>;
  /** The machine may open these files of layers by their names, and write to the last. */
  lend(id: string, files: readonly string[]): Promise<void>;
  takeBack(id: string, files: readonly string[]): Promise<void>;
  /** Nothing of it is left. */
  forget(id: string): Promise<void>;
}

export interface HandsOptions {
  readonly folders: MachineFolders;
  /** Whose cloud it is, and who is not root; undefined: machines run as this process's own user. */
  readonly server?: User;
  /** Of a VPC, for its machines to live in; undefined: they live in the host's own network. */
  readonly namespaceOf?: (vpc: string) => string;
  /** Tells the clouds of one machine apart. */
  readonly tag: string;
  readonly clock: Clock;
}

/** All on one file system. */
export interface MachineFolders {
  /** Has a folder for each machine, and is changed by nobody else. */
  readonly machines: string;
  /** Files of layers. */
  readonly layers: string;
  /** Has a folder for each image with a kernel of its own. */
  readonly kernels: string;
}

const START_WITHIN: Milliseconds = seconds(30);
const END_WITHIN: Milliseconds = seconds(10);
const LOOK_AGAIN: Milliseconds = 10;
const MACHINE_ID = /^i-[0-9a-f]{8,17}$/;

export function machineHands(options: HandsOptions): MachineHands {
  const hands = new Hands(options);
  const inTurn = newInTurn();
  return {
    start: (launch) => inTurn(launch.id, () => hands.start(launch)),
    kill: (id) => inTurn(id, () => hands.kill(id)),
    list: async () => hands.list(),
    left: async () => hands.left(),
    lend: (id, files) => inTurn(id, async () => hands.lend(id, files)),
    takeBack: (id, files) => inTurn(id, async () => hands.takeBack(id, files)),
    forget: (id) => inTurn(id, () => hands.forget(id)),
  };
}

class Hands {
  readonly #options: HandsOptions;

  constructor(options: HandsOptions) {
    this.#options = options;
  }

  async start(launch: Launch): Promise<void> {
    const { id, kernel } = launch;
    if (this.#pidsOf(id).length > 0) return;
    this.#refuseTakenUser(id);
    const [folder, owners] = [this.#folderOf(id), this.#ownersOf(id)];
    // What a crash left of an earlier life.
    await this.kill(id);
    openFolder(folder, owners);
    if (kernel !== undefined) {
      for (const name of [FILES.kernel, FILES.initrd]) {
        lendFile(join(this.#options.folders.kernels, kernel.image, name), join(folder, name), owners, false);
      }
    }
    try {
      await this.#run(launch, folder);
      closeFolder(folder, owners);
    } catch (error) {
      await this.kill(id);
      throw error;
    }
  }

  async kill(id: string): Promise<void> {
    const { tag, clock } = this.#options;
    const end = clock.monotonic() + END_WITHIN;
    const killed = new Set<number>();
    for (let pids = this.#pidsOf(id); pids.length > 0; pids = this.#pidsOf(id)) {
      if (clock.monotonic() > end) throw new MachineError('failed', `${id} does not end`);
      for (const pid of pids) {
        killProcess(pid);
        killed.add(pid);
      }
      await this.#pause();
    }
    // One that has ended is there until its parent has heard of it, in its groups or only as a number.
    const isLeft = () => !leaveGroups(tag, id) || [...killed].some((pid) => existsSync(`/proc/${pid}`));
    while (isLeft() && clock.monotonic() < end) await this.#pause();
    emptyFolder(this.#folderOf(id), this.#ownersOf(id));
  }

  list(): string[] {
    const all = processes();
    return namesIn(this.#options.folders.machines).filter((id) => this.#pidsOf(id, all).length > 0);
  }

  /** A process is its machine's by the folder that it was started in, also when that is gone: uids are all clouds'. */
  left(): string[] {
    const parent = realpathSync(this.#options.folders.machines);
    const started = processes().flatMap((each) => {
      const folder = folderOf(each)?.replace(/ \(deleted\)$/, '');
      return folder !== undefined && dirname(folder) === parent ? basename(folder) : [];
    });
    const groups = this.#options.server === undefined ? [] : groupsLeft(this.#options.tag);
    const all = new Set([...namesIn(parent), ...started, ...groups]);
    return [...all].filter((name) => MACHINE_ID.test(name));
  }

  lend(id: string, files: readonly string[]): void {
    const top = files.length - 1;
    for (const [index, file] of files.entries()) {
      const source = join(this.#options.folders.layers, file);
      lendFile(source, join(this.#folderOf(id), file), this.#ownersOf(id), index === top);
    }
  }

  takeBack(id: string, files: readonly string[]): void {
    for (const file of files) takeBackFile(join(this.#folderOf(id), file), this.#ownersOf(id));
  }

  async forget(id: string): Promise<void> {
    await this.kill(id);
    rmSync(this.#folderOf(id), { recursive: true, force: true });
  }

  async #run(launch: Launch, folder: string): Promise<void> {
    const { id, vpc, vcpus, memoryMiB } = launch;
    const { server, namespaceOf } = this.#options;
    const confinement = namespaceOf && { uid: server && machineUid(id), namespace: namespaceOf(vpc) };
    const command = confined(['qemu-system-x86_64', ...qemuArguments(launch)], confinement);
    const child = spawnIn(folder, command);
    const { pid } = child;
    if (pid !== undefined && server !== undefined) {
      enterGroups(this.#options.tag, id, pid, { vcpus, memoryMiB: memoryMiB + overheadMiB(launch) });
    }
    await this.#untilReady(child, folder);
    child.unref();
  }

  async #untilReady(child: ChildProcess, folder: string): Promise<void> {
    let end: string | undefined;
    child.on('error', (error) => (end = error.message));
    child.on('exit', (code, signal) => (end ??= `ended with ${code ?? signal}`));
    const limit = this.#options.clock.monotonic() + START_WITHIN;
    // The screen's is the last that QEMU makes.
    while (!SOCKETS.every((name) => existsSync(join(folder, name)))) {
      if (this.#options.clock.monotonic() > limit) end ??= 'is not ready in time';
      if (end !== undefined) throw startError(`QEMU ${end}: ${complaintIn(folder)}`);
      await this.#pause();
    }
  }

  #pidsOf(id: string, all = processes()): number[] {
    if (this.#options.server !== undefined) {
      const own = machineUid(id);
      return all.flatMap(({ pid, uid }) => (uid === own ? pid : []));
    }
    const folder = this.#folderOf(id);
    if (!existsSync(folder)) return [];
    const [path, own] = [realpathSync(folder), process.getuid?.()];
    return all.flatMap((each) => (each.uid === own && folderOf(each) === path ? each.pid : []));
  }

  /** Machines are told apart by their users. */
  #refuseTakenUser(id: string): void {
    const uid = machineUid(id);
    const other = namesIn(this.#options.folders.machines).find((name) => name !== id && machineUid(name) === uid);
    if (other !== undefined) throw new MachineError('no-capacity', `${id} would be the same user as ${other}`);
  }

  #folderOf(id: string): string {
    return join(this.#options.folders.machines, id);
  }

  #ownersOf(id: string): Owners | undefined {
    const { server } = this.#options;
    return server && { server, machine: machineUid(id) };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(LOOK_AGAIN, resolve));
  }
}

/** It goes on when this process ends. */
function spawnIn(folder: string, [program = '', ...args]: readonly string[]): ChildProcess {
  const errors = openErrors(folder);
  try {
    return spawn(program, args, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', errors, errors],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  } finally {
    closeSync(errors);
  }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const startError = (message: string): MachineError =>
  new MachineError(/cannot allocate memory/i.test(message) ? 'no-capacity' : 'failed', message);
