/** A kind of resource whose rows are kept by their id, for the platform: tagged and listed as all of EC2's are. */
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

interface About extends Pick<Kind, 'cloudFormationType' | 'removeAfter' | 'holdsData'> {
  readonly type: ResourceType;
  /** The operation that deletes one, and the member that names it. */
  readonly remove: readonly [operation: string, input: (id: string) => Readonly<Record<string, unknown>>];
}

export const kindOfRows = (rows: Rows<{ readonly id: string }>, { type, remove, ...about }: About): Kind => ({
  name: type,
  ...about,
  list: (tx, after, limit) =>
    rows.ids(tx, after && resourceId(after), limit).map((id) => resourceArn(tx.partition.name, type, id)),
  exists: (tx, arn) => rows.find(tx, resourceId(arn)) !== undefined,
  tagging,
  remove: { operation: remove[0], input: (arn) => remove[1](resourceId(arn)) },
});
