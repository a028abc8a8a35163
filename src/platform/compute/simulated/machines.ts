/**
 * Machines without a computer, for tests: they boot, end and fail as a test wants it. What runs outlives the cloud that started it, as
 * with a real driver: a test gives them to the next cloud.
 *
 * A step is a call of the contract. A test may hold the steps of one kind back and let them go one by one, make them fail, or be
 * told of each before it happens and throw there, which is what a crash looks like from inside.
 */
import { Duplex, PassThrough } from 'node:stream';
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
import type { VolumeId } from '#platform/compute/volume.ts';

export type MachineStep = keyof Omit<
  Machines,
  'accelerator' | 'capacity' | 'running' | 'left' | 'onEnd' | 'close' | 'consoleOutput' | 'screenshot' | 'connect'
>;

export interface SimulatedMachine {
  readonly spec: MachineSpec;
  readonly disks: Map<VolumeId, MachineDisk>;
  readonly nics: Map<string, MachineNic>;
  /** Whether its guest does what the power button asks for, and lets go of what it is asked to. */
  obeys: boolean;
  isResponsive: boolean;
  resets: number;
}

export interface SimulatedMachinesOptions {
  readonly capacity?: Capacity;
  /** Called before each step; what it throws is what the step fails with. */
  readonly before?: (step: MachineStep, id: MachineId) => void | Promise<void>;
}

/** What a host of machines is between two clouds. */
export class SimulatedMachines implements Machines {
  readonly accelerator = 'tcg';
  readonly capacity: Capacity;
  readonly machines = new Map<MachineId, SimulatedMachine>();
  /** Every step that was carried out: `start i-…`. */
  readonly log: string[] = [];
  /** Of the guests that start from here on. */
  guestsObey = true;
  before: NonNullable<SimulatedMachinesOptions['before']>;
  /** Called when a step is done, before its caller hears of it. */
  after: NonNullable<SimulatedMachinesOptions['before']> = () => {};
  readonly #listeners = new Set<EndListener>();
  /** Told to the first who listens. */
  readonly #untold = new Map<MachineId, Ending>();
  readonly #consoles = new Map<MachineId, Buffer>();

  constructor({ capacity = { vcpus: 64, memoryMiB: 262_144 }, before = () => {} }: SimulatedMachinesOptions = {}) {
    this.capacity = capacity;
    this.before = before;
  }

  async start(spec: MachineSpec): Promise<void> {
    await this.#step('start', spec.id, () => this.#start(spec));
  }

  #start(spec: MachineSpec): void {
    if (this.machines.has(spec.id)) return;
    this.machines.set(spec.id, {
      spec,
      disks: new Map(spec.disks.map((disk) => [disk.volume, disk])),
      nics: new Map(spec.nics.map((nic) => [nic.interface, nic])),
      obeys: this.guestsObey,
      isResponsive: true,
      resets: 0,
    });
    this.#consoles.set(spec.id, Buffer.from(`[    0.000000] Linux version 6.1.0 (simulated) on ${spec.product}\r\n`));
  }

  async pressPower(id: MachineId): Promise<void> {
    await this.#step('pressPower', id, () => {
      if (this.#running(id).obeys) this.end(id, 'guest-shutdown');
    });
  }

  async reset(id: MachineId): Promise<void> {
    await this.#step('reset', id, () => {
      this.#running(id).resets += 1;
    });
  }

  async kill(id: MachineId): Promise<void> {
    await this.#step('kill', id, () => this.end(id, 'killed'));
  }

  async running(): Promise<ReadonlySet<MachineId>> {
    return new Set(this.machines.keys());
  }

  onEnd(listener: EndListener): void {
    this.#listeners.add(listener);
    for (const [id, ending] of this.#untold) void listener(id, ending);
    this.#untold.clear();
  }

  async left(): Promise<readonly MachineId[]> {
    return [...new Set([...this.machines.keys(), ...this.#consoles.keys()])];
  }

  async attachDisk(id: MachineId, disk: MachineDisk): Promise<void> {
    await this.#step('attachDisk', id, () => void this.#running(id).disks.set(disk.volume, disk));
  }

  async detachDisk(id: MachineId, volume: VolumeId, isForced: boolean): Promise<void> {
    await this.#step('detachDisk', id, () => {
      const machine = this.#running(id);
      if (!machine.obeys && !isForced) throw new MachineError('guest-refuses', `${id} keeps ${volume}`);
      machine.disks.delete(volume);
    });
  }

  async resizeDisk(id: MachineId): Promise<void> {
    await this.#step('resizeDisk', id, () => void this.#running(id));
  }

  async limitDisk(id: MachineId, volume: VolumeId, limits: DiskLimits): Promise<void> {
    await this.#step('limitDisk', id, () => {
      const { disks } = this.#running(id);
      const disk = disks.get(volume);
      if (disk !== undefined) disks.set(volume, { ...disk, limits });
    });
  }

  async attachNic(id: MachineId, nic: MachineNic): Promise<void> {
    await this.#step('attachNic', id, () => void this.#running(id).nics.set(nic.interface, nic));
  }

  async detachNic(id: MachineId, nic: string, isForced: boolean): Promise<void> {
    await this.#step('detachNic', id, () => {
      const machine = this.#running(id);
      if (!machine.obeys && !isForced) throw new MachineError('guest-refuses', `${id} keeps ${nic}`);
      machine.nics.delete(nic);
    });
  }

  async switchLayer(id: MachineId): Promise<void> {
    await this.#step('switchLayer', id, () => void this.#running(id));
  }

  async consoleOutput(id: MachineId): Promise<Buffer> {
    return this.#consoles.get(id) ?? Buffer.alloc(0);
  }

  async forget(id: MachineId): Promise<void> {
    await this.#step('forget', id, () => void this.#consoles.delete(id));
  }

  async screenshot(id: MachineId): Promise<Buffer> {
    this.#running(id);
    return Buffer.from('89504e470d0a1a0a', 'hex');
  }

  async connect(id: MachineId, what: 'screen' | 'serial'): Promise<Duplex> {
    this.#running(id);
    const stream = new PassThrough();
    stream.write(what === 'screen' ? 'RFB 003.008\n' : 'login: ');
    return Duplex.from(stream);
  }

  async isResponsive(id: MachineId): Promise<boolean> {
    await this.#step('isResponsive', id, () => {});
    return this.machines.get(id)?.isResponsive ?? false;
  }

  /** Machines go on; who listened is gone. */
  async close(): Promise<void> {
    this.#listeners.clear();
  }

  /** What a guest, or a fault, does by itself. */
  end(id: MachineId, ending: Ending): void {
    if (!this.machines.delete(id)) return;
    if (this.#listeners.size === 0) this.#untold.set(id, ending);
    for (const listener of this.#listeners) void listener(id, ending);
  }

  async #step(step: MachineStep, id: MachineId, action: () => void): Promise<void> {
    await this.before(step, id);
    this.log.push(`${step} ${id}`);
    action();
    await this.after(step, id);
  }

  #running(id: MachineId): SimulatedMachine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw new MachineError('not-running', `${id} does not run`);
    return machine;
  }
}
