/**
 * The chain of signatures in an aws-chunked body (S3 API Reference, "Signature calculations for the Authorization header:
 * transferring payload in multiple chunks"): each chunk signs its own hash and the signature before it, beginning with
 * the request's. So chunks can't be changed, dropped, repeated or put in another order.
 */
import { sha256Hex } from '#gateway/auth/digest.ts';
import type { Algorithm } from '#gateway/auth/faults.ts';

/** Whether `signature` is that of `stringToSign` under the signer's key. */
export type SignatureCheck = (stringToSign: string, signature: string) => boolean;

export interface ChunkSignatures {
  /** False if this is not what comes next in the chain; the chain is then of no further use. */
  acceptsChunk(data: Uint8Array, signature: string): boolean;
  /** `trailers` is `name:value\n` of each, sorted by name. */
  acceptsTrailers(trailers: string, signature: string): boolean;
}

const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function chunkSignatures(
  algorithm: Algorithm,
  signed: { readonly timestamp: string; readonly scope: string; readonly signature: string },
  check: SignatureCheck,
): ChunkSignatures {
  // Of ECDSA signatures the padding that chunks have is not chained.
  let previous = signed.signature;
  const accepts = (stringToSign: string, signature: string): boolean => {
    if (!check(stringToSign, signature)) return false;
    previous = signature.replace(/\*+$/, '');
    return true;
  };
  const head = (kind: 'PAYLOAD' | 'TRAILER'): string =>
    `${algorithm}-${kind}\n${signed.timestamp}\n${signed.scope}\n${previous}\n`;
  return {
    acceptsChunk: (data, signature) => accepts(`${head('PAYLOAD')}${EMPTY_HASH}\n${sha256Hex(data)}`, signature),
    acceptsTrailers: (trailers, signature) => accepts(head('TRAILER') + sha256Hex(trailers), signature),
  };
}
