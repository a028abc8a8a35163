/** Volumes as clients see them. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { CallScope } from '#platform/service.ts';
import type { Tagged } from '#services/ec2/describe.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';
import type { VolumeModification, VolumeRow } from '#services/ec2/volumes/state.ts';

type Place = Pick<CallScope, 'account' | 'region'>;

const MULTI_ATTACH = { MultiAttachEnabled: false } as const;

/** Without its attachment, as CreateVolume answers. */
export function shownVolume(place: Place, row: Tagged<VolumeRow>): Model.Volume {
  const { id, zone, type, iops, throughputMiB, snapshot, kmsKey } = row;
  const zoneId = zonesOf(place.region).find(({ name }) => name === zone)?.id;
  return {
    VolumeId: id,
    VolumeArn: resourceArn(place, 'volume', id),
    OwnerId: place.account,
    Size: row.sizeGiB,
    VolumeType: type,
    // Hard disks and magnetic ones have none to show.
    ...(!['st1', 'sc1', 'standard'].includes(type) && { Iops: iops }),
    ...(throughputMiB !== undefined && { Throughput: throughputMiB }),
    SnapshotId: snapshot ?? '',
    AvailabilityZone: zone,
    ...(zoneId !== undefined && { AvailabilityZoneId: zoneId }),
    State: row.state,
    CreateTime: row.createdAt,
    Encrypted: kmsKey !== undefined,
    ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
    ...MULTI_ATTACH,
    Tags: shownTags(row.tags),
  };
}

export const shownAttachments = (row: VolumeRow): Model.VolumeAttachment[] =>
  row.attachment === undefined ? [] : [shownAttachment(row, row.attachment)];

export const shownAttachment = (
  { id }: VolumeRow,
  { instance, device, status, deletesOnTermination, attachedAt }: NonNullable<VolumeRow['attachment']>,
): Model.VolumeAttachment => ({
  VolumeId: id,
  InstanceId: instance,
  Device: device,
  State: status,
  AttachTime: attachedAt,
  DeleteOnTermination: deletesOnTermination,
});

export const isoTime = (time: number): string => new Date(time).toISOString();

const ofAttachment =
  (value: (attachment: NonNullable<VolumeRow['attachment']>) => string) =>
  ({ attachment }: VolumeRow): string | undefined =>
    attachment && value(attachment);

export const volumeFields = (region: CallScope['region']): Fields<Tagged<VolumeRow>> => ({
  'attachment.attach-time': ofAttachment(({ attachedAt }) => isoTime(attachedAt)),
  'attachment.delete-on-termination': ofAttachment(({ deletesOnTermination }) => String(deletesOnTermination)),
  'attachment.device': ofAttachment(({ device }) => device),
  'attachment.instance-id': ofAttachment(({ instance }) => instance),
  'attachment.status': ofAttachment(({ status }) => status),
  'availability-zone': ({ zone }) => zone,
  'availability-zone-id': ({ zone }) => zonesOf(region).find(({ name }) => name === zone)?.id,
  'create-time': ({ createdAt }) => isoTime(createdAt),
  encrypted: ({ kmsKey }) => String(kmsKey !== undefined),
  'fast-restored': () => 'false',
  'multi-attach-enabled': () => 'false',
  'operator.managed': () => 'false',
  'operator.principal': () => undefined,
  size: ({ sizeGiB }) => String(sizeGiB),
  'snapshot-id': ({ snapshot }) => snapshot,
  status: ({ state }) => state,
  'volume-id': ({ id }) => id,
  'volume-type': ({ type }) => type,
});

export const shownModification = (
  id: string,
  { state, from, to, startedAt, endedAt, message }: VolumeModification,
): Model.VolumeModification => ({
  VolumeId: id,
  ModificationState: state,
  ...(message !== undefined && { StatusMessage: message }),
  OriginalSize: from.sizeGiB,
  OriginalVolumeType: from.type,
  OriginalIops: from.iops,
  ...(from.throughputMiB !== undefined && { OriginalThroughput: from.throughputMiB }),
  OriginalMultiAttachEnabled: false,
  TargetSize: to.sizeGiB,
  TargetVolumeType: to.type,
  TargetIops: to.iops,
  ...(to.throughputMiB !== undefined && { TargetThroughput: to.throughputMiB }),
  TargetMultiAttachEnabled: false,
  Progress: state === 'completed' ? 100 : 0,
  StartTime: startedAt,
  ...(endedAt !== undefined && { EndTime: endedAt }),
});
