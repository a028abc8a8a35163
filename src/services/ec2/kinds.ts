/** EC2's kinds of resources. All are tagged by the same two operations. */
import type { Kind } from '#platform/service.ts';
import { findKeyPairById, keyPairsById } from '#services/ec2/key-pairs/state.ts';
import { resourceArn, resourceId } from '#services/ec2/resources.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';

const tagging: NonNullable<Kind['tagging']> = {
  tag: { operation: 'CreateTags', input: (arn, tags) => ({ Resources: [resourceId(arn)], Tags: shownTags(tags) }) },
  untag: {
    operation: 'DeleteTags',
    input: (arn, keys) => ({ Resources: [resourceId(arn)], Tags: keys.map((Key) => ({ Key })) }),
  },
};

export const kinds = {
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
