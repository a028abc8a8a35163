/**
 * Has the disk take a long blob while it still comes, as all of it at once, at its end, takes longer. The system tells of a write that failed
 * once, to the sync that comes next: so a failed one of these is the blob's failure, whatever the last sync says.
 */
import type { FileHandle } from 'node:fs/promises';

/** So much may come before the disk is asked to take what was written. */
const SYNC_BYTES = 8 * 1024 * 1024;

export class EarlySyncs {
  readonly #handle: Pick<FileHandle, 'datasync'>;
  #isSyncing = false;
  #last: Promise<void> = Promise.resolve();

  constructor(handle: Pick<FileHandle, 'datasync'>) {
    this.#handle = handle;
  }

  /** The same, of a blob that is written as it comes. */
  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      yield chunk;
      if (bytes < SYNC_BYTES || this.#isSyncing) continue;
      bytes = 0;
      this.#isSyncing = true;
      // After one that failed there is no other.
      this.#last = this.#handle.datasync().then(() => {
        this.#isSyncing = false;
      });
      // Who waits for the end is told.
      this.#last.catch(() => {});
    }
  }

  /** Rejects if one of them has failed. */
  ended(): Promise<void> {
    return this.#last;
  }
}
