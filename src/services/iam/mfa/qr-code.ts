/** The picture that an authenticator app takes a seed from. */
import { uqr } from '#platform/packages.ts';
import { blackAndWhitePng } from '#services/iam/mfa/png.ts';

const PIXELS_A_MODULE = 5;
/** "The quiet zone", four modules wide (ISO/IEC 18004). */
const BORDER = 4;

/** The form that IAM documents for VirtualMFADevice's QRCodePNG. */
export const otpauthUri = (deviceName: string, accountName: string, seed: string): string =>
  `otpauth://totp/${encodeURIComponent(deviceName)}@${encodeURIComponent(accountName)}?secret=${seed}`;

export async function qrCodePng(text: string): Promise<Buffer> {
  // Loaded when the first device is made: few calls need it.
  const { encode } = await uqr();
  return blackAndWhitePng(encode(text, { ecc: 'M', border: BORDER }).data, PIXELS_A_MODULE);
}
