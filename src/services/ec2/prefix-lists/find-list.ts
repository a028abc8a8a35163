/** Prefix lists by their ids: the account's, and AWS's own. */
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { awsList } from '#services/ec2/prefix-lists/aws-lists.ts';
import { type PrefixListRow, prefixLists } from '#services/ec2/prefix-lists/state.ts';

/** Throws InvalidPrefixListID.NotFound. */
export const findPrefixList = (tx: ReadTransaction, region: string, id: string): PrefixListRow =>
  prefixLists.find(tx, id) ?? awsList(region, id) ?? fail('NoSuchPrefixList', id);
