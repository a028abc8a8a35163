/**
 * Long blobs are sealed and written by threads, where their bytes lie in shared memory: the cipher, the check sums and the copy into the
 * system's cache take more of a core than all else that the engine does with such a body. The file stays the engine's, which opens,
 * syncs and names it.
 */
import { present } from '#platform/base/assert.ts';
import type { Clock } from '#platform/base/clock.ts';
import { PIECES } from '#platform/threads/shared-pieces.ts';
import { StreamThreads } from '#platform/threads/stream-threads.ts';

export type SealOrder = { readonly stream: number } & (
  | { readonly kind: 'begin'; readonly file: number; readonly offset: number; readonly key: Uint8Array }
  /** The bytes lie in shared memory. */
  | { readonly kind: 'seal'; readonly bytes: Uint8Array }
  /** Answered by how many bytes the blob has. */
  | { readonly kind: 'end' }
  | { readonly kind: 'drop' }
);

export interface SealThreads {
  /** Resolves when all is written, to the number of the blob's bytes. Undefined: nothing was taken, the engine is to do it. */
  write(to: SealedFile, source: AsyncIterable<Uint8Array>): Promise<number | undefined>;
}

export interface SealedFile {
  readonly file: number;
  readonly offset: number;
  readonly key: Uint8Array;
}

export function sealThreads(clock: Clock, onFault: (error: unknown) => void): SealThreads {
  const code = new URL('./seal-thread.ts', import.meta.url);
  const threads = new StreamThreads<SealOrder, number>({ clock, name: 'sealing', code, onFault });
  return {
    async write(to, source) {
      const begun = await threads.begin(1, async ({ stream, threads }, leave) => {
        const thread = present(threads[0], 'there is always a thread');
        await thread.ask({ kind: 'begin', stream, ...to });
        return { stream, thread, leave };
      });
      if (begun === undefined) return undefined;
      const { stream, thread, leave } = begun;
      try {
        const sealing: Promise<unknown>[] = [];
        for await (const bytes of source) {
          const sealed = thread.ask({ kind: 'seal', stream, bytes });
          // Who waits for it is told.
          sealed.catch(() => {});
          sealing.push(sealed);
          if (sealing.length === PIECES) await sealing.shift();
        }
        await Promise.all(sealing);
        return await thread.ask({ kind: 'end', stream });
      } finally {
        // From its answer on the thread has nothing to do with the file, and not before.
        await thread.ask({ kind: 'drop', stream }).catch(() => {});
        leave();
      }
    },
  };
}
