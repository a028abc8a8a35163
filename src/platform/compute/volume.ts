/**
 * The bytes of volumes, snapshots and images on this host: qcow2 files, each a layer over the one below. A snapshot is taken by putting a new layer
 * upon a volume: what was on top until then is the snapshot, at once and without a copy; it holds what changed since the one below, so
 * snapshots are incremental by themselves. A volume made of a snapshot is a new layer over it. A layer that others stand on is never
 * written again, and lies there until none does.
 *
 * Operations are idempotent, durable when they resolve, and leave nothing half made; ids are EC2's own.
 */
import type { Milliseconds } from '#platform/base/clock.ts';

/** `vol-…` */
export type VolumeId = string;
/** `snap-…`, and of an image that is built here, its `ami-…`. */
export type SnapshotId = string;

/** A data key of KMS's, in the clear, held by nobody for longer than its use. */
export type VolumeKey = Uint8Array;

export interface NewVolume {
  readonly id: VolumeId;
  readonly sizeGiB: number;
  readonly from?: SnapshotId;
  /** Of the snapshot: where it is another one than `key`, or there is none, all is copied and encrypted anew. */
  readonly fromKey?: VolumeKey;
  /** All that the volume holds is encrypted under it (LUKS). */
  readonly key?: VolumeKey;
}

export interface SnapshotSize {
  /** What it holds beyond the one below. */
  readonly storedBytes: number;
  /** With all below. */
  readonly fullBytes: number;
}

export interface Volumes {
  create(volume: NewVolume): Promise<void>;
  grow(id: VolumeId, sizeGiB: number): Promise<void>;
  remove(id: VolumeId): Promise<void>;
  /** `onRunning` is asked to write to the new layer before this one counts as a snapshot. */
  snapshot(id: SnapshotId, of: VolumeId, onRunning?: () => Promise<void>): Promise<SnapshotSize>;
  copySnapshot(id: SnapshotId, from: SnapshotId): Promise<SnapshotSize>;
  removeSnapshot(id: SnapshotId): Promise<void>;
  /** Blocks of 512 KiB that differ, for EBS's direct APIs and for tests. */
  sizeOf(id: SnapshotId): Promise<SnapshotSize>;
  /** All that lies here, for whoever looks for what nobody owns any more. */
  list(): Promise<{ readonly volumes: readonly VolumeId[]; readonly snapshots: readonly SnapshotId[] }>;
}

/** A file of a volume, as a machine opens it. */
export interface Layer {
  /** Its name in the folder of all layers. */
  readonly file: string;
  readonly isEncrypted: boolean;
}

/** What a machine's driver needs to know of a volume: its layers from the lowest to the one that is written. */
export type LayersOf = (id: VolumeId) => Promise<readonly Layer[]>;

/** An operating system that an image can be built of here: when it is first asked for, and kept. */
export interface BuiltImage {
  /** `makonis-micro`, `debian-12`: becomes a part of the AMI's name. */
  readonly name: string;
  /** Of the recipe and what goes into it: another version is another AMI. */
  readonly version: string;
  readonly user: string;
  readonly sizeGiB: number;
  /** What the firmware starts; of an image with a kernel of its own, what that one is told. */
  readonly boot: { readonly kind: 'disk' } | { readonly kind: 'kernel'; readonly commandLine: string };
  readonly description: string;
}

export interface ImageBuilder {
  readonly images: readonly BuiltImage[];
  /** Builds it as the snapshot `id` unless it is there; `onProgress` gets 0 to 100. Builds of one image happen once. */
  build(image: BuiltImage, id: SnapshotId, onProgress: (percent: number) => void): Promise<void>;
  /** Files of an image with a kernel of its own. */
  kernelOf(id: SnapshotId): { readonly kernel: string; readonly initrd: string } | undefined;
  /** How long the last build took, if there was one. */
  readonly lastBuild: Milliseconds | undefined;
}
