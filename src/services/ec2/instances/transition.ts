/**
 * An event in the life of an instance, with all that follows from it: its time in the bill, the public address that it borrows, what
 * becomes of volumes and interfaces when it has ended. One transaction, whoever causes it: a user's call or what was seen on the host.
 */
import { hours } from '#platform/base/clock.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type { TimerJob } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { deleteTags } from '#platform/tags.ts';
import { changed, type LifecycleEvent } from '#services/ec2/instances/lifecycle.ts';
import { metered } from '#services/ec2/instances/metering.ts';
import { type InstanceRow, instances, type StateReason, userData } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import {
  deleteInterface,
  detachInterface,
  giveBorrowedPublicIp,
  takeBorrowedPublicIp,
} from '#services/ec2/network-interfaces/lifecycle.ts';
import { networkInterfaces } from '#services/ec2/network-interfaces/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { volumes } from '#services/ec2/volumes/state.ts';
import { deleteVolume } from '#services/ec2/volumes/volumes.ts';

export interface Happening {
  readonly event: LifecycleEvent;
  readonly now: number;
  readonly isForced?: boolean;
  readonly reason?: StateReason | undefined;
}

/** The row as it is from here on; undefined if the event can't happen to it. Start may throw Suspend. */
export function transition(
  parts: Ec2Parts,
  tx: Transaction,
  row: InstanceRow,
  { now, ...happening }: Happening,
): InstanceRow | undefined {
  const next = changed(row, { ...happening, at: now });
  if (next === undefined || next === row) return next;
  if (next.state === row.state) return putInstance(tx, next);
  // Its time ends when it begins to stop.
  const counted = metered(tx, next, now);
  const settled = SETTLED[counted.state]?.(parts, tx, counted, now) ?? counted;
  return putInstance(tx, settled);
}

type Settle = (parts: Ec2Parts, tx: Transaction, row: InstanceRow, now: number) => InstanceRow;

const SETTLED: Partial<Record<InstanceRow['state'], Settle>> = {
  pending: (parts, tx, row) => {
    const primary = row.borrowsPublicIp ? networkInterfaces.find(tx, row.interfaces[0] ?? '') : undefined;
    if (primary !== undefined) giveBorrowedPublicIp(tx, primary, parts.publicAddresses);
    return row;
  },
  stopped: (_parts, tx, row, now) => {
    for (const id of row.interfaces) {
      const one = networkInterfaces.find(tx, id);
      if (one !== undefined) takeBorrowedPublicIp(tx, one, now);
    }
    return { ...row, isOnHost: false };
  },
  terminated: (_parts, tx, row, now) => {
    releaseInterfaces(tx, row, now);
    releaseVolumes(tx, row);
    userData.drop(tx, row.id);
    setTimer(tx, { job: FORGET, id: row.id, due: now + SHOWN_FOR, payload: { id: row.id } });
    const { profile: _profile, ...rest } = row;
    return { ...rest, isOnHost: false, interfaces: [], devices: [] };
  },
};

function releaseInterfaces(tx: Transaction, row: InstanceRow, now: number): void {
  const place = { ...tx.partition.name, now };
  for (const id of row.interfaces) {
    const one = networkInterfaces.find(tx, id);
    if (one?.attachment?.instance !== row.id) continue;
    const { deletesOnTermination } = one.attachment;
    const detached = detachInterface(tx, one, now);
    // Instances are of accounts, whose partitions they are in.
    if (deletesOnTermination) deleteInterface(tx, place as Parameters<typeof deleteInterface>[1], detached);
  }
}

function releaseVolumes(tx: Transaction, row: InstanceRow): void {
  for (const { volume } of row.devices) {
    const one = volumes.find(tx, volume);
    if (one?.attachment?.instance !== row.id) continue;
    if (one.attachment.deletesOnTermination) {
      deleteVolume(tx, one);
      continue;
    }
    const { attachment: _, ...free } = one;
    volumes.put(tx, { ...free, state: free.state === 'in-use' ? 'available' : free.state });
  }
}

const FORGET = 'forget-instance';
/** "Terminated instances remain visible after termination (for approximately one hour)." */
const SHOWN_FOR = hours(1);

export const instanceTimers = ({ host }: Ec2Parts): Readonly<Record<string, TimerJob>> => ({
  [FORGET]: (tx, { id }, { log }) => {
    // As it was set above.
    const instance = id as string;
    instances.drop(tx, instance);
    deleteTags(tx, resourceArn(tx.partition.name, 'instance', instance));
    const left = (error: unknown) => log.log('warn', 'a machine is not forgotten', { instance, reason: String(error) });
    tx.onDurable(() => void host?.machines.forget(instance).catch(left));
  },
});
