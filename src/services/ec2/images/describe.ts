/** DescribeImages: those of the account, those that are shared with it, and those that this cloud builds. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters } from '#services/ec2/filters.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { images } from '#services/ec2/images/state.ts';
import { builtImage, IMAGE_FIELDS, type SeenImage, shownImage } from '#services/ec2/images/view.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { resourceArn } from '#services/ec2/resources.ts';
import { allShared, EVERYBODY } from '#services/ec2/sharing.ts';
import { accountOf } from '#services/ec2/snapshots/describe.ts';

/** All that the account may launch, and its own in whatever state, in the order of ids. */
function visibleImages(parts: Ec2Parts, call: Pick<Call, 'tx' | 'account' | 'region'>): SeenImage[] {
  const { tx, account } = call;
  const own = images
    .all(tx)
    .map((row) => ({ ...row, owner: account, tags: tagsOf(tx, resourceArn(call, 'image', row.id)) }));
  const shared = allShared(parts, call, images, 'ami-')
    .filter(({ row }) => row.state === 'available')
    .map(({ row, owner }) => ({ ...row, owner, tags: {} }));
  const built = builtAmis(parts, call.region).map(builtImage);
  return [...own, ...shared, ...built].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export const describeImages =
  (parts: Ec2Parts) =>
  (input: Model.DescribeImagesRequest, call: Call): Model.DescribeImagesResult => {
    const { ImageIds: ids = [], Owners: owners = [], ExecutableUsers: users = [], Filters: filters } = input;
    const passes = compileFilters(filters, IMAGE_FIELDS, ({ tags }: SeenImage) => tags);
    const all = visibleImages(parts, call);
    const absent = ids.find((id) => !all.some((row) => row.id === id));
    if (absent !== undefined) fail('NoSuchImage', absent);
    const accounts = owners.map((name) => accountOf(name, call));
    const isWanted = (row: SeenImage): boolean =>
      (ids.length === 0 || ids.includes(row.id)) &&
      (accounts.length === 0 || accounts.includes(row.owner)) &&
      (users.length === 0 || users.some((user) => isExecutableBy(row, user, call))) &&
      isShown(row, input, call, ids);
    const query = [ids, owners, users, filters, input.IncludeDeprecated, input.IncludeDisabled];
    const { items, more } = pageOf(parts.pages, call, input, query, function* (position) {
      for (const item of all) {
        if ((position === undefined || item.id > position) && isWanted(item) && passes(item)) {
          yield { item, position: item.id };
        }
      }
    });
    return { Images: items.map(shownImage), ...more };
  };

/** "self: … AMIs shared with your account"; explicit permissions, not that somebody owns it. */
function isExecutableBy({ sharedWith }: SeenImage, user: string, { account }: Call): boolean {
  return sharedWith.includes(user === 'self' ? account : user === 'all' ? EVERYBODY : user);
}

/** "If you are the AMI owner, all deprecated AMIs appear"; of others' those that are asked for by id, or by the flag. */
function isShown(
  { owner, state, deprecatedAt }: SeenImage,
  { IncludeDeprecated, IncludeDisabled }: Model.DescribeImagesRequest,
  call: Call,
  ids: readonly string[],
): boolean {
  const isNamed = ids.length > 0;
  if (state === 'disabled' && IncludeDisabled !== true && !isNamed) return false;
  const isDeprecated = deprecatedAt !== undefined && deprecatedAt <= call.now;
  return !isDeprecated || owner === call.account || IncludeDeprecated === true || isNamed;
}
