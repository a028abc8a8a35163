/** Kinds of volumes, snapshots and images. */
import type { Kind } from '#platform/service.ts';
import { images } from '#services/ec2/images/state.ts';
import { kindOfRows } from '#services/ec2/kind-of-rows.ts';
import type { Rows } from '#services/ec2/rows.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

/** What a kind needs of them. */
type AnyRows = Rows<{ readonly id: string }>;

export const storageKinds = {
  volume: kindOfRows(volumes as AnyRows, {
    type: 'volume',
    cloudFormationType: 'AWS::EC2::Volume',
    // Those of instances go with them.
    removeAfter: ['instance'],
    remove: ['DeleteVolume', (id) => ({ VolumeId: id })],
    holdsData: true,
  }),
  snapshot: kindOfRows(snapshots as AnyRows, {
    type: 'snapshot',
    removeAfter: ['image'],
    remove: ['DeleteSnapshot', (id) => ({ SnapshotId: id })],
    holdsData: true,
  }),
  image: kindOfRows(images as AnyRows, {
    type: 'image',
    remove: ['DeregisterImage', (id) => ({ ImageId: id })],
    holdsData: false,
  }),
} satisfies Record<string, Kind>;
