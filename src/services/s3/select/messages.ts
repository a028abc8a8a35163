/** What the thread of a query and its owner tell each other. */
import type { SelectErrorCode } from '#services/s3/select/errors.ts';

/** To the thread: undefined is the end. */
export interface Given {
  readonly chunk: Uint8Array | undefined;
}

export type Told =
  /** The next chunk, please; what was found in the last one. `processedBytes`: of all, decompressed. */
  | { readonly kind: 'next' | 'done'; readonly records: string; readonly processedBytes: number }
  | { readonly kind: 'refused'; readonly code: SelectErrorCode; readonly detail: string | undefined };
