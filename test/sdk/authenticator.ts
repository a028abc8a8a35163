/** An authenticator app: the codes that a virtual MFA device shows, by the cloud's clock. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import * as iam from '@aws-sdk/client-iam';
import { seconds } from '#platform/base/clock.ts';
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

/** RFC 6238 as an app has it, apart from the cloud's own: six digits of an HMAC over the number of the half minute. */
function codeOf(seed: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', seed).update(counter).digest();
  const number = mac.readUInt32BE(mac.readUInt8(19) % 16) % 2 ** 31;
  return String(number % 1_000_000).padStart(6, '0');
}

/** The codes of a seed in base 32, which is what people type into their app. */
export const codesOf =
  (c: TestCloud, seed: string): Authenticator['code'] =>
  (ahead = 0) =>
    codeOf(fromBase32(seed), Math.floor(c.clock.now() / seconds(30)) + ahead);

export async function newAuthenticator(c: TestCloud, client: iam.IAMClient, name: string): Promise<Authenticator> {
  const { VirtualMFADevice: device } = await client.send(
    new iam.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }),
  );
  assert.ok(device?.SerialNumber && device.Base32StringSeed);
  const seed = Buffer.from(device.Base32StringSeed).toString('latin1');
  return { serial: device.SerialNumber, code: codesOf(c, seed) };
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

const ownUser = `arn:aws:iam::*:user/\${aws:username}`;
/** "AWS: Allows MFA-authenticated IAM users to manage their own credentials on the Security credentials page", as it stands there. */
export const ENFORCE_MFA: object[] = [
  {
    Sid: 'AllowViewAccountInfo',
    Effect: 'Allow',
    Action: ['iam:GetAccountPasswordPolicy', 'iam:GetAccountSummary', 'iam:ListVirtualMFADevices'],
    Resource: '*',
  },
  { Sid: 'AllowManageOwnPasswords', Effect: 'Allow', Action: ['iam:ChangePassword', 'iam:GetUser'], Resource: ownUser },
  {
    Sid: 'AllowManageOwnAccessKeys',
    Effect: 'Allow',
    Action: ['iam:CreateAccessKey', 'iam:DeleteAccessKey', 'iam:ListAccessKeys', 'iam:UpdateAccessKey'],
    Resource: ownUser,
  },
  {
    Sid: 'AllowManageOwnVirtualMFADevice',
    Effect: 'Allow',
    Action: ['iam:CreateVirtualMFADevice', 'iam:DeleteVirtualMFADevice'],
    Resource: `arn:aws:iam::*:mfa/\${aws:username}`,
  },
  {
    Sid: 'AllowManageOwnUserMFA',
    Effect: 'Allow',
    Action: ['iam:DeactivateMFADevice', 'iam:EnableMFADevice', 'iam:ListMFADevices', 'iam:ResyncMFADevice'],
    Resource: ownUser,
  },
  {
    Sid: 'DenyAllExceptListedIfNoMFA',
    Effect: 'Deny',
    NotAction: [
      'iam:CreateVirtualMFADevice',
      'iam:EnableMFADevice',
      'iam:GetUser',
      'iam:ListMFADevices',
      'iam:ListVirtualMFADevices',
      'iam:ResyncMFADevice',
      'sts:GetSessionToken',
    ],
    Resource: '*',
    Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
  },
];
