/**
 * What lies on the host and no row names: left by a fault, a crash, or rows that are of another time than the host's files. It takes no
 * input: it compares what the host lists with the rows. Rows are written before anything is made for them, and go after it, so what was
 * listed and then has no row is nobody's. Machines and networks go at once; disks, which nobody can make again, only if they were nobody's
 * for a while.
 */
import { type Clock, type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { Host } from '#platform/compute/host.ts';
import type { MachineId } from '#platform/compute/machine.ts';
import type { Partition, ReadTransaction, Store } from '#platform/store/store.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { images } from '#services/ec2/images/state.ts';
import { instances } from '#services/ec2/instances/state.ts';
import { partitionWhere } from '#services/ec2/partitions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { forgotten } from '#services/ec2/storage/state.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

export interface Orphans {
  /** At the first call, and when the last time is long enough ago, what is nobody's goes. */
  sweep(): Promise<void>;
}

const EVERY: Milliseconds = minutes(1);
const DISKS_EVERY: Milliseconds = minutes(10);

type OrphansParts = Pick<Ec2Parts, 'store' | 'clock' | 'networks'>;

export function orphansOf({ store, clock, networks }: OrphansParts, host: Host): Orphans {
  const isTime = every(clock, EVERY);
  const isTimeForDisks = every(clock, DISKS_EVERY);
  let disksSeen: ReadonlySet<string> = new Set();
  return {
    async sweep() {
      if (!isTime()) return;
      await removeMachines(store, host);
      await networks?.removeOrphans();
      if (isTimeForDisks()) disksSeen = await removeDisks(store, host, disksSeen);
    },
  };
}

/** Also the first time. */
function every(clock: Clock, interval: Milliseconds): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.monotonic();
    if (now - last < interval) return false;
    last = now;
    return true;
  };
}

async function removeMachines(store: Store, { machines }: Host): Promise<void> {
  for (const id of await machines.left()) {
    if ((await ownerOf(store, id)) !== undefined) continue;
    await machines.kill(id);
    await machines.forget(id);
  }
}

/** Those that stay for now: they go if they are seen again. */
async function removeDisks(store: Store, { volumes: disks, images: built }: Host, seen: ReadonlySet<string>) {
  const listed = await disks.list();
  const kept = await built.kept();
  const nobodys: string[] = [];
  const note = async (ids: readonly string[], isNamed: (id: string) => Promise<boolean>): Promise<void> => {
    for (const id of ids) if (!(await isNamed(id))) nobodys.push(id);
  };
  await note(listed.volumes, (id) => isNamedBy(store, (tx) => volumes.find(tx, id) !== undefined));
  await note(listed.snapshots, (id) => isSnapshotNamed(store, built, id));
  await note(kept, (id) => isBuiltNamed(store, built, id));
  for (const id of nobodys.filter((one) => seen.has(one))) {
    if (id.startsWith('vol-')) await disks.remove(id);
    else await disks.removeSnapshot(id);
    if (id.startsWith('ami-')) await built.remove(id);
  }
  await disks.dropUnused();
  return new Set(nobodys);
}

const isSnapshotNamed = (store: Store, built: Host['images'], id: string): Promise<boolean> =>
  id.startsWith('ami-')
    ? isBuiltNamed(store, built, id)
    : isNamedBy(store, (tx) => snapshots.find(tx, id) !== undefined || forgotten.find(tx, id) !== undefined);

/** An image that is built here, or was by an earlier version and still starts an instance, or is what one is being made of. */
async function isBuiltNamed(store: Store, built: Host['images'], id: string): Promise<boolean> {
  if (builtAmis({ host: { images: built } }, '').some(({ stored }) => stored === id)) return true;
  return isNamedBy(
    store,
    (tx) =>
      instances.all(tx).some(({ boot }) => boot.kind === 'kernel' && boot.image === id) ||
      images.all(tx).some(({ boot }) => boot !== 'disk' && boot.kernelOf === id) ||
      [...volumes.all(tx), ...snapshots.all(tx)].some(({ origin }) => origin?.stored === id),
  );
}

const isNamedBy = async (store: Store, names: (tx: ReadTransaction) => boolean): Promise<boolean> =>
  (await partitionWhere(store, names)) !== undefined;

export const ownerOf = (store: Store, id: MachineId): Promise<Partition | undefined> =>
  partitionWhere(store, (tx) => instances.find(tx, id) !== undefined);
