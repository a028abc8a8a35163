/** Rows of RESOURCES: volumes, snapshots, images. */
import { fail } from '#services/ec2/errors.ts';
import { images } from '#services/ec2/images/state.ts';
import type { ResourceKind } from '#services/ec2/resources.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

export const STORAGE_RESOURCES = {
  vol: {
    type: 'volume',
    exists: (tx, id) => volumes.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchVolume', id),
  },
  snap: {
    type: 'snapshot',
    exists: (tx, id) => snapshots.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchSnapshot', id),
  },
  ami: {
    type: 'image',
    exists: (tx, id) => images.find(tx, id) !== undefined,
    absent: (id) => fail('NoSuchImage', id),
  },
} satisfies Record<string, ResourceKind>;
