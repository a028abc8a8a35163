/** CreateSnapshot, CreateSnapshots, CopySnapshot, DeleteSnapshot. */
import type { Region } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { type ImageRow, images } from '#services/ec2/images/state.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { type SnapshotRow, snapshots } from '#services/ec2/snapshots/state.ts';
import { type UsableSnapshot, usableSnapshot } from '#services/ec2/snapshots/usable.ts';
import { type SeenSnapshot, shownInfo, shownSnapshot } from '#services/ec2/snapshots/view.ts';
import { type EncryptionWish, encryptionOf } from '#services/ec2/storage/data-keys.ts';
import { meteredSnapshot } from '#services/ec2/storage/metering.ts';
import { forgotten } from '#services/ec2/storage/state.ts';
import { tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { findVolume } from '#services/ec2/volumes/crud.ts';
import type { VolumeRow } from '#services/ec2/volumes/state.ts';
import { originOf } from '#services/ec2/volumes/volumes.ts';

/** "Pending snapshots per volume": of SSD types; 1 of hard disks. */
const MOST_PENDING = 5;
const MOST_PENDING_HDD = 1;

export const findSnapshot = (tx: ReadTransaction, id: string): SnapshotRow =>
  snapshots.find(tx, id) ?? fail('NoSuchSnapshot', id);

export function createSnapshot(input: Model.CreateSnapshotRequest, call: Call): Model.Snapshot {
  const tags = tagsFor('snapshot', input);
  if (input.OutpostArn !== undefined) fail('NotSupported', 'There are no Outposts here.');
  const volume = findVolume(call.tx, input.VolumeId);
  return shownSnapshot(takeSnapshot(call.tx, call, volume, { description: input.Description ?? '', tags }));
}

interface Taking {
  readonly description: string;
  readonly tags: Tags;
  /** An instance that reboots first. */
  readonly after?: string | undefined;
}

/** A snapshot of how the volume is now: what is written later is not in it. */
export function takeSnapshot(
  tx: Transaction,
  call: Call,
  volume: VolumeRow,
  { description, tags, after }: Taking,
): SeenSnapshot {
  if (volume.state !== 'available' && volume.state !== 'in-use') fail('WrongVolumeState', volume.id, volume.state);
  checkPending(tx, volume);
  const { kmsKey, dataKey, dataKeyFor } = volume;
  const key = kmsKey !== undefined &&
    dataKey !== undefined &&
    dataKeyFor !== undefined && { kmsKey, dataKey, dataKeyFor };
  const row: SnapshotRow = {
    id: newId('snap'),
    volume: volume.id,
    sizeGiB: volume.sizeGiB,
    description,
    state: 'pending',
    progressPercent: 0,
    ...key,
    ...(after !== undefined && { after }),
    sharedWith: [],
    startedAt: call.now,
  };
  return keep(tx, call, row, tags);
}

function keep(tx: Transaction, call: Call, row: SnapshotRow, tags: Tags): SeenSnapshot {
  snapshots.put(tx, row);
  setTags(tx, resourceArn(call, 'snapshot', row.id), tags);
  return { ...row, owner: call.account, tags };
}

function checkPending(tx: ReadTransaction, { id, type }: VolumeRow): void {
  const pending = snapshots.all(tx).filter(({ volume, state }) => volume === id && state === 'pending').length;
  if (pending >= (type === 'st1' || type === 'sc1' ? MOST_PENDING_HDD : MOST_PENDING)) fail('SnapshotLimit');
}

export function createSnapshots(input: Model.CreateSnapshotsRequest, call: Call): Model.CreateSnapshotsResult {
  const { tx } = call;
  const given = tagsFor('snapshot', input);
  if (input.OutpostArn !== undefined) fail('NotSupported', 'There are no Outposts here.');
  const {
    InstanceId: id,
    ExcludeBootVolume: excludesBoot = false,
    ExcludeDataVolumeIds: excluded = [],
  } = input.InstanceSpecification;
  const instance = findInstance(tx, id);
  const data = instance.devices.filter(({ device }) => device !== instance.rootDevice).map(({ volume }) => volume);
  const strange = excluded.find((volume) => !data.includes(volume));
  if (strange !== undefined) fail('NoSuchVolume', strange);
  const chosen = instance.devices.filter(
    ({ device, volume }) => !(excludesBoot && device === instance.rootDevice) && !excluded.includes(volume),
  );
  const taken = chosen.map(({ volume: name }) => {
    const volume = findVolume(tx, name);
    const own = input.CopyTagsFromSource === 'volume' ? tagsOf(tx, resourceArn(call, 'volume', name)) : {};
    return takeSnapshot(tx, call, volume, {
      description: input.Description ?? '',
      tags: { ...userTags(own), ...given },
    });
  });
  return { Snapshots: taken.map(shownInfo) };
}

const userTags = (tags: Tags): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:')));

/** In the region that is asked, of a snapshot of this or another one. */
export const copySnapshot =
  (parts: Ec2Parts) =>
  (input: Model.CopySnapshotRequest, call: Call): Model.CopySnapshotResult => {
    const tags = tagsFor('snapshot', input);
    if (input.DestinationOutpostArn !== undefined) fail('NotSupported', 'There are no Outposts here.');
    if (input.KmsKeyId !== undefined && input.Encrypted === false) fail('KeyWithoutEncryption');
    const id = input.SourceSnapshotId;
    const region = regionOf(parts, input.SourceRegion);
    const source = sourceOfCopy(parts, call, region, id);
    if (source.state !== 'completed') fail('SnapshotNotCompleted', source.state);
    const row = copySource(parts, call, source, {
      region,
      wish: { isEncrypted: input.Encrypted ?? input.KmsKeyId !== undefined, keyId: input.KmsKeyId },
      description: input.Description ?? `[Copied ${id} from ${input.SourceRegion}]`,
      tags,
    });
    return { SnapshotId: row.id, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  };

/** One that the account may make volumes of, wherever it is. */
export const sourceOfCopy = (parts: Ec2Parts, { account }: Call, region: Region, id: string): UsableSnapshot =>
  parts.store.partition({ service: 'ec2', account, region }).read((other) => usableSnapshot(parts, other, id)) ??
  fail('NoSuchSnapshot', id);

interface Copying {
  /** Where the source is. */
  readonly region: Region;
  readonly wish: EncryptionWish;
  readonly description: string;
  readonly tags: Tags;
}

export function copySource(
  parts: Ec2Parts,
  call: Call,
  source: UsableSnapshot,
  { region, wish, description, tags }: Copying,
): SnapshotRow {
  // A key is of its region.
  const isOwn = source.owner === call.account && region === call.region;
  const encryption = encryptionOf(parts, call.tx, call, 'snapshot', wish, { ...source, isOwn });
  const row: SnapshotRow = {
    id: encryption?.id ?? newId('snap'),
    // "Snapshots copies have an arbitrary source volume ID."
    volume: 'vol-ffffffff',
    sizeGiB: source.sizeGiB,
    description,
    state: 'pending',
    progressPercent: 0,
    ...encryption?.key,
    origin: originOf(source),
    sharedWith: [],
    startedAt: call.now,
  };
  keep(call.tx, call, row, tags);
  return row;
}

export function regionOf({ regions }: Ec2Parts, name: string): Region {
  // One of this cloud's.
  return regions.includes(name) ? (name as Region) : fail('InvalidRegion', name);
}

export function deleteSnapshot({ SnapshotId: id }: Model.DeleteSnapshotRequest, call: Call): void {
  const row = findSnapshot(call.tx, id);
  const user = images.all(call.tx).find((image) => usesSnapshot(image, id));
  if (user !== undefined) fail('SnapshotInUse', id, user.id);
  dropSnapshot(call.tx, call, row);
}

export const usesSnapshot = ({ devices }: ImageRow, id: string): boolean =>
  devices.some(({ snapshot }) => snapshot === id);

/** The row goes at once, the bytes when the host has let go of them. */
export function dropSnapshot(tx: Transaction, call: Call, row: SnapshotRow): void {
  meteredSnapshot(tx, row, call.now);
  snapshots.drop(tx, row.id);
  deleteTags(tx, resourceArn(call, 'snapshot', row.id));
  forgotten.put(tx, { id: row.id });
}
