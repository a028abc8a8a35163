/** The table of the operations on MFA devices. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { noSuchVirtualDevice } from '#services/iam/errors.ts';
import {
  deactivateMfaDevice,
  deviceOwnerArn,
  enableMfaDevice,
  getMfaDevice,
  listMfaDevices,
  resyncMfaDevice,
} from '#services/iam/mfa/assignments.ts';
import { deviceOf, deviceSerial } from '#services/iam/mfa/devices.ts';
import {
  createVirtualMfaDevice,
  deleteVirtualMfaDevice,
  listVirtualMfaDevices,
} from '#services/iam/mfa/virtual-devices.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

interface OnSerial {
  readonly SerialNumber: string;
}

/** What is no ARN is a hardware token's number: no policy can name it. */
const device = ({ SerialNumber }: OnSerial): string => (SerialNumber.startsWith('arn:') ? SerialNumber : '*');

const existing = ({ SerialNumber }: OnSerial, { tx }: Call): string =>
  deviceOf(tx, SerialNumber)?.serial ?? noSuchVirtualDevice(SerialNumber);

/** Codes are good for nothing once they are used, but a used code is no business of the audit either. */
const secret = ['AuthenticationCode1', 'AuthenticationCode2'];

export const mfaOperations = ({ sealer, pages }: IamParts) =>
  ({
    CreateVirtualMFADevice: {
      handler: createVirtualMfaDevice(sealer),
      resource: ({ Path: path = '/', VirtualMFADeviceName: name }, { account }) =>
        deviceSerial(account, { path, name }),
      steps: true,
    },
    DeleteVirtualMFADevice: { handler: deleteVirtualMfaDevice, resource: device },
    ListVirtualMFADevices: { handler: listVirtualMfaDevices(pages), resource: () => '*' },

    EnableMFADevice: { handler: enableMfaDevice(sealer), resource: deviceOwnerArn, secret },
    ResyncMFADevice: { handler: resyncMfaDevice(sealer), resource: deviceOwnerArn, secret },
    DeactivateMFADevice: { handler: deactivateMfaDevice, resource: deviceOwnerArn },
    ListMFADevices: { handler: listMfaDevices(pages), resource: deviceOwnerArn },
    GetMFADevice: { handler: getMfaDevice, resource: deviceOwnerArn },

    TagMFADevice: { handler: tag(existing), resource: device },
    UntagMFADevice: { handler: untag(existing), resource: device },
    ListMFADeviceTags: { handler: listTags(pages, existing), resource: device },
  }) satisfies Partial<Handlers<IamOperations, object>>;
