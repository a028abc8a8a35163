/** An authenticator app: the codes that a virtual MFA device shows, by the cloud's clock. */
import assert from 'node:assert/strict';
import * as iam from '@aws-sdk/client-iam';
import { seconds } from '#platform/base/clock.ts';
import { codeOf, stepAt } from '#services/iam/mfa/totp.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';

export interface Authenticator {
  readonly serial: string;
  /** The code that is shown `ahead` periods from now. */
  code(ahead?: number): string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** By the definition: five bits a character. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (character) => ALPHABET.indexOf(character).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export async function newAuthenticator(c: TestCloud, client: iam.IAMClient, name: string): Promise<Authenticator> {
  const { VirtualMFADevice: device } = await client.send(
    new iam.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
  );
  assert.ok(device?.SerialNumber && device.Base32StringSeed);
  const seed = fromBase32(Buffer.from(device.Base32StringSeed).toString('latin1'));
  return { serial: device.SerialNumber, code: (ahead = 0) => codeOf(seed, stepAt(c.clock.now()) + ahead) };
}

/** Enables it for a user, and moves the clock to where its codes are new again. */
export async function enable(
  c: TestCloud,
  client: iam.IAMClient,
  UserName: string,
  { serial: SerialNumber, code }: Authenticator,
): Promise<void> {
  const codes = { AuthenticationCode1: code(-1), AuthenticationCode2: code(0) };
  await client.send(new iam.EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
  c.advance(seconds(60));
}
