/** Volumes in memory, for tests: of a block it is only known what was written to it last. They outlive the cloud that made them. */
import type {
  InUse,
  KeyChange,
  NewVolume,
  SnapshotId,
  SnapshotSize,
  VolumeId,
  VolumeKey,
  Volumes,
} from '#platform/compute/volume.ts';

/** Block -> what was written. */
export type Blocks = ReadonlyMap<number, string>;

const BLOCK_BYTES = 512 * 1024;

interface Stored {
  readonly sizeGiB: number;
  readonly key?: VolumeKey | undefined;
  readonly blocks: Blocks;
}

interface StoredVolume extends Stored {
  /** Since the last snapshot. */
  readonly changed: ReadonlySet<number>;
}

interface StoredSnapshot extends Stored {
  readonly size: SnapshotSize;
}

export type VolumeStep = keyof Omit<Volumes, 'list' | 'sizeOf' | 'dropUnused'>;

const bytes = (count: number): number => count * BLOCK_BYTES;

export class SimulatedVolumes implements Volumes {
  readonly volumes = new Map<VolumeId, StoredVolume>();
  readonly snapshots = new Map<SnapshotId, StoredSnapshot>();
  /** Called before each step; what it throws is what the step fails with. */
  before: (step: VolumeStep, id: string) => void | Promise<void> = () => {};

  async create({ id, sizeGiB, from, fromKey, key }: NewVolume): Promise<void> {
    await this.before('create', id);
    if (this.volumes.has(id)) return;
    const blocks = from === undefined ? new Map() : opened(this.#snapshot(from), fromKey).blocks;
    this.volumes.set(id, { sizeGiB, key, blocks, changed: new Set() });
  }

  async grow(id: VolumeId, sizeGiB: number, { key, onRunning }: InUse = {}): Promise<void> {
    await this.before('grow', id);
    const volume = opened(this.#volume(id), key);
    if (volume.sizeGiB > sizeGiB) throw new Error(`${id} does not become smaller`);
    await onRunning?.();
    this.volumes.set(id, { ...volume, sizeGiB });
  }

  async remove(id: VolumeId): Promise<void> {
    await this.before('remove', id);
    this.volumes.delete(id);
  }

  async snapshot(id: SnapshotId, of: VolumeId, { key, onRunning }: InUse = {}): Promise<SnapshotSize> {
    await this.before('snapshot', id);
    if (!this.snapshots.has(id)) {
      const volume = opened(this.#volume(of), key);
      await onRunning?.();
      const size = { storedBytes: bytes(volume.changed.size), fullBytes: bytes(volume.blocks.size) };
      this.snapshots.set(id, { sizeGiB: volume.sizeGiB, key: volume.key, blocks: volume.blocks, size });
      this.volumes.set(of, { ...volume, changed: new Set() });
    }
    return this.#snapshot(id).size;
  }

  async copySnapshot(id: SnapshotId, from: SnapshotId, { fromKey, key }: KeyChange = {}): Promise<SnapshotSize> {
    await this.before('copySnapshot', id);
    if (!this.snapshots.has(id)) this.snapshots.set(id, { ...opened(this.#snapshot(from), fromKey), key });
    return this.#snapshot(id).size;
  }

  async removeSnapshot(id: SnapshotId): Promise<void> {
    await this.before('removeSnapshot', id);
    this.snapshots.delete(id);
  }

  async sizeOf(id: SnapshotId): Promise<SnapshotSize> {
    return this.#snapshot(id).size;
  }

  async list() {
    return { volumes: [...this.volumes.keys()], snapshots: [...this.snapshots.keys()] };
  }

  async dropUnused(): Promise<void> {}

  /** An image that was built. */
  adopt(id: SnapshotId, sizeGiB: number, blocks: Blocks): void {
    const size = { storedBytes: bytes(blocks.size), fullBytes: bytes(blocks.size) };
    this.snapshots.set(id, { sizeGiB, blocks, size });
  }

  /** What a guest does. */
  write(id: VolumeId, block: number, text: string, key?: VolumeKey): void {
    const volume = opened(this.#volume(id), key);
    const blocks = new Map(volume.blocks).set(block, text);
    this.volumes.set(id, { ...volume, blocks, changed: new Set(volume.changed).add(block) });
  }

  read(id: VolumeId, block: number, key?: VolumeKey): string {
    return opened(this.#volume(id), key).blocks.get(block) ?? '';
  }

  #volume(id: VolumeId): StoredVolume {
    const volume = this.volumes.get(id);
    if (volume === undefined) throw new Error(`there is no volume ${id}`);
    return volume;
  }

  #snapshot(id: SnapshotId): StoredSnapshot {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined) throw new Error(`there is no snapshot ${id}`);
    return snapshot;
  }
}

/** What is encrypted is of no use without its key. */
function opened<S extends Stored>(stored: S, key: VolumeKey | undefined): S {
  const fits = stored.key === undefined || (key !== undefined && Buffer.compare(stored.key, key) === 0);
  if (!fits) throw new Error('what is encrypted needs its key');
  return stored;
}
