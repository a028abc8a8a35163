/** The steps of the reconciler, carried out: each may be repeated, and notes what it has done. */
import type { Host } from '#platform/compute/host.ts';
import { MachineError } from '#platform/compute/machine.ts';
import { again } from '#platform/store/again.ts';
import type { Partition } from '#platform/store/store.ts';
import type { BootGate } from '#services/ec2/instances/boot-gate.ts';
import { type Attached, diskOf, machineSpec, nicOf } from '#services/ec2/instances/machine-spec.ts';
import type { DeviceStep, Step } from '#services/ec2/instances/next-step.ts';
import type { Notes } from '#services/ec2/instances/noted.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { openDataKey } from '#services/ec2/storage/data-keys.ts';

export interface Stage {
  readonly parts: Ec2Parts;
  readonly host: Host;
  readonly gate: BootGate;
  readonly notes: Notes;
  readonly partition: Partition;
  readonly signal: AbortSignal;
}

/** The reconciler itself waits and checks. */
export type Taken = Exclude<Step, { kind: 'wait' } | { kind: 'check' }>;

export async function takeStep(stage: Stage, step: Taken, row: InstanceRow, attached: Attached): Promise<void> {
  const { host, notes } = stage;
  switch (step.kind) {
    case 'boot':
      return boot(stage, row, attached);
    case 'note-running':
      return notes.running(row.id, { volumes: [], interfaces: [] });
    case 'note-down':
      return notes.event(row.id, 'gone');
    case 'ask':
      return host.machines.pressPower(row.id);
    case 'kill':
      return host.machines.kill(row.id);
    case 'reset':
      await host.machines.reset(row.id);
      return notes.wasReset(row.id);
    case 'give-up':
      return notes.event(row.id, row.hasRun ? 'start-failed' : 'launch-failed', {
        code: 'Client.InternalError',
        message: 'Client.InternalError: Client error on launch',
      });
    default:
      return device(stage, step, row);
  }
}

async function boot({ parts, host, gate, notes, partition, signal }: Stage, row: InstanceRow, attached: Attached) {
  const { volumes, interfaces } = attached;
  const keys = await Promise.all(volumes.map((volume) => openDataKey(parts, partition, volume)));
  const disks = volumes.map((volume, at) => diskOf(row, volume, keys[at]));
  await parts.networks?.apply(partition, row.vpc);
  await gate.through(async () => {
    // It waited for its turn, and may not be wanted any more.
    const now = await again(() => partition.read((tx) => instances.find(tx, row.id)));
    if (now?.state !== row.state) return false;
    await host.machines.start(machineSpec(row, disks, interfaces.map(nicOf)));
    await notes.running(row.id, { volumes: volumes.map(({ id }) => id), interfaces: interfaces.map(({ id }) => id) });
    return true;
  }, signal);
}

/** What does not run has its devices as soon as its row says so. */
async function device({ parts, host, notes, partition }: Stage, step: DeviceStep, row: InstanceRow): Promise<void> {
  const { machines } = host;
  if (row.state === 'running') {
    switch (step.kind) {
      case 'attach-disk': {
        const disk = diskOf(row, step.volume, await openDataKey(parts, partition, step.volume));
        await machines.attachDisk(row.id, disk);
        break;
      }
      case 'detach-disk':
        try {
          await machines.detachDisk(row.id, step.volume.id, step.volume.attachment?.isForced === true);
        } catch (error) {
          if (!(error instanceof MachineError) || error.problem !== 'guest-refuses') throw error;
          return notes.device(step, false);
        }
        break;
      case 'attach-nic':
        await parts.networks?.apply(partition, row.vpc);
        await machines.attachNic(row.id, nicOf(step.nic));
        break;
      case 'detach-nic':
        await machines.detachNic(row.id, step.nic.id, step.nic.attachment?.isForced === true);
    }
  }
  await notes.device(step, true);
}
