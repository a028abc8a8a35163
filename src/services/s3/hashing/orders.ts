/** What the engine and a hashing thread tell each other. The thread carries orders out one after another. */
import type { ChecksumName } from '#services/s3/state.ts';

export type Order =
  | {
      readonly kind: 'begin';
      readonly stream: number;
      readonly names: readonly ChecksumName[];
      /** Where the stream's bytes will lie. */
      readonly memory: SharedArrayBuffer;
    }
  | { readonly kind: 'update'; readonly stream: number; readonly from: number; readonly bytes: number }
  | { readonly kind: 'digest'; readonly stream: number }
  | { readonly kind: 'drop'; readonly stream: number };

/** Of an update: its bytes have been read. Of a digest: the sums, in the order of the names. A drop has none. */
export type Answer = undefined | readonly Uint8Array[];
