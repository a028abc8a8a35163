/** What was seen on the host, or done there, written down: one transaction each. A row that is gone, or on its way elsewhere, stays. */
import { again } from '#platform/store/again.ts';
import type { Partition, Transaction } from '#platform/store/store.ts';
import type { HostEvent } from '#services/ec2/instances/lifecycle.ts';
import { endOf } from '#services/ec2/instances/lifecycle.ts';
import { metered } from '#services/ec2/instances/metering.ts';
import type { DeviceStep } from '#services/ec2/instances/next-step.ts';
import { type InstanceRow, instances, type StateReason } from '#services/ec2/instances/state.ts';
import { transition } from '#services/ec2/instances/transition.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { detachInterface } from '#services/ec2/network-interfaces/lifecycle.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { type VolumeAttachment, volumes } from '#services/ec2/volumes/state.ts';

/** At once, where the rows are in memory. */
type Done = void | Promise<void>;

export interface Notes {
  /** `started` is what it was started with; a machine that was found running says nothing of that. */
  running(id: string, started: { readonly volumes: readonly string[]; readonly interfaces: readonly string[] }): Done;
  event(id: string, event: HostEvent, reason?: StateReason): Done;
  /** The guest switched itself off, or the machine is gone by itself. */
  ended(id: string, byGuest: boolean): Done;
  wasReset(id: string): Done;
  check(id: string, isPassed: boolean): Done;
  device(step: DeviceStep, isDone: boolean): Done;
  metered(ids: readonly string[]): Done;
}

export function notesOf(parts: Ec2Parts, partition: Partition): Notes {
  const now = (): number => parts.clock.now();
  const write = (action: (tx: Transaction) => void): Done => again(() => partition.transact(action));
  const change = (id: string, action: (tx: Transaction, row: InstanceRow) => void): Done =>
    write((tx) => {
      const row = instances.find(tx, id);
      if (row !== undefined) action(tx, row);
    });
  return {
    running: (id, started) =>
      change(id, (tx, row) => {
        const up = row.state === 'pending' ? transition(parts, tx, row, { event: 'booted', now: now() }) : row;
        const { reboot: _, ...rest } = up ?? row;
        putInstance(tx, { ...rest, isOnHost: true });
        for (const volume of started.volumes) attached(tx, id, volume);
        for (const one of started.interfaces) attachedNic(tx, id, one);
        askAgain(tx, row);
      }),
    event: (id, event, reason) =>
      change(id, (tx, row) => void transition(parts, tx, row, { event, now: now(), reason })),
    ended: (id, byGuest) => change(id, (tx, row) => noteEnd(parts, tx, row, byGuest)),
    wasReset: (id) =>
      change(id, (tx, { reboot: _, check: _check, ...row }) => {
        putInstance(tx, row);
        askAgain(tx, row);
      }),
    check: (id, isPassed) =>
      change(id, (tx, row) => {
        if (row.state !== 'running' || row.check?.isPassed === isPassed) return;
        putInstance(tx, { ...row, check: { isPassed, since: now() } });
      }),
    device: (step, isDone) => write((tx) => noteDevice(tx, step, isDone, now())),
    metered: (ids) =>
      write((tx) => {
        for (const id of ids) {
          const row = instances.find(tx, id);
          if (row?.state === 'running') putInstance(tx, metered(tx, row, now()));
        }
      }),
  };
}

function noteEnd(parts: Ec2Parts, tx: Transaction, row: InstanceRow, byGuest: boolean): void {
  const now = parts.clock.now();
  const isAlive = row.state === 'running' || row.state === 'pending';
  // It was noted before, by a process that died before its machine was gone: it is to start again.
  const isNoted = row.state === 'running' && !row.isOnHost;
  // A reboot is a shutdown that a start follows.
  if (byGuest && isAlive && row.reboot === undefined && !isNoted) {
    transition(parts, tx, row, { event: endOf(row), now });
    return;
  }
  if (!byGuest && row.state === 'running' && !row.recovers) {
    transition(parts, tx, row, { event: 'lost', now });
    return;
  }
  const { reboot: _, check: _check, ...rest } = row;
  putInstance(tx, { ...rest, isOnHost: false });
}

function attached(tx: Transaction, instance: string, id: string): void {
  const row = volumes.find(tx, id);
  if (row?.attachment?.instance !== instance || row.attachment.status !== 'attaching') return;
  volumes.put(tx, { ...row, state: 'in-use', attachment: { ...row.attachment, status: 'attached' } });
}

function attachedNic(tx: Transaction, instance: string, id: string): void {
  const row = networkInterfaces.find(tx, id);
  if (row?.attachment?.instance !== instance || row.attachment.status !== 'attaching') return;
  networkInterfaces.put(tx, { ...row, attachment: { ...row.attachment, status: 'attached' } });
}

function noteDevice(tx: Transaction, step: DeviceStep, isDone: boolean, now: number): void {
  if (step.kind === 'attach-disk') attached(tx, step.volume.attachment?.instance ?? '', step.volume.id);
  else if (step.kind === 'attach-nic') attachedNic(tx, step.nic.attachment?.instance ?? '', step.nic.id);
  else if (step.kind === 'detach-nic') detachedNic(tx, step.nic.id, now);
  else if (isDone) detached(tx, step.volume.id);
  else busy(tx, step.volume.id);
}

const LEAVES: ReadonlySet<VolumeAttachment['status']> = new Set(['detaching', 'busy']);

function detached(tx: Transaction, id: string): void {
  const row = volumes.find(tx, id);
  if (row?.attachment === undefined || !LEAVES.has(row.attachment.status)) return;
  const { attachment, ...free } = row;
  volumes.put(tx, { ...free, state: 'available' });
  const instance = instances.find(tx, attachment.instance);
  if (instance === undefined) return;
  putInstance(tx, { ...instance, devices: instance.devices.filter(({ volume }) => volume !== id) });
}

/** "Detachment can be delayed indefinitely until you unmount the volume, force detachment, reboot the instance": a guest that is new lets go. */
function askAgain(tx: Transaction, { devices }: Pick<InstanceRow, 'devices'>): void {
  for (const { volume } of devices) {
    const row = volumes.find(tx, volume);
    if (row?.attachment?.status !== 'busy') continue;
    volumes.put(tx, { ...row, attachment: { ...row.attachment, status: 'detaching' } });
  }
}

/** "If the guest does not let go, the volume is busy." */
function busy(tx: Transaction, id: string): void {
  const row = volumes.find(tx, id);
  if (row?.attachment?.status === 'detaching') {
    volumes.put(tx, { ...row, attachment: { ...row.attachment, status: 'busy' } });
  }
}

function detachedNic(tx: Transaction, id: string, now: number): void {
  const row = networkInterfaces.find(tx, id);
  if (row?.attachment?.status !== 'detaching') return;
  const { instance } = row.attachment;
  detachInterface(tx, row, now);
  const owner = instances.find(tx, instance);
  if (owner !== undefined) putInstance(tx, { ...owner, interfaces: owner.interfaces.filter((one) => one !== id) });
}
