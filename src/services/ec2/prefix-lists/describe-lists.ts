/** Prefix lists as others see them: the account's and AWS's own, their entries, and what refers to them. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { awsList, awsLists } from '#services/ec2/prefix-lists/aws-lists.ts';
import { findPrefixList } from '#services/ec2/prefix-lists/find-list.ts';
import { referringIds } from '#services/ec2/prefix-lists/prefix-lists.ts';
import {
  earlierVersions,
  type PrefixListEntry,
  type PrefixListRow,
  prefixLists,
} from '#services/ec2/prefix-lists/state.ts';
import { ownerOf, shownList } from '#services/ec2/prefix-lists/view.ts';

const absent = (id: string): never => fail('NoSuchPrefixList', id);

const byId = (a: PrefixListRow, b: PrefixListRow): number => (a.id < b.id ? -1 : 1);

const listsIn = (region: string) => ({
  find: (tx: ReadTransaction, id: string) => prefixLists.find(tx, id) ?? awsList(region, id),
  all: (tx: ReadTransaction) => [...prefixLists.all(tx), ...awsLists(region)].sort(byId),
});

const fieldsFor = ({ account }: Call): Fields<Tagged<PrefixListRow>> => ({
  'owner-id': (row) => ownerOf(row, account),
  'prefix-list-id': ({ id }) => id,
  'prefix-list-name': ({ name }) => name,
});

export const describeManagedPrefixLists =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribeManagedPrefixListsRequest, call: Call): Model.DescribeManagedPrefixListsResult => {
    const noun = { rows: listsIn(call.region), type: 'prefix-list', fields: fieldsFor(call), absent } as const;
    const { items, more } = describe(pages, call, noun, input, input.PrefixListIds);
    return { PrefixLists: items.map((row) => shownList(row, call)), ...more };
  };

const OF_AWS: Fields<PrefixListRow> = {
  'prefix-list-id': ({ id }) => id,
  'prefix-list-name': ({ name }) => name,
};

export const describePrefixLists =
  ({ pages }: Ec2Parts) =>
  (input: Model.DescribePrefixListsRequest, call: Call): Model.DescribePrefixListsResult => {
    const { PrefixListIds: ids = [], Filters: filters } = input;
    const lists = awsLists(call.region).toSorted(byId);
    for (const id of ids) if (!lists.some((list) => list.id === id)) absent(id);
    const passes = compileFilters(filters, OF_AWS);
    const { items, more } = pageOf(pages, call, input, [ids, filters], function* (position) {
      for (const list of lists) {
        if (position !== undefined && list.id <= position) continue;
        if ((ids.length === 0 || ids.includes(list.id)) && passes(list)) yield { item: list, position: list.id };
      }
    });
    const shown = items.map(({ id, name, entries }) => ({
      Cidrs: entries.map(({ cidr }) => cidr),
      PrefixListId: id,
      PrefixListName: name,
    }));
    return { PrefixLists: shown, ...more };
  };

function entriesAt(tx: ReadTransaction, row: PrefixListRow, version: number): readonly PrefixListEntry[] {
  if (version === row.version) return row.entries;
  const earlier = version >= 1 ? tx.get(earlierVersions, earlierVersions.key(row.id, version)) : undefined;
  return earlier?.entries ?? fail('NoSuchPrefixListVersion', version);
}

export const getManagedPrefixListEntries =
  ({ pages }: Ec2Parts) =>
  (input: Model.GetManagedPrefixListEntriesRequest, call: Call): Model.GetManagedPrefixListEntriesResult => {
    const row = findPrefixList(call.tx, call.region, input.PrefixListId);
    const { TargetVersion: version = row.version } = input;
    const entries = entriesAt(call.tx, row, version);
    const { items, more } = pageOf(pages, call, input, [row.id, version], (position) => placedAfter(entries, position));
    const shown = items.map(({ cidr, description }) => ({
      Cidr: cidr,
      ...(description !== undefined && { Description: description }),
    }));
    return { Entries: shown, ...more };
  };

/** In their own order: a position is a number. */
function* placedAfter<Item>(items: readonly Item[], position: string | undefined) {
  for (const [at, item] of items.entries()) {
    if (position === undefined || at > Number(position)) yield { item, position: String(at) };
  }
}

export const getManagedPrefixListAssociations =
  ({ pages }: Ec2Parts) =>
  (input: Model.GetManagedPrefixListAssociationsRequest, call: Call): Model.GetManagedPrefixListAssociationsResult => {
    const { id } = findPrefixList(call.tx, call.region, input.PrefixListId);
    const resources = referringIds(call.tx, id);
    const { items, more } = pageOf(pages, call, input, id, (position) => placedAfter(resources, position));
    return {
      PrefixListAssociations: items.map((ResourceId) => ({ ResourceId, ResourceOwner: call.account })),
      ...more,
    };
  };
