/** Kinds of volumes, snapshots and images. */
import type { Kind } from '#platform/service.ts';
import { images } from '#services/ec2/images/state.ts';
import { keptKind } from '#services/ec2/kept-kind.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

export const storageKinds = {
  volume: keptKind('volume', volumes, ['DeleteVolume', 'VolumeId'], {
    cloudFormationType: 'AWS::EC2::Volume',
    // Those of instances go with them.
    removeAfter: ['instance'],
    holdsData: true,
  }),
  snapshot: keptKind('snapshot', snapshots, ['DeleteSnapshot', 'SnapshotId'], {
    removeAfter: ['image'],
    holdsData: true,
  }),
  image: keptKind('image', images, ['DeregisterImage', 'ImageId'], { holdsData: false }),
} satisfies Record<string, Kind>;
