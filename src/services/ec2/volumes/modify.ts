/**
 * ModifyVolume: size, type, IOPS and throughput of a volume, whether it is attached or not (EBS User Guide, "Modify a volume using Elastic
 * Volumes"). The storage's reconciler makes it so; then the row says what was asked for.
 */
import { days } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { findVolume } from '#services/ec2/volumes/crud.ts';
import { type VolumeModification, type VolumeRow, type VolumeShape, volumes } from '#services/ec2/volumes/state.ts';
import { sellsIops, sellsThroughput, shapeOf } from '#services/ec2/volumes/types.ts';
import { isoTime, shownModification } from '#services/ec2/volumes/view.ts';

/** "You can modify a volume up to four times within a rolling 24-hour period" */
const MOST_A_DAY = 4;
const DEFAULT_IOPS = 3000;

export function modifyVolume(input: Model.ModifyVolumeRequest, call: Call): Model.ModifyVolumeResult {
  const row = findVolume(call.tx, input.VolumeId);
  if (row.state !== 'available' && row.state !== 'in-use') fail('WrongVolumeState', row.id, row.state);
  if (input.MultiAttachEnabled === true) fail('NotSupported', 'Volumes are attached to one instance at a time here.');
  const from = shapeNow(row);
  const to = wanted(input, from);
  if (to.sizeGiB < from.sizeGiB) fail('CannotShrink');
  if (isSame(from, to)) fail('NothingToModify', row.id);
  const recent = (row.modifiedAt ?? []).filter((at) => at > call.now - days(1));
  checkRate(row, recent);
  const modification: VolumeModification = { state: 'modifying', from, to, startedAt: call.now };
  volumes.put(call.tx, { ...row, modification, modifiedAt: [...recent, call.now] });
  return { VolumeModification: shownModification(row.id, modification) };
}

const shapeNow = ({ type, sizeGiB, iops, throughputMiB }: VolumeRow): VolumeShape => ({
  type,
  sizeGiB,
  iops,
  ...(throughputMiB !== undefined && { throughputMiB }),
});

/** "The existing value is retained if you keep the same volume type. If you change the volume type to io1, io2, or gp3, the default is 3,000." */
function wanted(input: Model.ModifyVolumeRequest, from: VolumeShape): VolumeShape {
  const type = input.VolumeType ?? from.type;
  const keeps = type === from.type;
  const iops = input.Iops ?? (sellsIops(type) ? (keeps ? from.iops : DEFAULT_IOPS) : undefined);
  const throughputMiB = input.Throughput ?? (keeps && sellsThroughput(type) ? from.throughputMiB : undefined);
  return shapeOf({ type, sizeGiB: input.Size ?? from.sizeGiB, iops, throughputMiB });
}

const isSame = (a: VolumeShape, b: VolumeShape): boolean =>
  a.type === b.type && a.sizeGiB === b.sizeGiB && a.iops === b.iops && a.throughputMiB === b.throughputMiB;

function checkRate({ id, modification }: VolumeRow, recent: readonly number[]): void {
  if (modification?.state === 'modifying') fail('StillModifying', id);
  const [oldest] = recent;
  if (recent.length >= MOST_A_DAY && oldest !== undefined) {
    fail('ModifiedTooOften', id, isoTime(oldest + days(1)));
  }
}

type Modified = VolumeRow & { readonly modification: VolumeModification };
const isModified = (row: VolumeRow): row is Modified => row.modification !== undefined;

const FIELDS: Fields<Modified> = {
  'modification-state': ({ modification }) => modification.state,
  'original-iops': ({ modification }) => String(modification.from.iops),
  'original-size': ({ modification }) => String(modification.from.sizeGiB),
  'original-volume-type': ({ modification }) => modification.from.type,
  originalMultiAttachEnabled: () => 'false',
  'start-time': ({ modification }) => isoTime(modification.startedAt),
  'target-iops': ({ modification }) => String(modification.to.iops),
  'target-size': ({ modification }) => String(modification.to.sizeGiB),
  'target-volume-type': ({ modification }) => modification.to.type,
  targetMultiAttachEnabled: () => 'false',
  'volume-id': ({ id }) => id,
};

export const describeVolumesModifications =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeVolumesModificationsRequest, call: Call): Model.DescribeVolumesModificationsResult => {
    const { tx } = call;
    const { VolumeIds: ids = [], Filters: filters } = input;
    const passes = compileFilters(filters, FIELDS, ({ id }) => tagsOf(tx, resourceArn(call, 'volume', id)));
    const named = ids.map((id) => {
      const row = findVolume(tx, id);
      return isModified(row) ? row : fail('NoModification', id);
    });
    const rows = ids.length > 0 ? named.sort((a, b) => (a.id < b.id ? -1 : 1)) : volumes.all(tx).filter(isModified);
    const { items, more } = pageOf(pages, call, input, [ids, filters], function* (position) {
      for (const item of rows) {
        if ((position === undefined || item.id > position) && passes(item)) yield { item, position: item.id };
      }
    });
    return { VolumesModifications: items.map(({ id, modification }) => shownModification(id, modification)), ...more };
  };
