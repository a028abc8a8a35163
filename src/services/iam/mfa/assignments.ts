/** Who has which MFA device: enabling one by two consecutive codes, keeping it in step, giving it up. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Sealer } from '#platform/secrets/sealer.ts';
import type { Call, CallScope } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { deviceNotOfUser, deviceTaken, invalidCodes, limitExceeded, noSuchDevice } from '#services/iam/errors.ts';
import {
  type AssignedDevice,
  deviceOf,
  devicesOf,
  isAssigned,
  openSeed,
  putDevice,
} from '#services/iam/mfa/devices.ts';
import { devicesOfOwner, type MfaDeviceRow } from '#services/iam/mfa/state.ts';
import { stepAt, stepOfPair } from '#services/iam/mfa/totp.ts';
import { rootArn } from '#services/iam/names.ts';
import { callerOrUser, ownerOf, USER, userNameOf } from '#services/iam/owners.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import { addToCount, EMPTY, ROOT_OWNER, wholeSecond } from '#services/iam/state.ts';

/** "You can register up to eight MFA devices of any combination." */
const DEVICES_PER_USER = 8;
/** A device's clock may be an hour off: the chance that a wrong pair fits is one in four thousand million. */
const REACH = 120;

interface DeviceOwner {
  readonly id: string;
  readonly name: string;
}

interface Named {
  readonly UserName?: string;
}

/** The operations that must name somebody call the root user by its account's number, as GetUser does. */
function nameOf(input: Named, { principal, account }: Pick<CallScope, 'principal' | 'account'>): string | undefined {
  return principal.kind === 'root' && input.UserName === account ? undefined : userNameOf(input, principal);
}

export function deviceOwnerArn(input: Named, scope: CallScope): string {
  const UserName = nameOf(input, scope);
  return UserName === undefined ? rootArn(scope.account) : callerOrUser({ UserName }, scope);
}

function deviceOwner(tx: ReadTransaction, input: Named, call: Call): DeviceOwner {
  const UserName = nameOf(input, call);
  if (UserName === undefined) return { id: ROOT_OWNER, name: call.account };
  return { id: ownerOf(tx, USER, { UserName }).id, name: UserName };
}

interface OnDevice extends Named {
  readonly SerialNumber: string;
}

function ownDevice(input: OnDevice, call: Call): AssignedDevice {
  const owner = deviceOwner(call.tx, input, call);
  const row = deviceOf(call.tx, input.SerialNumber) ?? noSuchDevice(input.SerialNumber);
  return isAssigned(row) && row.assigned.owner === owner.id ? row : deviceNotOfUser();
}

interface TwoCodes {
  readonly AuthenticationCode1: string;
  readonly AuthenticationCode2: string;
}

/** The step of the second code; throws unless both are the device's, one after the other. */
function provenStep(sealer: Sealer, row: MfaDeviceRow, input: TwoCodes, call: Call): number {
  const codes = [input.AuthenticationCode1, input.AuthenticationCode2] as const;
  return stepOfPair(openSeed(sealer, call.account, row), codes, stepAt(call.now), REACH) ?? invalidCodes();
}

export const enableMfaDevice =
  (sealer: Sealer) =>
  (input: Model.EnableMFADeviceRequest, call: Call): void => {
    const { tx, now } = call;
    const owner = deviceOwner(tx, input, call);
    const row = deviceOf(tx, input.SerialNumber) ?? noSuchDevice(input.SerialNumber);
    if (row.assigned) deviceTaken();
    if (devicesOf(tx, owner.id).length >= DEVICES_PER_USER) limitExceeded('MFADevicesPerUser', DEVICES_PER_USER);
    const step = provenStep(sealer, row, input, call);
    const assigned = { owner: owner.id, enabledAt: wholeSecond(now), drift: step - stepAt(now), lastStep: step };
    putDevice(tx, { ...row, assigned });
    tx.put(devicesOfOwner, devicesOfOwner.key(owner.id, row.serial), EMPTY);
    addToCount(tx, 'mfa-device-in-use', 1);
  };

export const resyncMfaDevice =
  (sealer: Sealer) =>
  (input: Model.ResyncMFADeviceRequest, call: Call): void => {
    const { tx, now } = call;
    const row = ownDevice(input, call);
    const step = provenStep(sealer, row, input, call);
    const { failures: _, ...assigned } = row.assigned;
    // Used codes stay used, though the device's time went back.
    const lastStep = Math.max(step, assigned.lastStep);
    putDevice(tx, { ...row, assigned: { ...assigned, drift: step - stepAt(now), lastStep } });
  };

export function deactivateMfaDevice(input: Model.DeactivateMFADeviceRequest, call: Call): void {
  const { tx } = call;
  const { assigned, ...row } = ownDevice(input, call);
  putDevice(tx, row);
  tx.delete(devicesOfOwner, devicesOfOwner.key(assigned.owner, row.serial));
  addToCount(tx, 'mfa-device-in-use', -1);
}

export const listMfaDevices =
  (pages: PageTokens) =>
  (input: Model.ListMFADevicesRequest, call: Call): Model.ListMFADevicesResponse => {
    const { id, name } = deviceOwner(call.tx, input, call);
    const { items, end } = pageOf(pages, call, input, id, counted(devicesOf(call.tx, id)));
    const views = items.map(({ serial, assigned }) => ({
      UserName: name,
      SerialNumber: serial,
      EnableDate: assigned.enabledAt,
    }));
    return { MFADevices: views, ...end };
  };

export function getMfaDevice(input: Model.GetMFADeviceRequest, call: Call): Model.GetMFADeviceResponse {
  const { name } = deviceOwner(call.tx, input, call);
  const { serial, assigned } = ownDevice(input, call);
  return { UserName: name, SerialNumber: serial, EnableDate: assigned.enabledAt };
}
