/** How the API shows a prefix list. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { Tagged } from '#services/ec2/describe.ts';
import { isAwsList } from '#services/ec2/prefix-lists/aws-lists.ts';
import type { PrefixListRow } from '#services/ec2/prefix-lists/state.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { shownTags } from '#services/ec2/tags/tag-specifications.ts';

/** Whose the lists are that AWS manages. */
const AWS = 'AWS';

export const ownerOf = ({ id }: Pick<PrefixListRow, 'id'>, account: string): string => (isAwsList(id) ? AWS : account);

export const shownList = (
  row: Tagged<PrefixListRow>,
  call: Pick<Call, 'account' | 'region'>,
  state: Model.PrefixListState = row.state,
): Model.ManagedPrefixList => ({
  PrefixListId: row.id,
  AddressFamily: row.addressFamily,
  State: state,
  ...(row.problem !== undefined && state === row.state && { StateMessage: row.problem }),
  PrefixListArn: isAwsList(row.id)
    ? `arn:aws:ec2:${call.region}:aws:prefix-list/${row.id}`
    : resourceArn(call, 'prefix-list', row.id),
  PrefixListName: row.name,
  // AWS says neither of its own lists.
  ...(!isAwsList(row.id) && { MaxEntries: row.maxEntries, Version: row.version }),
  Tags: shownTags(row.tags),
  OwnerId: ownerOf(row, call.account),
});
