/**
 * The CRC of two texts together, of theirs alone: crc(AB) = crc(A) * x^(8 |B|) + crc(B), over polynomials with coefficients of
 * one bit, modulo the CRC's own. That holds for CRCs with equal initial value and final XOR, which all of S3's have. Bits are
 * reversed: the highest bit of a value is the coefficient of x^0.
 */
import type { ChecksumName } from '#services/s3/state.ts';

const CRCS: Partial<Record<ChecksumName, { readonly bits: number; readonly polynomial: bigint }>> = {
  CRC32: { bits: 32, polynomial: 0xedb88320n },
  CRC32C: { bits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { bits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

export const combines = (name: ChecksumName): boolean => CRCS[name] !== undefined;

function multiply(a: bigint, b: bigint, bits: number, polynomial: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = 1n << BigInt(bits - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

/** x to the power of 8 times `bytes`. */
function shiftBy(bytes: number, bits: number, polynomial: bigint): bigint {
  const one = 1n << BigInt(bits - 1);
  let power = one;
  let square = one >> 8n;
  for (let left = BigInt(bytes); left > 0n; left >>= 1n) {
    if (left & 1n) power = multiply(power, square, bits, polynomial);
    square = multiply(square, square, bits, polynomial);
  }
  return power;
}

/** `parts` in order: each one's CRC, most significant byte first, and its length. */
export function combineCrcs(name: ChecksumName, parts: readonly { digest: Buffer; bytes: number }[]): Buffer {
  const crc = CRCS[name];
  if (crc === undefined) throw new Error(`${name} of parts does not combine`);
  const { bits, polynomial } = crc;
  let value = 0n;
  for (const { digest, bytes } of parts) {
    const shift = shiftBy(bytes, bits, polynomial);
    value = multiply(value, shift, bits, polynomial) ^ BigInt(`0x${digest.toString('hex')}`);
  }
  return Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex');
}
