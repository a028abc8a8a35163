/**
 * Machines as processes of QEMU's, one each, which go on when this process ends and are found again over their monitors. Who starts and ends
 * processes and hands them files holds root, where there is root (hands.ts); all that a guest can answer is heard here.
 */
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Clock, type Milliseconds, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { newInTurn } from '#platform/base/in-turn.ts';
import type { Accelerator } from '#platform/compute/kvm-probe.ts';
import {
  type Capacity,
  type DiskLimits,
  type Ending,
  type EndListener,
  type MachineDisk,
  MachineError,
  type MachineId,
  type MachineNic,
  type MachineSpec,
  type Machines,
} from '#platform/compute/machine.ts';
import type { Launch } from '#platform/compute/qemu/command-line.ts';
import type { Chain } from '#platform/compute/qemu/disk-graph.ts';
import type { MachineHands } from '#platform/compute/qemu/hands.ts';
import { boundOutput, complaintOf, consoleOf } from '#platform/compute/qemu/machine-files.ts';
import { QmpError } from '#platform/compute/qemu/qmp.ts';
import { type MachineParts, RunningMachine } from '#platform/compute/qemu/running-machine.ts';
import type { VolumeId } from '#platform/compute/volume.ts';

export interface QemuOptions {
  readonly accelerator: Accelerator;
  /** Has a folder for each machine. */
  readonly folder: string;
  readonly hands: MachineHands;
  readonly chainOf: (volume: VolumeId) => Chain;
  readonly netdevOf: MachineParts['netdevOf'];
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}

/** What a guest writes to its serial line in between is more than it is allowed to keep. */
const BOUND_EVERY: Milliseconds = seconds(5);

const STOPS_WITHIN: Milliseconds = seconds(2);

/** With the machines that run already. */
export async function openQemuMachines(options: QemuOptions): Promise<Machines> {
  const machines = new QemuMachines(options);
  await machines.findAgain();
  return machines;
}

class QemuMachines implements Machines {
  readonly accelerator: Accelerator;
  readonly capacity: Capacity = { vcpus: availableParallelism(), memoryMiB: Math.floor(totalmem() / 2 ** 20) };
  readonly #options: QemuOptions;
  readonly #machines = new Map<MachineId, RunningMachine>();
  /** Why each is to end, of those that we end ourselves. */
  readonly #ending = new Map<MachineId, Ending>();
  readonly #inTurn = newInTurn();
  readonly #listeners = new Set<EndListener>();
  /** Resolves when somebody listens. */
  readonly #heard = Promise.withResolvers<void>();
  #bounding: TimerHandle | undefined;
  #isClosed = false;

  constructor(options: QemuOptions) {
    this.#options = options;
    this.accelerator = options.accelerator;
  }

  async findAgain(): Promise<void> {
    const found = await this.#options.hands.list();
    await Promise.all(found.map((id) => this.#findAgain(id)));
  }

  start(spec: MachineSpec): Promise<void> {
    return this.#on(spec.id, async () => {
      if (!this.#machines.has(spec.id)) await this.#start(spec);
    });
  }

  pressPower(id: MachineId): Promise<void> {
    return this.#running(id, (machine) => machine.pressPower());
  }

  reset(id: MachineId): Promise<void> {
    return this.#running(id, (machine) => machine.reset());
  }

  /** It waits for nothing that is being done to the machine: that fails. */
  async kill(id: MachineId): Promise<void> {
    const machine = this.#machines.get(id);
    if (machine !== undefined) {
      this.#ending.set(id, 'killed');
      await this.#stop(machine);
    }
    await this.#options.hands.kill(id);
    await this.#on(id, () => this.#end(id, 'killed'));
  }

  async running(): Promise<ReadonlySet<MachineId>> {
    return new Set([...this.#machines.keys()].filter((id) => this.#ending.get(id) !== 'guest-shutdown'));
  }

  onEnd(listener: EndListener): void {
    this.#listeners.add(listener);
    this.#heard.resolve();
  }

  attachDisk(id: MachineId, disk: MachineDisk): Promise<void> {
    return this.#running(id, (machine) => this.#attachDisk(id, machine, disk));
  }

  detachDisk(id: MachineId, volume: VolumeId, isForced: boolean): Promise<void> {
    return this.#running(id, async (machine) => {
      await machine.detachDisk(volume, isForced);
      await this.#options.hands.takeBack(id, filesOf(this.#options.chainOf(volume)));
    });
  }

  resizeDisk(id: MachineId, volume: VolumeId): Promise<void> {
    return this.#running(id, (machine) => machine.resizeDisk(volume, this.#options.chainOf(volume)));
  }

  limitDisk(id: MachineId, volume: VolumeId, limits: DiskLimits): Promise<void> {
    return this.#running(id, (machine) => machine.limitDisk(volume, limits));
  }

  attachNic(id: MachineId, nic: MachineNic): Promise<void> {
    return this.#running(id, (machine) => machine.attachNic(nic));
  }

  detachNic(id: MachineId, nic: string, isForced: boolean): Promise<void> {
    return this.#running(id, (machine) => machine.detachNic(nic, isForced));
  }

  switchLayer(id: MachineId, volume: VolumeId): Promise<void> {
    return this.#running(id, async (machine) => {
      const chain = this.#options.chainOf(volume);
      await this.#options.hands.lend(id, filesOf(chain));
      await machine.switchLayer(volume, chain);
    });
  }

  consoleOutput(id: MachineId): Promise<Buffer> {
    return consoleOf(this.#folderOf(id));
  }

  forget(id: MachineId): Promise<void> {
    return this.#on(id, async () => {
      await this.#end(id, 'killed');
      await this.#options.hands.forget(id);
    });
  }

  left(): Promise<readonly MachineId[]> {
    return this.#options.hands.left();
  }

  screenshot(id: MachineId): Promise<Buffer> {
    return this.#running(id, (machine) => machine.screenshot());
  }

  connect(id: MachineId, what: 'screen' | 'serial'): Promise<Duplex> {
    return this.#running(id, (machine) => machine.connect(what));
  }

  async isResponsive(id: MachineId): Promise<boolean> {
    try {
      return (await this.#machines.get(id)?.isResponsive()) ?? false;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#bounding?.cancel();
    for (const machine of this.#machines.values()) machine.close();
    this.#machines.clear();
  }

  /** One that its guest has switched off waits to be seen; one that never began is what a crash left of a start. */
  async #findAgain(id: MachineId): Promise<void> {
    const { hands } = this.#options;
    try {
      const machine = await this.#open(id);
      const status = await machine.status();
      if (status === 'prelaunch') {
        machine.close();
        return await hands.kill(id);
      }
      this.#machines.set(id, machine);
      this.#keepBounded();
      if (status === 'shutdown') this.#hasEnded(id, 'guest-shutdown');
    } catch (error) {
      this.#options.onFault(error);
      await hands.kill(id);
      void this.#tell(id, 'failed');
    }
  }

  async #start(spec: MachineSpec): Promise<void> {
    const { id, disks, nics } = spec;
    let machine: RunningMachine | undefined;
    try {
      await this.#options.hands.start(launchOf(spec, this.accelerator));
      machine = await this.#open(id);
      for (const disk of disks) await this.#attachDisk(id, machine, disk);
      for (const nic of nics.toSorted((a, b) => a.deviceIndex - b.deviceIndex)) await machine.attachNic(nic);
      await machine.begin();
      this.#machines.set(id, machine);
      this.#keepBounded();
    } catch (error) {
      machine?.close();
      await this.#options.hands.kill(id);
      throw error;
    }
  }

  async #attachDisk(id: MachineId, machine: RunningMachine, disk: MachineDisk): Promise<void> {
    const chain = this.#options.chainOf(disk.volume);
    const files = filesOf(chain);
    await this.#options.hands.lend(id, files);
    try {
      await machine.attachDisk(disk, chain);
    } catch (error) {
      await machine.detachDisk(disk.volume, true).catch(() => {});
      await this.#options.hands.takeBack(id, files);
      throw error;
    }
  }

  #open(id: MachineId): Promise<RunningMachine> {
    const { clock, netdevOf } = this.#options;
    const onEnd = (ending: Ending): void => this.#hasEnded(id, ending);
    return RunningMachine.open({ id, folder: this.#folderOf(id), clock, netdevOf, onEnd });
  }

  /** Its guest, or its process, has done it. */
  #hasEnded(id: MachineId, ending: Ending): void {
    if (this.#isClosed || this.#ending.has(id) || !this.#machines.has(id)) return;
    this.#ending.set(id, ending);
    const end = async (): Promise<void> => {
      if (ending === 'failed') await this.#report(id);
      await this.#end(id, ending);
    };
    this.#on(id, end).catch(this.#options.onFault);
  }

  /** Its process is gone, and nobody meant it to be. */
  async #report(id: MachineId): Promise<void> {
    const complaint = await complaintOf(this.#folderOf(id));
    this.#options.onFault(new MachineError('failed', `${id} has failed: ${complaint || 'QEMU said nothing'}`));
  }

  async #end(id: MachineId, ending: Ending): Promise<void> {
    // Whoever was first knows why: that its process is gone follows.
    if (!this.#ending.has(id)) this.#ending.set(id, ending);
    const isNoted = this.#ending.get(id) === 'guest-shutdown';
    if (isNoted) await this.#tell(id, 'guest-shutdown');
    // Who takes it up next hears of it.
    if (this.#isClosed) return;
    await this.#options.hands.kill(id);
    const told = this.#ending.get(id) ?? ending;
    this.#ending.delete(id);
    const machine = this.#machines.get(id);
    if (machine === undefined) return;
    this.#machines.delete(id);
    machine.close();
    if (!isNoted) void this.#tell(id, told);
  }

  /** So what was written is kept even by one that is killed; one that does not answer has had its time. */
  async #stop(machine: RunningMachine): Promise<void> {
    const { promise: timeOut, resolve } = Promise.withResolvers<void>();
    const limit = this.#options.clock.after(STOPS_WITHIN, resolve);
    await Promise.race([machine.stop().catch(() => {}), timeOut]);
    limit.cancel();
  }

  async #tell(id: MachineId, ending: Ending): Promise<void> {
    await this.#heard.promise;
    for (const listener of this.#listeners) {
      try {
        await listener(id, ending);
      } catch (error) {
        this.#options.onFault(error);
      }
    }
  }

  #running<Result>(id: MachineId, action: (machine: RunningMachine) => Promise<Result>): Promise<Result> {
    return this.#on(id, async () => {
      const machine = this.#machines.get(id);
      if (machine === undefined) throw new MachineError('not-running', `${id} does not run`);
      return await action(machine);
    });
  }

  /** One thing at a time is done to a machine. */
  #on<Result>(id: MachineId, action: () => Promise<Result>): Promise<Result> {
    return this.#inTurn(id, async () => {
      try {
        return await action();
      } catch (error) {
        throw error instanceof QmpError ? new MachineError('failed', `${id}: ${error.message}`) : error;
      }
    });
  }

  #keepBounded(): void {
    this.#bounding ??= this.#options.clock.after(BOUND_EVERY, async () => {
      for (const id of this.#machines.keys()) await boundOutput(this.#folderOf(id)).catch(() => {});
      this.#bounding = undefined;
      if (!this.#isClosed && this.#machines.size > 0) this.#keepBounded();
    });
  }

  #folderOf(id: MachineId): string {
    return join(this.#options.folder, id);
  }
}

const filesOf = ({ layers }: Chain): string[] => layers.map(({ file }) => file);

const launchOf = ({ boot, ...spec }: MachineSpec, accelerator: Accelerator): Launch => ({
  id: spec.id,
  accelerator,
  vcpus: spec.vcpus,
  memoryMiB: spec.memoryMiB,
  product: spec.product,
  uuid: spec.uuid,
  vpc: spec.vpc,
  kernel: boot.kind === 'kernel' ? { image: boot.image, commandLine: boot.commandLine } : undefined,
});
