/** Virtual MFA devices: made, listed, deleted. Who has one is another question (assignments.ts). */
import { randomBytes } from '#platform/base/ids.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deleteTags, tagsOf } from '#platform/tags.ts';
import { deviceExists, deviceInUse, invalidInput, limitExceeded, noSuchVirtualDevice } from '#services/iam/errors.ts';
import { userById } from '#services/iam/identity/principals.ts';
import { base32 } from '#services/iam/mfa/base32.ts';
import { deviceOf, deviceSerial, putDevice, sealSeed } from '#services/iam/mfa/devices.ts';
import { otpauthUri, qrCodePng } from '#services/iam/mfa/qr-code.ts';
import { type MfaDeviceRow, mfaDevices } from '#services/iam/mfa/state.ts';
import { namedRows, type Positioned, pageOf } from '#services/iam/paging.ts';
import { addToCount, countOf, ROOT_OWNER, wholeSecond } from '#services/iam/state.ts';
import { tagList, writeTags } from '#services/iam/tags.ts';
import { rootView, userView } from '#services/iam/users/users.ts';

/** "Virtual MFA devices (assigned or unassigned) in an account: equal to the user quota for the account." */
const DEVICES_PER_ACCOUNT = 'L-F55AF5E4';
/** A serial number has 256 characters at most, and a list's marker 320 with its seal: what stands after `:mfa` must fit both. */
const MOST_NAME = 200;
/** AWS's seeds are 64 characters of base 32. */
const SEED_BYTES = 40;

export const createVirtualMfaDevice =
  (sealer: Sealer) =>
  async (input: Model.CreateVirtualMFADeviceRequest, call: Call): Promise<Model.CreateVirtualMFADeviceResponse> => {
    const { account } = call;
    const { Path: path = '/', VirtualMFADeviceName: name } = input;
    const serial = deviceSerial(account, { path, name });
    if (path.length + name.length > MOST_NAME) invalidInput('The path and name of the device are too long.');
    const bytes = randomBytes(SEED_BYTES);
    const seed = base32(bytes);
    const picture = await qrCodePng(otpauthUri(name, account, seed));
    const tags = call.transact((tx) => {
      if (deviceOf(tx, serial)) deviceExists();
      const most = call.quota(DEVICES_PER_ACCOUNT);
      if (countOf(tx, 'mfa-device') >= most) limitExceeded('VirtualMFADevicesPerAccount', most);
      putDevice(tx, { serial, createdAt: wholeSecond(call.now), sealedSeed: sealSeed(sealer, account, serial, bytes) });
      addToCount(tx, 'mfa-device', 1);
      writeTags(tx, serial, input.Tags);
      return tagList(tagsOf(tx, serial));
    });
    return {
      VirtualMFADevice: {
        SerialNumber: serial,
        Base32StringSeed: Buffer.from(seed),
        QRCodePNG: picture,
        ...(tags.length > 0 && { Tags: tags }),
      },
    };
  };

export function deleteVirtualMfaDevice(
  { SerialNumber: serial }: Model.DeleteVirtualMFADeviceRequest,
  call: Call,
): void {
  const { tx } = call;
  const row = deviceOf(tx, serial) ?? noSuchVirtualDevice(serial);
  if (row.assigned) deviceInUse();
  tx.delete(mfaDevices, mfaDevices.key(serial));
  addToCount(tx, 'mfa-device', -1);
  deleteTags(tx, serial);
}

export const listVirtualMfaDevices =
  (pages: PageTokens) =>
  (input: Model.ListVirtualMFADevicesRequest, call: Call): Model.ListVirtualMFADevicesResponse => {
    const { tx } = call;
    const { AssignmentStatus: status = 'Any' } = input;
    const start = deviceSerial(call.account, { path: '', name: '' });
    const { items, end } = pageOf(pages, call, input, status, function* (after): Generator<Positioned<MfaDeviceRow>> {
      for (const [serial, row] of namedRows(tx, mfaDevices, after && start + after)) {
        const own = row.assigned ? 'Assigned' : 'Unassigned';
        if (status === 'Any' || status === own) yield [serial.slice(start.length), row];
      }
    });
    return { VirtualMFADevices: items.map((row) => view(tx, call, row)), ...end };
  };

function view(tx: ReadTransaction, { account }: Call, { serial, assigned }: MfaDeviceRow): Model.VirtualMFADevice {
  if (!assigned) return { SerialNumber: serial };
  const user = userById(tx, assigned.owner);
  const owner = assigned.owner === ROOT_OWNER ? rootView(tx, account) : user && userView(account, user);
  return { SerialNumber: serial, EnableDate: assigned.enabledAt, ...(owner && { User: owner }) };
}
