/** What of an image can be changed: who may launch it, its words, whether it is deprecated, disabled, protected. */
import { hours } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { findImage } from '#services/ec2/images/register.ts';
import { type ImageRow, images } from '#services/ec2/images/state.ts';
import { protectionOf, shownDevice } from '#services/ec2/images/view.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { announce, EVERYBODY, findShared } from '#services/ec2/sharing.ts';
import { changedSharing, sharingChange, shownPermissions } from '#services/ec2/storage/launch-permissions.ts';
import { changeStorageSettings, storageSettings } from '#services/ec2/storage/state.ts';

export const describeImageAttribute =
  (parts: Ec2Parts) =>
  ({ ImageId: id, Attribute: attribute }: Model.DescribeImageAttributeRequest, call: Call): Model.ImageAttribute => {
    const row = findImage(parts, call.tx, call, id);
    switch (attribute) {
      case 'description':
        return { ImageId: id, Description: { Value: row.description } };
      case 'launchPermission':
        return { ImageId: id, LaunchPermissions: shownPermissions(row.sharedWith) };
      case 'blockDeviceMapping':
        return { ImageId: id, BlockDeviceMappings: row.devices.map(shownDevice) };
      case 'imdsSupport':
        return { ImageId: id, ...(row.imdsSupport && { ImdsSupport: { Value: row.imdsSupport } }) };
      case 'bootMode':
        return { ImageId: id, BootMode: { Value: 'legacy-bios' } };
      case 'lastLaunchedTime':
        return {
          ImageId: id,
          ...(row.launchedAt !== undefined && { LastLaunchedTime: { Value: new Date(row.launchedAt).toISOString() } }),
        };
      case 'deregistrationProtection':
        return { ImageId: id, DeregistrationProtection: { Value: protectionOf(row) } };
      case 'productCodes':
        return { ImageId: id, ProductCodes: [] };
      case 'sriovNetSupport':
        return { ImageId: id, SriovNetSupport: {} };
      default:
        return { ImageId: id };
    }
  };

export const modifyImageAttribute =
  (parts: Ec2Parts) =>
  async (input: Model.ModifyImageAttributeRequest, call: Call): Promise<void> => {
    call.partition.read((tx) => findImage(parts, tx, call, input.ImageId));
    const { Attribute: attribute, Value: value } = input;
    const description = input.Description?.Value ?? (attribute === 'description' ? value : undefined);
    const imds = input.ImdsSupport?.Value ?? (attribute === 'imdsSupport' ? value : undefined);
    if (description !== undefined) return change(parts, call, input.ImageId, (row) => ({ ...row, description }));
    if (imds !== undefined) {
      // "After you set the value to v2.0, you can't undo it."
      if (imds !== 'v2.0') fail('InvalidParameter', 'imdsSupport', imds);
      return change(parts, call, input.ImageId, (row) => ({ ...row, imdsSupport: 'v2.0' }));
    }
    return share(parts, input, call);
  };

const change = (parts: Ec2Parts, call: Call, id: string, action: (row: ImageRow) => ImageRow): void =>
  call.transact((tx) => images.put(tx, action(findImage(parts, tx, call, id))));

async function share(parts: Ec2Parts, input: Model.ModifyImageAttributeRequest, call: Call): Promise<void> {
  if (input.OrganizationArns !== undefined || input.OrganizationalUnitArns !== undefined) {
    fail('NotSupported', 'Images are shared with accounts and with everybody; there are no organizations here.');
  }
  const wanted = sharingChange({
    permissions: input.LaunchPermission,
    OperationType: input.OperationType,
    users: input.UserIds,
    groups: input.UserGroups,
  });
  if (wanted.add.length + wanted.remove.length === 0) fail('MissingParameter', 'launchPermission');
  call.partition.read((tx) => checkSharing(tx, findImage(parts, tx, call, input.ImageId), wanted.add));
  await announce(parts, call, input.ImageId);
  await again(() =>
    call.transact((tx) => {
      const row = findImage(parts, tx, call, input.ImageId);
      checkSharing(tx, row, wanted.add);
      images.put(tx, { ...row, sharedWith: changedSharing(row.sharedWith, wanted) });
    }),
  );
}

function checkSharing(tx: ReadTransaction, { id, state, devices }: ImageRow, added: readonly string[]): void {
  if (added.length === 0) return;
  if (state === 'disabled') fail('WrongImageState', id, state);
  if (!added.includes(EVERYBODY)) return;
  // "You can't share an AMI that has encrypted volumes with everybody."
  if (devices.some(({ isEncrypted }) => isEncrypted)) fail('PublicEncrypted');
  if ((storageSettings(tx).imageSharing ?? 'block-new-sharing') !== 'unblocked') fail('PublicBlocked', 'image');
}

export const resetImageAttribute =
  (parts: Ec2Parts) =>
  ({ ImageId: id, Attribute: attribute }: Model.ResetImageAttributeRequest, call: Call): void => {
    if (attribute !== 'launchPermission') fail('InvalidParameter', 'attribute', attribute);
    images.put(call.tx, { ...findImage(parts, call.tx, call, id), sharedWith: [] });
  };

/** Who was given it gives it back. */
export const cancelImageLaunchPermission =
  (parts: Ec2Parts) =>
  async ({ ImageId: id }: Model.CancelImageLaunchPermissionRequest, call: Call) => {
    const shared = findShared(parts, call, images, id);
    if (shared === undefined || !shared.row.sharedWith.includes(call.account)) return fail('NoSuchImage', id);
    const partition = parts.store.partition({ service: 'ec2', account: shared.owner, region: call.region });
    partition.transact((tx) => {
      const row = images.find(tx, id);
      if (row === undefined) return;
      images.put(tx, { ...row, sharedWith: row.sharedWith.filter((name) => name !== call.account) });
    });
    await partition.durable();
    return { Return: true };
  };

/** "The deprecation date must be in the future, and at most ten years from now." Seconds are rounded to the minute. */
const MOST_YEARS = 10;

export const enableImageDeprecation =
  (parts: Ec2Parts) =>
  ({ ImageId: id, DeprecateAt: at }: Model.EnableImageDeprecationRequest, call: Call) => {
    const row = findImage(parts, call.tx, call, id);
    const deprecatedAt = Math.round(at / 60_000) * 60_000;
    const latest = new Date(call.now);
    latest.setUTCFullYear(latest.getUTCFullYear() + MOST_YEARS);
    if (deprecatedAt <= call.now || deprecatedAt > latest.getTime()) {
      fail('InvalidParameter', 'deprecateAt', new Date(at).toISOString());
    }
    images.put(call.tx, { ...row, deprecatedAt });
    return { Return: true };
  };

export const disableImageDeprecation =
  (parts: Ec2Parts) =>
  ({ ImageId: id }: Model.DisableImageDeprecationRequest, call: Call) => {
    const { deprecatedAt: _, ...row } = findImage(parts, call.tx, call, id);
    images.put(call.tx, row);
    return { Return: true };
  };

/** "Sets the AMI state to disabled and removes all launch permissions from the AMI." */
export const disableImage =
  (parts: Ec2Parts) =>
  ({ ImageId: id }: Model.DisableImageRequest, call: Call) => {
    const row = findImage(parts, call.tx, call, id);
    if (row.state !== 'available' && row.state !== 'disabled') fail('WrongImageState', id, row.state);
    images.put(call.tx, { ...row, state: 'disabled', sharedWith: [] });
    return { Return: true };
  };

export const enableImage =
  (parts: Ec2Parts) =>
  ({ ImageId: id }: Model.EnableImageRequest, call: Call) => {
    const row = findImage(parts, call.tx, call, id);
    if (row.state !== 'available' && row.state !== 'disabled') fail('WrongImageState', id, row.state);
    images.put(call.tx, { ...row, state: 'available' });
    return { Return: true };
  };

const COOLDOWN = hours(24);

export const protectImage =
  (parts: Ec2Parts) =>
  (
    { ImageId: id, WithCooldown: hasCooldown = false }: Model.EnableImageDeregistrationProtectionRequest,
    call: Call,
  ) => {
    const row = findImage(parts, call.tx, call, id);
    images.put(call.tx, { ...row, protection: { isOn: true, hasCooldown } });
    return { Return: hasCooldown ? 'enabled-with-cooldown' : 'enabled-without-cooldown' };
  };

export const unprotectImage =
  (parts: Ec2Parts) =>
  ({ ImageId: id }: Model.DisableImageDeregistrationProtectionRequest, call: Call) => {
    const row = findImage(parts, call.tx, call, id);
    const hasCooldown = row.protection?.hasCooldown === true;
    const until = hasCooldown ? { until: call.now + COOLDOWN } : {};
    images.put(call.tx, { ...row, protection: { isOn: false, hasCooldown, ...until } });
    return { Return: 'disabled' };
  };

export function enableImageBlock(_: unknown, { tx }: Call): Model.EnableImageBlockPublicAccessResult {
  changeStorageSettings(tx, { imageSharing: 'block-new-sharing' });
  return { ImageBlockPublicAccessState: 'block-new-sharing' };
}

export function disableImageBlock(_: unknown, { tx }: Call): Model.DisableImageBlockPublicAccessResult {
  changeStorageSettings(tx, { imageSharing: 'unblocked' });
  return { ImageBlockPublicAccessState: 'unblocked' };
}

export const getImageBlock = (_: unknown, { tx }: Call): Model.GetImageBlockPublicAccessStateResult => ({
  ImageBlockPublicAccessState: storageSettings(tx).imageSharing ?? 'block-new-sharing',
  ManagedBy: 'account',
});
