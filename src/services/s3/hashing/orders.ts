/** What the engine tells a hashing thread. */
import type { ChecksumName } from '#services/s3/state.ts';

export type StreamOrder =
  | { readonly kind: 'begin'; readonly names: readonly ChecksumName[] }
  /** The bytes lie in shared memory. */
  | { readonly kind: 'update'; readonly bytes: Uint8Array }
  | { readonly kind: 'digest' }
  | { readonly kind: 'drop' };

export type Order = StreamOrder & { readonly stream: number };

/** Of a digest: the sums, in the order of the names. Of the others: none. */
export type Answer = readonly Uint8Array[];
