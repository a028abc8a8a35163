/** A check sum of bytes that lie here, computed anew: of the whole, or of the sums of its parts. Whatever the storage class. */
import type { Call, Output } from '#platform/service.ts';
import type { ComputedChecksum } from '#services/s3/api.ts';
import { storedKeys } from '#services/s3/encryption/object-keys.ts';
import { type Hasher, newHasher } from '#services/s3/objects/checksums.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { openBody, piecesOf } from '#services/s3/objects/get.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import type { ChecksumName, Piece } from '#services/s3/state.ts';

export interface ChecksumInput extends ReadTarget {
  readonly algorithm: ChecksumName;
  readonly isComposite: boolean;
}

export const computeChecksum =
  (parts: S3Parts) =>
  async (input: ChecksumInput, call: Call): Promise<Output> => {
    const { bucket, row } = findObject(parts, input, call);
    const keys = await storedKeys(parts, call, bucket, row.encryption, undefined);
    const pieces = piecesOf(row, call);
    const { algorithm } = input;
    const digestOf = (some: readonly Piece[]) =>
      hashed(algorithm, async (hasher) => {
        const end = some.reduce((sum, { bytes }) => sum + bytes, 0);
        const body = await openBody(parts, call, keys, some, { start: 0, end });
        if (body instanceof Uint8Array) hasher.update(body);
        else for await (const chunk of body) hasher.update(chunk);
      });
    if (!input.isComposite) {
      return { computed: { digest: await digestOf(pieces), etag: row.etag } satisfies ComputedChecksum };
    }
    const sums: Buffer[] = [];
    for (const piece of pieces) sums.push(await digestOf([piece]));
    const digest = await hashed(algorithm, async (hasher) => hasher.update(Buffer.concat(sums)));
    return { computed: { digest, parts: sums.length, etag: row.etag } satisfies ComputedChecksum };
  };

async function hashed(name: ChecksumName, feed: (hasher: Hasher) => Promise<unknown>): Promise<Buffer> {
  const hasher = await newHasher(name);
  try {
    await feed(hasher);
    return hasher.digest();
  } finally {
    hasher.release();
  }
}
