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

/** Of what is encrypted: the key that it has, and the one that it gets. Another one, or none: all is copied once. */
export interface KeyChange {
  readonly fromKey?: VolumeKey | undefined;
  readonly key?: VolumeKey | undefined;
}

export interface NewVolume extends KeyChange {
  readonly id: VolumeId;
  readonly sizeGiB: number;
  /** `fromKey` is its key. All that the volume holds is encrypted under `key` (LUKS), if there is one. */
  readonly from?: SnapshotId | undefined;
}

/** How a volume is at present: its key, if it has one, and what to ask of the machine that has it open. */
export interface InUse {
  readonly key?: VolumeKey;
  /** A machine has it open: nothing else may touch the top layer, and the change counts when this resolves. */
  readonly onRunning?: () => Promise<void>;
}

export interface SnapshotSize {
  /** What it holds beyond the one below. */
  readonly storedBytes: number;
  /** With all below. */
  readonly fullBytes: number;
}

export interface Volumes {
  create(volume: NewVolume): Promise<void>;
  grow(id: VolumeId, sizeGiB: number, use?: InUse): Promise<void>;
  remove(id: VolumeId): Promise<void>;
  snapshot(id: SnapshotId, of: VolumeId, use?: InUse): Promise<SnapshotSize>;
  copySnapshot(id: SnapshotId, from: SnapshotId, keys?: KeyChange): Promise<SnapshotSize>;
  removeSnapshot(id: SnapshotId): Promise<void>;
  sizeOf(id: SnapshotId): Promise<SnapshotSize>;
  /** All that lies here, for whoever looks for what nobody owns any more. */
  list(): Promise<{ readonly volumes: readonly VolumeId[]; readonly snapshots: readonly SnapshotId[] }>;
  /** Bytes go that no volume and no snapshot has: what a fault left. */
  dropUnused(): Promise<void>;
}

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
  /** What was built and is kept. */
  kept(): Promise<readonly SnapshotId[]>;
  /** Its kernel; its bytes are a snapshot like others. */
  remove(id: SnapshotId): Promise<void>;
  /** Files of an image with a kernel of its own. */
  kernelOf(id: SnapshotId): { readonly kernel: string; readonly initrd: string } | undefined;
  /** How long the last build took, if there was one. */
  readonly lastBuild: Milliseconds | undefined;
}
