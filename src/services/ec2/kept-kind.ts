/** A kind of resource whose rows are kept by their ids: what nearly all of EC2's are. All are tagged by the same two operations. */
import type { ResourceType } from '#platform/model/generated/ec2.ts';
import type { Kind } from '#platform/service.ts';
import { resourceArn, resourceId } from '#services/ec2/resources.ts';
import type { Rows } from '#services/ec2/rows.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';

export const tagging: NonNullable<Kind['tagging']> = {
  tag: { operation: 'CreateTags', input: (arn, tags) => ({ Resources: [resourceId(arn)], Tags: shownTags(tags) }) },
  untag: {
    operation: 'DeleteTags',
    input: (arn, keys) => ({ Resources: [resourceId(arn)], Tags: keys.map((Key) => ({ Key })) }),
  },
};

/** `removal` is the operation, and the member of its input that is the id. */
export const keptKind = (
  type: ResourceType,
  rows: Rows<unknown>,
  removal: readonly [operation: string, member: string],
  more: Pick<Kind, 'cloudFormationType' | 'holdsData' | 'linkedRole' | 'release' | 'removeAfter'>,
): Kind => ({
  name: type,
  list: (tx, after, limit) =>
    rows.ids(tx, after && resourceId(after), limit).map((id) => resourceArn(tx.partition.name, type, id)),
  exists: (tx, arn) => rows.find(tx, resourceId(arn)) !== undefined,
  tagging,
  remove: { operation: removal[0], input: (arn) => ({ [removal[1]]: resourceId(arn) }) },
  ...more,
});
