/** What the thread of a query and its owner tell each other. */
import type { SelectErrorCode } from '#services/s3/select/errors.ts';

/** To the thread: what it has asked for; undefined is the end. */
export interface Given {
  readonly chunk: Uint8Array | undefined;
}

interface Found {
  readonly records: string;
  /** Of all, decompressed. */
  readonly processedBytes: number;
}

export type Told =
  /** The next chunk, please; what was found in the last one. */
  | ({ readonly kind: 'next' | 'done' } & Found)
  /** These bytes of the object, please. */
  | ({ readonly kind: 'range'; readonly start: number; readonly end: number } & Found)
  | { readonly kind: 'refused'; readonly code: SelectErrorCode; readonly detail: string | undefined };
