/** CreateVolume, DescribeVolumes, DeleteVolume, and what is known of a volume's health. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { setTags } from '#platform/tags.ts';
import { type Described, describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { zonesOf } from '#services/ec2/regions/zones.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { tagsFor } from '#services/ec2/tags/tag-specifications.ts';
import { type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { shownAttachments, shownVolume, volumeFields } from '#services/ec2/volumes/view.ts';
import { makeVolume, deleteVolume as removeVolume } from '#services/ec2/volumes/volumes.ts';

export const findVolume = (tx: ReadTransaction, id: string): VolumeRow =>
  volumes.find(tx, id) ?? fail('NoSuchVolume', id);

export const createVolume =
  (parts: Ec2Parts) =>
  (input: Model.CreateVolumeRequest, call: Call): Model.Volume => {
    const tags = tagsFor('volume', input);
    if (input.KmsKeyId !== undefined && input.Encrypted !== true) fail('KeyWithoutEncryption');
    if (input.OutpostArn !== undefined) fail('NotSupported', 'There are no Outposts here.');
    if (input.MultiAttachEnabled === true) {
      if (input.VolumeType !== 'io1' && input.VolumeType !== 'io2') {
        fail('ShapeCombination', `MultiAttachEnabled is not supported for ${input.VolumeType ?? 'gp2'} volumes.`);
      }
      fail('NotSupported', 'Volumes are attached to one instance at a time here.');
    }
    const row = makeVolume(parts, call.tx, call, {
      shape: {
        type: input.VolumeType ?? 'gp2',
        sizeGiB: input.Size,
        iops: input.Iops,
        throughputMiB: input.Throughput,
      },
      zone: zoneOf(input, call),
      snapshot: input.SnapshotId || undefined,
      isEncrypted: input.Encrypted,
      keyId: input.KmsKeyId,
    });
    setTags(call.tx, resourceArn(call, 'volume', row.id), tags);
    return shownVolume(call, { ...row, tags });
  };

function zoneOf({ AvailabilityZone: name, AvailabilityZoneId: id }: Model.CreateVolumeRequest, { region }: Call) {
  if (name !== undefined && id !== undefined) {
    fail('InvalidCombination', 'Specify AvailabilityZone or AvailabilityZoneId, not both.');
  }
  const named = name ?? id ?? fail('MissingParameter', 'AvailabilityZone');
  return zonesOf(region).find((zone) => zone.name === name || zone.id === id)?.name ?? fail('InvalidZone', named);
}

/** "The volume must be in the available state (not attached to an instance)." */
export function deleteVolume({ VolumeId: id }: Model.DeleteVolumeRequest, { tx }: Call): void {
  const row = findVolume(tx, id);
  if (row.attachment !== undefined) fail('VolumeInUse', id, row.attachment.instance);
  if (row.state === 'creating') fail('WrongVolumeState', id, row.state);
  if (row.state !== 'deleting') removeVolume(tx, row);
}

const described = (region: Call['region']): Described<VolumeRow> => ({
  rows: volumes,
  type: 'volume',
  fields: volumeFields(region),
  absent: (id) => fail('NoSuchVolume', id),
});

export const describeVolumes =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeVolumesRequest, call: Call): Model.DescribeVolumesResult => {
    const { items, more } = describe(pages, call, described(call.region), input, input.VolumeIds);
    return {
      Volumes: items.map((row) => ({ ...shownVolume(call, row), Attachments: shownAttachments(row) })),
      ...more,
    };
  };

const STATUS_FIELDS: Fields<Tagged<VolumeRow>> = {
  'action.code': () => undefined,
  'action.description': () => undefined,
  'action.event-id': () => undefined,
  'attachment-status.instance-id': ({ attachment }) => attachment?.instance,
  'attachment-status.io-performance': () => undefined,
  'availability-zone': ({ zone }) => zone,
  'event.description': () => undefined,
  'event.event-id': () => undefined,
  'event.event-type': () => undefined,
  'event.not-after': () => undefined,
  'event.not-before': () => undefined,
  'volume-status.details-name': () => ['io-enabled', 'io-performance'],
  'volume-status.details-status': (row) => (isKnown(row) ? ['passed', 'not-applicable'] : 'insufficient-data'),
  'volume-status.status': (row) => statusOf(row),
};

const isKnown = ({ state }: VolumeRow): boolean => state === 'available' || state === 'in-use';
const statusOf = (row: VolumeRow) => (isKnown(row) ? 'ok' : 'insufficient-data');

/** I/O is never switched off here: a write that fails is the guest's to see, at once. */
export const describeVolumeStatus =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeVolumeStatusRequest, call: Call): Model.DescribeVolumeStatusResult => {
    const noun = { ...described(call.region), fields: STATUS_FIELDS };
    const { items, more } = describe(pages, call, noun, input, input.VolumeIds);
    return { VolumeStatuses: items.map((row) => shownStatus(call, row)), ...more };
  };

const shownStatus = (call: Call, row: VolumeRow): Model.VolumeStatusItem => ({
  VolumeId: row.id,
  AvailabilityZone: row.zone,
  ...(zonesOf(call.region).flatMap(({ name, id }) => (name === row.zone ? { AvailabilityZoneId: id } : []))[0] ?? {}),
  VolumeStatus: {
    Status: statusOf(row),
    Details: isKnown(row)
      ? [
          { Name: 'io-enabled', Status: 'passed' },
          { Name: 'io-performance', Status: 'not-applicable' },
        ]
      : [],
  },
  Events: [],
  Actions: [],
});

export function describeVolumeAttribute(
  { VolumeId: id, Attribute: attribute }: Model.DescribeVolumeAttributeRequest,
  { tx }: Call,
): Model.DescribeVolumeAttributeResult {
  const row = findVolume(tx, id);
  if (attribute === 'productCodes') return { VolumeId: id, ProductCodes: [] };
  return { VolumeId: id, AutoEnableIO: { Value: row.enablesIo === true } };
}

export function modifyVolumeAttribute(input: Model.ModifyVolumeAttributeRequest, { tx }: Call): void {
  const { enablesIo: _, ...row } = findVolume(tx, input.VolumeId);
  const wish = input.AutoEnableIO?.Value ?? fail('MissingParameter', 'AutoEnableIO');
  volumes.put(tx, { ...row, ...(wish && { enablesIo: true }) });
}

/** There is nothing to switch on: it never was off. */
export function enableVolumeIo({ VolumeId: id }: Model.EnableVolumeIORequest, { tx }: Call): void {
  const { state } = findVolume(tx, id);
  if (state !== 'available' && state !== 'in-use') fail('WrongVolumeState', id, state);
}
