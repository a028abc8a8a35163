/** EC2's kinds of resources. */
import type { Kind } from '#platform/service.ts';
import { instanceKinds } from '#services/ec2/instance-kinds.ts';
import { tagging } from '#services/ec2/kept-kind.ts';
import { findKeyPairById, keyPairsById } from '#services/ec2/key-pairs/state.ts';
import { networkKinds } from '#services/ec2/network-kinds.ts';
import { resourceArn, resourceId } from '#services/ec2/resources.ts';
import { storageKinds } from '#services/ec2/storage-kinds.ts';

export const kinds = {
  ...instanceKinds,
  ...networkKinds,
  ...storageKinds,
  'key-pair': {
    name: 'key-pair',
    cloudFormationType: 'AWS::EC2::KeyPair',
    list: (tx, after, limit) =>
      keyPairsById(tx, after && resourceId(after), limit).map((id) => resourceArn(tx.partition.name, 'key-pair', id)),
    exists: (tx, arn) => findKeyPairById(tx, resourceId(arn)) !== undefined,
    tagging,
    remove: { operation: 'DeleteKeyPair', input: (arn) => ({ KeyPairId: resourceId(arn) }) },
    holdsData: false,
  },
} satisfies Record<string, Kind>;
