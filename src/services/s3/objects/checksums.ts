/**
 * The ten check sums of S3, in one form: fed with bytes, read as a digest. SHA and MD5 are Node's; CRC-32 is zlib's; the others
 * come from hash-wasm, whose hashers hold memory of their own and are used again. CRCs of parts combine to that of the
 * whole (crc-combine.ts), which is why only they can be FULL_OBJECT in a multipart upload.
 */

import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { hashWasm } from '#platform/packages.ts';
import type { ChecksumName } from '#services/s3/state.ts';

export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
  /** To be called when the hasher is not needed any more, read or not. */
  release(): void;
}

interface WasmHasher {
  init(): void;
  update(bytes: Uint8Array): void;
  digest(form: 'hex'): string;
}

export const CHECKSUM_NAMES: readonly ChecksumName[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
];

/** The member of requests and answers: `ChecksumCRC32`; its header: `x-amz-checksum-crc32`. */
export const checksumMember = (name: ChecksumName): `Checksum${ChecksumName}` => `Checksum${name}`;
export const checksumHeader = (name: ChecksumName): string => `x-amz-checksum-${name.toLowerCase()}`;

export const DIGEST_BYTES: Readonly<Record<ChecksumName, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/** Castagnoli's and NVMe's polynomials, bits reversed, as CRCs of this family are computed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC64NVME_POLYNOMIAL = '9a6c9329ac4bc9b5';

const NODE_NAMES: Partial<Record<ChecksumName, string>> = {
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA512: 'sha512',
  MD5: 'md5',
};

const idle = new Map<ChecksumName, WasmHasher[]>();
const MOST_IDLE = 64;

export async function newHasher(name: ChecksumName): Promise<Hasher> {
  const node = NODE_NAMES[name];
  if (node !== undefined) {
    const digest = createHash(node);
    return { update: (bytes) => void digest.update(bytes), digest: () => digest.digest(), release: () => {} };
  }
  if (name === 'CRC32') return crc32Hasher();
  const hasher = idle.get(name)?.pop() ?? (await newWasmHasher(name));
  hasher.init();
  return {
    update: (bytes) => hasher.update(bytes),
    digest: () => Buffer.from(hasher.digest('hex'), 'hex'),
    release() {
      const waiting = idle.get(name) ?? [];
      if (waiting.length < MOST_IDLE) waiting.push(hasher);
      idle.set(name, waiting);
    },
  };
}

function crc32Hasher(): Hasher {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
    release: () => {},
  };
}

async function newWasmHasher(name: ChecksumName): Promise<WasmHasher> {
  const wasm = await hashWasm();
  switch (name) {
    case 'CRC32C':
      return wasm.createCRC32(CRC32C_POLYNOMIAL);
    case 'CRC64NVME':
      return wasm.createCRC64(CRC64NVME_POLYNOMIAL);
    case 'XXHASH64':
      return wasm.createXXHash64();
    case 'XXHASH3':
      return wasm.createXXHash3();
    case 'XXHASH128':
      return wasm.createXXHash128();
    default:
      throw new Error(`no WebAssembly hasher for ${name}`);
  }
}

/** Of bytes that are at hand. */
export async function digestOf(name: ChecksumName, bytes: Uint8Array): Promise<Buffer> {
  const node = NODE_NAMES[name];
  if (node !== undefined) return hash(node, bytes, 'buffer');
  const hasher = await newHasher(name);
  hasher.update(bytes);
  const digest = hasher.digest();
  hasher.release();
  return digest;
}
