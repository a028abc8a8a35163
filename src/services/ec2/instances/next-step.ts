/**
 * What is to be done for an instance, from what its rows say and what was seen on the host: one step at a time, and nothing when both
 * agree. Nothing but a function, so that whatever was going on when a process ended, the next one goes on from what it finds.
 */
import { seconds } from '#platform/base/clock.ts';
import type { Attached } from '#services/ec2/instances/machine-spec.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import type { NetworkInterfaceRow } from '#services/ec2/network-interfaces/state.ts';
import type { VolumeRow } from '#services/ec2/volumes/state.ts';

export interface Seen {
  readonly runs: boolean;
  readonly now: number;
  /** The guest was asked to shut down already. */
  readonly wasAsked: boolean;
}

export type DeviceStep =
  | { readonly kind: 'attach-disk'; readonly volume: VolumeRow }
  | { readonly kind: 'detach-disk'; readonly volume: VolumeRow }
  | { readonly kind: 'attach-nic'; readonly nic: NetworkInterfaceRow }
  | { readonly kind: 'detach-nic'; readonly nic: NetworkInterfaceRow };

export type Step =
  | { readonly kind: 'boot' | 'note-running' | 'note-down' | 'ask' | 'kill' | 'reset' }
  | { readonly kind: 'check' }
  /** What its disks are made of can't be had. */
  | { readonly kind: 'give-up'; readonly volume: VolumeRow }
  | { readonly kind: 'wait'; readonly until: number }
  | DeviceStep;

/** Bytes of volumes come from elsewhere, and tell when they are there; in case they don't, it looks again. */
const LOOK_AGAIN = seconds(2);

export function nextStep(row: InstanceRow, attached: Attached, seen: Seen): Step | undefined {
  switch (row.state) {
    case 'pending':
      return seen.runs ? { kind: 'note-running' } : bootStep(attached, seen);
    case 'running':
      return seen.runs ? runningStep(row, attached, seen) : bootStep(attached, seen);
    case 'stopping':
    case 'shutting-down':
      return downStep(row, seen);
    default:
      return seen.runs ? { kind: 'kill' } : (leftBehind(attached) ?? deviceStep(attached));
  }
}

/** What a guest did not let go of while it ran. */
function leftBehind({ volumes }: Attached): DeviceStep | undefined {
  const volume = volumes.find(({ attachment }) => attachment?.status === 'busy');
  return volume && { kind: 'detach-disk', volume };
}

/** A volume is there as soon as it is not in the making any more. */
const isReady = ({ state }: VolumeRow): boolean => state === 'in-use' || state === 'available';

function bootStep({ volumes }: Attached, { now }: Seen): Step {
  const broken = volumes.find(({ state }) => state === 'error' || state === 'deleting');
  if (broken !== undefined) return { kind: 'give-up', volume: broken };
  return volumes.every(isReady) ? { kind: 'boot' } : { kind: 'wait', until: now + LOOK_AGAIN };
}

function runningStep(row: InstanceRow, attached: Attached, seen: Seen): Step | undefined {
  // It was started again after its host had failed.
  if (!row.isOnHost) return { kind: 'note-running' };
  if (row.reboot !== undefined) return asked(row.reboot.deadline, 'reset', seen);
  return deviceStep(attached) ?? (row.check === undefined ? { kind: 'check' } : undefined);
}

function downStep({ down }: InstanceRow, seen: Seen): Step {
  if (!seen.runs) return { kind: 'note-down' };
  return down === undefined || down.isForced ? { kind: 'kill' } : asked(down.deadline, 'kill', seen);
}

/** The guest is asked once, and has its time. */
function asked(deadline: number, otherwise: 'kill' | 'reset', { now, wasAsked }: Seen): Step {
  if (now >= deadline) return { kind: otherwise };
  return wasAsked ? { kind: 'wait', until: deadline } : { kind: 'ask' };
}

function deviceStep({ volumes, interfaces }: Attached): DeviceStep | undefined {
  const byStatus = (status: 'attaching' | 'detaching') => ({
    volume: volumes.find((volume) => volume.attachment?.status === status && isReady(volume)),
    nic: interfaces.find(({ attachment }) => attachment?.status === status),
  });
  const leaving = byStatus('detaching');
  if (leaving.volume !== undefined) return { kind: 'detach-disk', volume: leaving.volume };
  if (leaving.nic !== undefined) return { kind: 'detach-nic', nic: leaving.nic };
  const coming = byStatus('attaching');
  if (coming.volume !== undefined) return { kind: 'attach-disk', volume: coming.volume };
  return coming.nic && { kind: 'attach-nic', nic: coming.nic };
}
