/** What rows of volumes, snapshots and images say that is to be done, and how it is done. */
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { VolumeKey } from '#platform/compute/volume.ts';
import { again } from '#platform/store/again.ts';
import type { Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags } from '#platform/tags.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { type ImageRow, images } from '#services/ec2/images/state.ts';
import { instances } from '#services/ec2/instances/state.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { type SnapshotRow, snapshots } from '#services/ec2/snapshots/state.ts';
import { openDataKey } from '#services/ec2/storage/data-keys.ts';
import { meteredVolume } from '#services/ec2/storage/metering.ts';
import { forgotten } from '#services/ec2/storage/state.ts';
import { type VolumeModification, type VolumeOrigin, type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { diskLimits } from '#services/ec2/volumes/types.ts';

export interface Stage {
  readonly parts: Ec2Parts;
  readonly host: Host;
  readonly partition: Partition;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Placed = Pick<Stage, 'partition'>;

const seen = async <T>({ partition }: Placed, action: (tx: ReadTransaction) => T) =>
  again(() => partition.read(action));
const written = async ({ partition }: Placed, action: (tx: Transaction) => void): Promise<void> =>
  again(() => partition.transact(action));

export interface StorageTask {
  /** Of what it is about: one thing at a time is done to it. */
  readonly id: string;
  run(stage: Stage): Promise<void>;
  /** When it has failed too often. */
  readonly giveUp?: (tx: Transaction, reason: string) => void;
}

export function tasksOf(tx: ReadTransaction): StorageTask[] {
  return [
    ...volumes.all(tx).flatMap((row) => volumeTask(row) ?? []),
    ...snapshots.all(tx).flatMap((row) => snapshotTask(tx, row) ?? []),
    ...images.all(tx).flatMap((row) => imageTask(tx, row) ?? []),
    ...forgotten.all(tx).map(({ id }) => forget(id)),
  ];
}

function volumeTask(row: VolumeRow): StorageTask | undefined {
  if (row.state === 'creating') return creation(row);
  if (row.state === 'deleting') return deletion(row);
  return row.modification?.state === 'modifying' ? modification(row, row.modification) : undefined;
}

const creation = (row: VolumeRow): StorageTask => ({
  id: row.id,
  async run(stage) {
    const { id, sizeGiB, origin } = row;
    const fromKey = await sourceKey(stage, origin);
    const key = await openDataKey(stage.parts, stage.partition, row);
    await stage.host.volumes.create({ id, sizeGiB, from: origin?.stored, fromKey, key });
    await written(stage, (tx) => {
      const now = volumes.find(tx, id);
      if (now?.state !== 'creating') return;
      volumes.put(tx, { ...now, state: now.attachment === undefined ? 'available' : 'in-use' });
    });
  },
  giveUp: (tx, problem) => {
    const now = volumes.find(tx, row.id);
    if (now?.state === 'creating') volumes.put(tx, { ...now, state: 'error', problem });
  },
});

/** Of an image that is built here: it is, if it is not there yet. */
async function sourceKey(stage: Stage, origin: VolumeOrigin | undefined): Promise<VolumeKey | undefined> {
  if (origin === undefined) return undefined;
  const { parts, host, partition } = stage;
  const built = builtAmis(parts, partition.name.region).find(({ stored }) => stored === origin.stored);
  if (built !== undefined) await host.images.build(built.image, built.stored, () => {});
  return openDataKey(parts, partition, origin);
}

const deletion = ({ id }: VolumeRow): StorageTask => ({
  id,
  async run({ host, partition, clock }) {
    await host.volumes.remove(id);
    await written({ partition }, (tx) => {
      const row = volumes.find(tx, id);
      if (row === undefined) return;
      meteredVolume(tx, row, clock.now());
      volumes.drop(tx, id);
      const { account, region } = partition.name;
      deleteTags(tx, resourceArn({ account, region }, 'volume', id));
    });
  },
});

const modification = (row: VolumeRow, { to }: VolumeModification): StorageTask => ({
  id: row.id,
  async run(stage) {
    const { host, partition, clock } = stage;
    const machine = await machineOf(stage, row);
    if (to.sizeGiB > row.sizeGiB) {
      const key = await openDataKey(stage.parts, partition, row);
      const ask = machine !== undefined && { onRunning: () => host.machines.resizeDisk(machine, row.id) };
      await host.volumes.grow(row.id, to.sizeGiB, { ...(key && { key }), ...ask });
    }
    if (machine !== undefined) await host.machines.limitDisk(machine, row.id, diskLimits(to));
    await written({ partition }, (tx) => {
      const now = volumes.find(tx, row.id);
      if (now?.modification?.state !== 'modifying') return;
      const { throughputMiB: _, ...rest } = meteredVolume(tx, now, clock.now());
      // There is nothing to optimize: the bytes are where they were.
      const done = { ...now.modification, state: 'completed', endedAt: clock.now() } as const;
      volumes.put(tx, { ...rest, ...to, modification: done });
    });
  },
  giveUp: (tx, message) => {
    const now = volumes.find(tx, row.id);
    if (now?.modification?.state !== 'modifying') return;
    volumes.put(tx, { ...now, modification: { ...now.modification, state: 'failed', message } });
  },
});

/** The machine that has the volume open. */
async function machineOf({ host, partition }: Stage, { attachment }: VolumeRow): Promise<string | undefined> {
  if (attachment === undefined || attachment.status === 'attaching') return undefined;
  const instance = await seen({ partition }, (tx) => instances.find(tx, attachment.instance));
  return instance !== undefined && (await host.machines.running()).has(instance.id) ? instance.id : undefined;
}

function snapshotTask(tx: ReadTransaction, row: SnapshotRow): StorageTask | undefined {
  if (row.state !== 'pending') return undefined;
  if (row.origin !== undefined) return snapshotOf(row, (stage) => copied(stage, row));
  const volume = volumes.find(tx, row.volume);
  // It is made when there are bytes; a volume that is gone leaves it failed.
  if (volume?.state === 'creating') return undefined;
  return snapshotOf(row, (stage) => taken(stage, row, volume));
}

const snapshotOf = (
  row: SnapshotRow,
  make: (stage: Stage) => Promise<{ storedBytes: number; fullBytes: number }>,
): StorageTask => ({
  id: row.id,
  async run(stage) {
    const size = await make(stage);
    await written(stage, (tx) => {
      const now = snapshots.find(tx, row.id);
      if (now?.state !== 'pending') return;
      const completedAt = stage.clock.now();
      snapshots.put(tx, { ...now, ...size, state: 'completed', progressPercent: 100, completedAt });
    });
  },
  giveUp: (tx, problem) => {
    const now = snapshots.find(tx, row.id);
    if (now?.state === 'pending') snapshots.put(tx, { ...now, state: 'error', problem });
  },
});

const LOOK_AGAIN: Milliseconds = 250;

/** Until the instance has shut down and begun anew, if it was told to: then all that it had is on its disks. */
async function rebooted({ partition, clock, signal }: Stage, { after }: SnapshotRow): Promise<void> {
  if (after === undefined) return;
  while ((await seen({ partition }, (tx) => instances.find(tx, after)))?.reboot !== undefined) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => clock.after(LOOK_AGAIN, resolve));
  }
}

async function taken(stage: Stage, row: SnapshotRow, volume: VolumeRow | undefined) {
  if (volume === undefined) throw new Error('its volume is gone');
  await rebooted(stage, row);
  const key = await openDataKey(stage.parts, stage.partition, volume);
  const { attachment } = (await seen(stage, (tx) => volumes.find(tx, volume.id))) ?? {};
  const asking = attachment && { onRunning: () => switched(stage, attachment.instance, volume.id) };
  return stage.host.volumes.snapshot(row.id, volume.id, { ...(key && { key }), ...asking });
}

/**
 * The new layer lies on the volume, and a machine that starts from here on has it. One that runs is told; one that is starting may have
 * either, and is waited for.
 */
async function switched({ host, partition, clock, signal }: Stage, id: string, volume: string): Promise<void> {
  for (;;) {
    if ((await host.machines.running()).has(id)) return host.machines.switchLayer(id, volume);
    const state = (await seen({ partition }, (tx) => instances.find(tx, id)))?.state;
    if (state !== 'pending' && state !== 'running') return;
    signal.throwIfAborted();
    await new Promise<void>((resolve) => clock.after(LOOK_AGAIN, resolve));
  }
}

async function copied(stage: Stage, row: SnapshotRow) {
  const fromKey = await sourceKey(stage, row.origin);
  const key = await openDataKey(stage.parts, stage.partition, row);
  return stage.host.volumes.copySnapshot(row.id, row.origin?.stored ?? '', { fromKey, key });
}

/** An image is there when all of its snapshots are. */
function imageTask(tx: ReadTransaction, row: ImageRow): StorageTask | undefined {
  if (row.state !== 'pending') return undefined;
  const states = row.devices.flatMap(({ snapshot }) =>
    snapshot === undefined ? [] : (snapshots.find(tx, snapshot)?.state ?? 'completed'),
  );
  const isBroken = states.includes('error');
  if (!isBroken && states.includes('pending')) return undefined;
  return {
    id: row.id,
    async run({ partition }) {
      await written({ partition }, (change) => {
        const now = images.find(change, row.id);
        if (now?.state !== 'pending') return;
        images.put(
          change,
          isBroken ? { ...now, state: 'failed', problem: 'a snapshot failed' } : { ...now, state: 'available' },
        );
      });
    },
  };
}

const forget = (id: string): StorageTask => ({
  id,
  async run({ host, partition }) {
    await host.volumes.removeSnapshot(id);
    await written({ partition }, (tx) => forgotten.drop(tx, id));
  },
});
