/**
 * MFA devices as rows: found, opened, asked whether a code is theirs. Everything that takes a code goes through `takeCode`: a code
 * counts once, within one step of the device's own time, and a device that was guessed at too often is deaf for a while.
 *
 * Only virtual devices can be verified: their seeds are made here. The seeds of hardware tokens are known to AWS and their
 * makers, and security keys are registered by a web page; so neither can be assigned.
 */
import { afterFailure, isLocked, type LockRule } from '#platform/attempts.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { SealedPlace, Sealer } from '#platform/secrets/sealer.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { type Assignment, devicesOfOwner, type MfaDeviceRow, mfaDevices } from '#services/iam/mfa/state.ts';
import { stepAt, stepOfCode } from '#services/iam/mfa/totp.ts';

export interface AssignedDevice extends MfaDeviceRow {
  readonly assigned: Assignment;
}

/** RFC 6238, 5.2: one step of tolerance for the network and for who types slowly. */
const TOLERANCE = 1;
const GUESS_RULE: LockRule = { free: 5, firstLock: minutes(1), longestLock: minutes(15), forgetAfter: minutes(30) };

export const deviceSerial = (account: AccountId, { path, name }: { path: string; name: string }): string =>
  `arn:aws:iam::${account}:mfa${path}${name}`;

export const deviceOf = (tx: ReadTransaction, serial: string): MfaDeviceRow | undefined =>
  tx.get(mfaDevices, mfaDevices.key(serial));

export const isAssigned = (row: MfaDeviceRow | undefined): row is AssignedDevice => row?.assigned !== undefined;

/** In the order of serial numbers; eight at most. */
export const devicesOf = (tx: ReadTransaction, owner: string): AssignedDevice[] =>
  tx
    .range(devicesOfOwner, { prefix: [owner] })
    .map(({ key }) => deviceOf(tx, devicesOfOwner.parts(key)[1]))
    .filter(isAssigned);

export const putDevice = (tx: Transaction, row: MfaDeviceRow): void =>
  tx.put(mfaDevices, mfaDevices.key(row.serial), row);

export const sealSeed = (sealer: Sealer, account: AccountId, serial: string, seed: Uint8Array): string =>
  sealer.seal(seed, placeOf(account, serial));

export const openSeed = (sealer: Sealer, account: AccountId, row: MfaDeviceRow): Buffer =>
  sealer.open(row.sealedSeed, placeOf(account, row.serial));

const placeOf = (account: AccountId, serial: string): SealedPlace => ({ account, record: `mfa/${serial}`, version: 1 });

/** The step that a code stands for now; undefined for a wrong or used one, and while the device is deaf. */
function stepNow(
  sealer: Sealer,
  account: AccountId,
  device: AssignedDevice,
  code: string,
  now: Milliseconds,
): number | undefined {
  const { drift, lastStep, failures } = device.assigned;
  if (isLocked(failures, now)) return undefined;
  const around = stepAt(now) + drift;
  const from = Math.max(around - TOLERANCE, lastStep + 1);
  return stepOfCode(openSeed(sealer, account, device), code, from, around + TOLERANCE);
}

/** The first of the devices that the code is of; it can't be used again. If it is of none, that counts against each. */
export function takeCode(
  tx: Transaction,
  sealer: Sealer,
  account: AccountId,
  attempt: { readonly devices: readonly AssignedDevice[]; readonly code: string; readonly now: Milliseconds },
): AssignedDevice | undefined {
  const { devices, code, now } = attempt;
  for (const device of devices) {
    const step = stepNow(sealer, account, device, code, now);
    if (step === undefined) continue;
    const { failures: _, ...assigned } = device.assigned;
    putDevice(tx, { ...device, assigned: { ...assigned, lastStep: step } });
    return device;
  }
  for (const device of devices) {
    const { failures } = device.assigned;
    // While it is deaf nothing is judged, so nothing counts.
    if (isLocked(failures, now)) continue;
    putDevice(tx, { ...device, assigned: { ...device.assigned, failures: afterFailure(failures, now, GUESS_RULE) } });
  }
  return undefined;
}
