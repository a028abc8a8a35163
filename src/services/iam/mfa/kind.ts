/** MFA devices as a kind of resource: their serial numbers are their ARNs. */
import type { Kind } from '#platform/service.ts';
import { deviceOf } from '#services/iam/mfa/devices.ts';
import { mfaDevices } from '#services/iam/mfa/state.ts';
import { ROOT_OWNER } from '#services/iam/state.ts';
import { tagList } from '#services/iam/tags.ts';

export const mfaKind: Kind = {
  name: 'mfa',
  cloudFormationType: 'AWS::IAM::VirtualMFADevice',
  list: (tx, after, limit) =>
    tx
      .range(mfaDevices, after === undefined ? {} : { after: mfaDevices.key(after) })
      // The root user stays when its account is emptied, and so does what it signs in with.
      .filter(({ row }) => row.assigned?.owner !== ROOT_OWNER)
      .map(({ row }) => row.serial)
      .slice(0, limit),
  exists: (tx, arn) => deviceOf(tx, arn) !== undefined,
  tagging: {
    tag: { operation: 'TagMFADevice', input: (arn, tags) => ({ SerialNumber: arn, Tags: tagList(tags) }) },
    untag: { operation: 'UntagMFADevice', input: (arn, keys) => ({ SerialNumber: arn, TagKeys: [...keys] }) },
  },
  remove: { operation: 'DeleteVirtualMFADevice', input: (arn) => ({ SerialNumber: arn }) },
  removeAfter: ['mfa-assignment'],
  holdsData: false,
};
