/** Operations of prefix lists: for each its handler, and what the permission for it is about. */
import type * as Model from '#platform/model/generated/ec2.ts';
import { everywhere, making, modifying, on } from '#services/ec2/network-permissions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import {
  describeManagedPrefixLists,
  describePrefixLists,
  getManagedPrefixListAssociations,
  getManagedPrefixListEntries,
} from '#services/ec2/prefix-lists/describe-lists.ts';
import {
  createManagedPrefixList,
  deleteManagedPrefixList,
  modifyManagedPrefixList,
  restoreManagedPrefixListVersion,
} from '#services/ec2/prefix-lists/prefix-lists.ts';

const onList = on<{ readonly PrefixListId: string }>(({ PrefixListId }) => ({ 'prefix-list': PrefixListId }));

export const prefixListOperations = (parts: Ec2Parts) =>
  ({
    CreateManagedPrefixList: {
      handler: createManagedPrefixList,
      ...making<Model.CreateManagedPrefixListRequest>('CreateManagedPrefixList', 'prefix-list'),
    },
    ModifyManagedPrefixList: {
      handler: modifyManagedPrefixList,
      ...modifying<Model.ModifyManagedPrefixListRequest>(
        ({ PrefixListId }) => ({ 'prefix-list': PrefixListId }),
        'PrefixListId',
        'CurrentVersion',
      ),
    },
    RestoreManagedPrefixListVersion: { handler: restoreManagedPrefixListVersion, ...onList },
    DeleteManagedPrefixList: { handler: deleteManagedPrefixList, ...onList },
    DescribeManagedPrefixLists: { handler: describeManagedPrefixLists(parts), ...everywhere },
    DescribePrefixLists: { handler: describePrefixLists(parts), ...everywhere },
    GetManagedPrefixListEntries: { handler: getManagedPrefixListEntries(parts), ...onList },
    GetManagedPrefixListAssociations: { handler: getManagedPrefixListAssociations(parts), ...onList },
  }) as const;
