/** What IAM keeps of MFA devices. A device is keyed by its serial number, which is its ARN. */
import type { Failures } from '#platform/attempts.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';

export interface MfaDeviceRow {
  readonly serial: string;
  readonly createdAt: Milliseconds;
  /** The shared secret, sealed for this row. */
  readonly sealedSeed: string;
  /** Undefined: nobody has it. */
  readonly assigned?: Assignment;
}

export interface Assignment {
  /** A user's unique id, or `root`. */
  readonly owner: string;
  readonly enabledAt: Milliseconds;
  /** How many steps of time the device is ahead of us, as the last two consecutive codes showed. */
  readonly drift: number;
  /** The step of the last code that was taken: no code is taken twice, and none that is older. */
  readonly lastStep: number;
  readonly failures?: Failures;
}

export const mfaDevices = table('mfa-device', [text], jsonRows<MfaDeviceRow>(1));
/** Owner (a user's id or `root`), serial number. */
export const devicesOfOwner = table('mfa-of', [text, text], jsonRows<Readonly<Record<string, never>>>(1));

export const mfaTables = [mfaDevices, devicesOfOwner] as const;
