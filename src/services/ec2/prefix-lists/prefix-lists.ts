/**
 * Managed prefix lists: blocks of addresses under one name, for rules and routes. Each change of the entries makes a version; earlier
 * ones stay, and can be restored. Everything is done at once; the answers say that it has begun, as AWS's do.
 */
import type * as Model from '#platform/model/generated/ec2.ts';
import { formatBlock, parseBlock } from '#platform/network/ipv4.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { deleteTags, setTags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { canonicalIpv6Block } from '#services/ec2/ipv6-block.ts';
import { ROUTES_PER_TABLE, RULES_PER_GROUP } from '#services/ec2/network-limits.ts';
import { isAwsList } from '#services/ec2/prefix-lists/aws-lists.ts';
import { findPrefixList } from '#services/ec2/prefix-lists/find-list.ts';
import { listSizes } from '#services/ec2/prefix-lists/list-sizes.ts';
import {
  earlierVersions,
  type PrefixListEntry,
  type PrefixListRow,
  prefixLists,
} from '#services/ec2/prefix-lists/state.ts';
import { shownList } from '#services/ec2/prefix-lists/view.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { countRoutes } from '#services/ec2/route-tables/route-count.ts';
import { routeTables } from '#services/ec2/route-tables/state.ts';
import { countRules } from '#services/ec2/security-groups/rule-count.ts';
import { securityGroups } from '#services/ec2/security-groups/state.ts';
import { tagsFor } from '#services/ec2/tags/tag-specifications.ts';

const MOST_ENTRIES = 1000;
const MOST_AT_ONCE = 100;
const MOST_LETTERS = 255;
const RESERVED = 'com.amazonaws';

type Family = PrefixListRow['addressFamily'];

function checkedName(name: string): string {
  if (name === '') fail('MissingParameter', 'prefixListName');
  if (name.length > MOST_LETTERS || name.startsWith(RESERVED)) fail('InvalidParameter', 'prefixListName', name);
  return name;
}

function checkedSize(size: number): number {
  if (size < 1 || size > MOST_ENTRIES)
    fail('InvalidParameter', 'maxEntries', String(size), `1 to ${MOST_ENTRIES} are allowed.`);
  return size;
}

function checkedCidr(family: Family, cidr: string): string {
  const block = family === 'IPv4' ? parseBlock(cidr) : undefined;
  const canonical = family === 'IPv6' ? canonicalIpv6Block(cidr) : block && formatBlock(block);
  return canonical ?? fail('InvalidParameter', 'cidr', cidr, `This is not a valid ${family} CIDR block.`);
}

function checkedEntries(family: Family, given: readonly Model.AddPrefixListEntry[]): PrefixListEntry[] {
  if (given.length > MOST_AT_ONCE) fail('InvalidValue', `At most ${MOST_AT_ONCE} entries can be added in a request.`);
  const entries = given.map(({ Cidr: cidr, Description: description = '' }): PrefixListEntry => {
    if (description.length > MOST_LETTERS) fail('InvalidParameter', 'description', description);
    return { cidr: checkedCidr(family, cidr), ...(description !== '' && { description }) };
  });
  if (new Set(entries.map(({ cidr }) => cidr)).size < entries.length) {
    fail('InvalidValue', 'The same CIDR block must not appear multiple times');
  }
  return entries;
}

function checkRoom(entries: readonly PrefixListEntry[], most: number): void {
  if (entries.length > most) fail('PrefixListLimit');
}

export function createManagedPrefixList(
  input: Model.CreateManagedPrefixListRequest,
  call: Call,
): Model.CreateManagedPrefixListResult {
  const { tx } = call;
  const family = input.AddressFamily;
  if (family !== 'IPv4' && family !== 'IPv6') return fail('InvalidParameter', 'addressFamily', family);
  const name = checkedName(input.PrefixListName);
  const maxEntries = checkedSize(input.MaxEntries);
  const entries = checkedEntries(family, input.Entries ?? []);
  checkRoom(entries, maxEntries);
  const tags = tagsFor('prefix-list', input);
  const row: PrefixListRow = {
    id: newId('pl'),
    name,
    addressFamily: family,
    maxEntries,
    version: 1,
    entries,
    state: 'create-complete',
  };
  prefixLists.put(tx, row);
  setTags(tx, resourceArn(call, 'prefix-list', row.id), tags);
  return { PrefixList: shownList({ ...row, tags }, call, 'create-in-progress') };
}

/** One of the account's own. */
function ownList({ tx, region }: Call, id: string): PrefixListRow {
  const row = findPrefixList(tx, region, id);
  if (isAwsList(id)) fail('OperationNotPermitted', `The prefix list ${id} is managed by AWS.`);
  return row;
}

export function modifyManagedPrefixList(
  input: Model.ModifyManagedPrefixListRequest,
  call: Call,
): Model.ModifyManagedPrefixListResult {
  const { tx } = call;
  const { AddEntries: added = [], RemoveEntries: removed = [], MaxEntries: size } = input;
  const row = ownList(call, input.PrefixListId);
  const changesEntries = added.length + removed.length > 0;
  if (input.IpamPrefixListResolverSyncEnabled === true) fail('UnsupportedOperation', 'There is no IPAM here.');
  // "You cannot modify the entries of a prefix list and modify the size of a prefix list at the same time."
  if (changesEntries && size !== undefined)
    fail('InvalidCombination', 'Entries and maxEntries can not be modified together.');
  if (changesEntries && input.CurrentVersion === undefined) fail('MissingParameter', 'currentVersion');
  checkVersion(row, input.CurrentVersion);
  const named = { ...row, ...(input.PrefixListName !== undefined && { name: checkedName(input.PrefixListName) }) };
  const sized = size === undefined ? named : { ...named, maxEntries: checkedSize(size) };
  checkRoom(sized.entries, sized.maxEntries);
  const tooSmall = sized.maxEntries > row.maxEntries ? withoutRoomFor(call, sized) : [];
  const changed = changesEntries ? withEntries(tx, sized, changedEntries(sized, added, removed)) : sized;
  // What can't be is seen later, as on AWS.
  if (tooSmall.length > 0) prefixLists.put(tx, { ...row, state: 'modify-failed', problem: problemOf(tooSmall) });
  else prefixLists.put(tx, { ...withoutProblem(changed), state: 'modify-complete' });
  const tags = tagsOf(tx, resourceArn(call, 'prefix-list', row.id));
  return { PrefixList: shownList({ ...changed, tags }, call, 'modify-in-progress') };
}

function withoutProblem({ problem: _, ...row }: PrefixListRow): PrefixListRow {
  return row;
}

const MOST_TOLD = 10;

/** "Check the state message for the IDs of the first ten resources that do not support the new maximum size." */
const problemOf = (ids: readonly string[]): string =>
  `The following resources do not support the new maximum size: ${ids.slice(0, MOST_TOLD).join(', ')}`;

/** What refers to the list, and would have more rules or routes than it may. */
function withoutRoomFor(call: Call, list: PrefixListRow): string[] {
  const { tx, region } = call;
  const sizes = listSizes(tx, region, list);
  const [mostRules, mostRoutes] = [call.quota(RULES_PER_GROUP), call.quota(ROUTES_PER_TABLE)];
  const { groups, tables } = referring(tx, list.id);
  return [
    ...groups.filter((group) => countRules(group, sizes) > mostRules),
    ...tables.filter((table) => countRoutes(table, sizes) > mostRoutes),
  ].map(({ id }) => id);
}

function checkVersion({ version }: PrefixListRow, given: number | undefined): void {
  if (given !== undefined && given !== version) fail('PrefixListVersion');
}

/** Who adds a block that is there changes its description. */
function changedEntries(
  row: PrefixListRow,
  added: readonly Model.AddPrefixListEntry[],
  removed: readonly Model.RemovePrefixListEntry[],
): PrefixListEntry[] {
  const entries = new Map(row.entries.map((entry) => [entry.cidr, entry]));
  for (const { Cidr: given } of removed) {
    const cidr = checkedCidr(row.addressFamily, given);
    if (!entries.delete(cidr)) fail('InvalidValue', `The entry ${cidr} is not in the prefix list ${row.id}.`);
  }
  for (const entry of checkedEntries(row.addressFamily, added)) entries.set(entry.cidr, entry);
  checkRoom([...entries.values()], row.maxEntries);
  return [...entries.values()];
}

function withEntries(tx: Transaction, row: PrefixListRow, entries: readonly PrefixListEntry[]): PrefixListRow {
  tx.put(earlierVersions, earlierVersions.key(row.id, row.version), { entries: row.entries });
  return { ...row, version: row.version + 1, entries };
}

export function restoreManagedPrefixListVersion(
  input: Model.RestoreManagedPrefixListVersionRequest,
  call: Call,
): Model.RestoreManagedPrefixListVersionResult {
  const { tx } = call;
  const row = ownList(call, input.PrefixListId);
  checkVersion(row, input.CurrentVersion);
  const { PreviousVersion: version } = input;
  const earlier = version >= 1 ? tx.get(earlierVersions, earlierVersions.key(row.id, version)) : undefined;
  if (earlier === undefined) return fail('NoSuchPrefixListVersion', version);
  checkRoom(earlier.entries, row.maxEntries);
  const changed = withEntries(tx, withoutProblem(row), earlier.entries);
  const restored: PrefixListRow = { ...changed, state: 'restore-complete' };
  prefixLists.put(tx, restored);
  const tags = tagsOf(tx, resourceArn(call, 'prefix-list', row.id));
  return { PrefixList: shownList({ ...restored, tags }, call, 'restore-in-progress') };
}

export function deleteManagedPrefixList(
  input: Model.DeleteManagedPrefixListRequest,
  call: Call,
): Model.DeleteManagedPrefixListResult {
  const { tx } = call;
  const row = ownList(call, input.PrefixListId);
  if (referringIds(tx, row.id).length > 0) fail('HasDependencies', 'prefixList', row.id);
  const arn = resourceArn(call, 'prefix-list', row.id);
  const tags = tagsOf(tx, arn);
  prefixLists.drop(tx, row.id);
  tx.deleteRange(earlierVersions, [row.id]);
  deleteTags(tx, arn);
  return { PrefixList: shownList({ ...row, tags }, call, 'delete-in-progress') };
}

/** Groups and tables with a rule or a route that names the list. */
const referring = (tx: ReadTransaction, id: string) => ({
  groups: securityGroups
    .all(tx)
    .filter(({ rules }) => rules.some(({ peer }) => peer.kind === 'prefix-list' && peer.list === id)),
  tables: routeTables.all(tx).filter(({ routes }) => routes.some(({ destination }) => destination === id)),
});

export function referringIds(tx: ReadTransaction, id: string): string[] {
  const { groups, tables } = referring(tx, id);
  return [...groups, ...tables].map((row) => row.id);
}
