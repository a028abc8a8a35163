/**
 * What a host can do with machines. A machine is given as data and has no life of its own here: it is started, and ends; whether it
 * should run is EC2's to know. A driver keeps what it runs alive when this process ends, and finds it again: `running` is what is, not
 * what was asked for. All that a machine says (its screen, its serial line, its state) was made by a guest, and is not to be trusted.
 *
 * Every operation is idempotent, and may be repeated after a crash: to start what runs, or end what is gone, is no error.
 */
import type { Duplex } from 'node:stream';
import type { Accelerator } from '#platform/compute/kvm-probe.ts';
import type { VolumeId, VolumeKey } from '#platform/compute/volume.ts';

/** An instance's id: `i-0123456789abcdef0`. */
export type MachineId = string;

export interface MachineDisk {
  readonly volume: VolumeId;
  /** The device that EC2 calls it, and a guest may ask for: `/dev/sdf`. */
  readonly device: string;
  readonly isBoot: boolean;
  readonly limits: DiskLimits;
  /** Of all its encrypted layers: what is made of an encrypted snapshot keeps its key, or is a copy. */
  readonly key?: VolumeKey;
}

/** As bought: a volume of 3,000 IOPS and 125 MiB/s does no more. */
export interface DiskLimits {
  readonly iops: number;
  readonly bytesPerSecond: number;
}

export interface MachineNic {
  /** An interface of the networks' (network.ts), which gives it its tap. */
  readonly interface: string;
  /** `02:…` */
  readonly mac: string;
  readonly deviceIndex: number;
}

/** What the firmware starts: the boot disk's own loader, or a kernel that lies beside the image (an AMI with direct boot). */
export type Boot =
  | { readonly kind: 'disk' }
  | { readonly kind: 'kernel'; readonly image: string; readonly commandLine: string };

export interface MachineSpec {
  readonly id: MachineId;
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** What the firmware tells: `t3.micro`. */
  readonly product: string;
  /** Starts with `ec2`, by which guests know where they are. */
  readonly uuid: string;
  readonly boot: Boot;
  /** Of all its interfaces: its process lives there, and can send nothing itself. */
  readonly vpc: string;
  readonly disks: readonly MachineDisk[];
  readonly nics: readonly MachineNic[];
}

export interface Capacity {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** Why a machine is no more: the guest switched it off, or it was killed or died. */
export type Ending = 'guest-shutdown' | 'killed' | 'failed';

export type EndListener = (id: MachineId, ending: Ending) => void | Promise<void>;

export interface Machines {
  readonly accelerator: Accelerator;
  /** Of the host, whatever runs on it; what it may promise is the scheduler's. */
  readonly capacity: Capacity;
  /** Resolves when the machine executes. A failure is a MachineError, and leaves nothing. */
  start(spec: MachineSpec): Promise<void>;
  /** Asks the guest to switch off, as its power button would. */
  pressPower(id: MachineId): Promise<void>;
  reset(id: MachineId): Promise<void>;
  /** At once and for certain; resolves when the process is gone and what it had (sockets, cgroup, tap's use) is freed. */
  kill(id: MachineId): Promise<void>;
  running(): Promise<ReadonlySet<MachineId>>;
  /**
   * Told of each machine that ends, also of those found again. That a guest switched itself off is known by its process alone: it stays, though
   * it counts as running no more, until the listener has noted it and its promise resolves. So who dies in between is told again.
   */
  onEnd(listener: EndListener): void;
  attachDisk(id: MachineId, disk: MachineDisk): Promise<void>;
  /** Asks the guest for it and waits until it has let go; `isForced` does not ask. */
  detachDisk(id: MachineId, volume: VolumeId, isForced: boolean): Promise<void>;
  /** The volume is to be larger now: its file grows and the guest sees it, as nobody but its machine may write to what it has. */
  resizeDisk(id: MachineId, volume: VolumeId): Promise<void>;
  limitDisk(id: MachineId, volume: VolumeId, limits: DiskLimits): Promise<void>;
  attachNic(id: MachineId, nic: MachineNic): Promise<void>;
  detachNic(id: MachineId, nic: string, isForced: boolean): Promise<void>;
  /** From here on the machine writes to the volume's new layer: what the one before holds is a snapshot. */
  switchLayer(id: MachineId, volume: VolumeId): Promise<void>;
  /** What the serial line said last, at most 64 KiB; kept until the machine is started anew or forgotten, also when it has ended. */
  consoleOutput(id: MachineId): Promise<Buffer>;
  /** Of a machine that has ended for good: nothing of it is kept. */
  forget(id: MachineId): Promise<void>;
  /** All that something is left of here: a process, a folder, a share of the host. Looked at by whoever knows which should be. */
  left(): Promise<readonly MachineId[]>;
  /** PNG. */
  screenshot(id: MachineId): Promise<Buffer>;
  /** RFB (VNC) or the serial line's bytes. */
  connect(id: MachineId, what: 'screen' | 'serial'): Promise<Duplex>;
  /** Whether its processors run: what an instance status check is made of. */
  isResponsive(id: MachineId): Promise<boolean>;
  /** Takes up what runs; machines go on when it closes. */
  close(): Promise<void>;
}

export type MachineProblem = 'no-capacity' | 'not-running' | 'guest-refuses' | 'failed';

export class MachineError extends Error {
  readonly problem: MachineProblem;
  constructor(problem: MachineProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
