/** DescribeSnapshots: those of the account, those that are shared with it, and those of images that are built here. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters } from '#services/ec2/filters.ts';
import { AMAZON_ACCOUNT, builtAmis } from '#services/ec2/images/built-images.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { allShared } from '#services/ec2/sharing.ts';
import { snapshots } from '#services/ec2/snapshots/state.ts';
import { builtSnapshot, type SeenSnapshot, SNAPSHOT_FIELDS, shownSnapshot } from '#services/ec2/snapshots/view.ts';

/** All that the account may make volumes of, in the order of ids. */
function visible(parts: Ec2Parts, call: Call): SeenSnapshot[] {
  const { tx, account } = call;
  const own = snapshots
    .all(tx)
    .map((row) => ({ ...row, owner: account, tags: tagsOf(tx, resourceArn(call, 'snapshot', row.id)) }));
  const shared = allShared(parts, call, snapshots, 'snap-').map(({ row, owner }) => ({ ...row, owner, tags: {} }));
  const built = builtAmis(parts, call.region).map(builtSnapshot);
  return [...own, ...shared, ...built].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `self`, `amazon` or an account. */
export const accountOf = (name: string, { account }: Pick<Call, 'account'>): string =>
  name === 'self' ? account : name === 'amazon' ? AMAZON_ACCOUNT : name;

export const describeSnapshots =
  (parts: Ec2Parts) =>
  (input: Model.DescribeSnapshotsRequest, call: Call): Model.DescribeSnapshotsResult => {
    const { SnapshotIds: ids = [], OwnerIds: owners = [], RestorableByUserIds: users = [], Filters: filters } = input;
    const passes = compileFilters(filters, SNAPSHOT_FIELDS, ({ tags }: SeenSnapshot) => tags);
    const all = visible(parts, call);
    const absent = ids.find((id) => !all.some((row) => row.id === id));
    if (absent !== undefined) fail('NoSuchSnapshot', absent);
    const accounts = owners.map((name) => accountOf(name, call));
    const isWanted = (row: SeenSnapshot): boolean =>
      (ids.length === 0 || ids.includes(row.id)) &&
      (accounts.length === 0 || accounts.includes(row.owner)) &&
      (users.length === 0 || users.some((user) => isRestorableBy(row, user, call)));
    const { items, more } = pageOf(parts.pages, call, input, [ids, owners, users, filters], function* (position) {
      for (const item of all) {
        if ((position === undefined || item.id > position) && isWanted(item) && passes(item)) {
          yield { item, position: item.id };
        }
      }
    });
    return { Snapshots: items.map(shownSnapshot), ...more };
  };

function isRestorableBy({ owner, sharedWith }: SeenSnapshot, user: string, { account }: Call): boolean {
  if (user === 'all') return sharedWith.includes('all');
  const who = user === 'self' ? account : user;
  return owner === who || sharedWith.includes(who);
}
