/**
 * Hashes of bodies as they stream through. MD5 and a CRC of a large body take longer than all else that the engine does with it, so
 * they are computed in threads, spread over as many as there may be, while the engine takes in more. The bytes are copied into shared
 * memory for that, and go on from there: who comes next can hand them to threads as well. What is short is hashed here: handing
 * it over would cost more.
 */
import { present } from '#platform/base/assert.ts';
import type { Clock } from '#platform/base/clock.ts';
import { inSharedPieces, PIECES } from '#platform/threads/shared-pieces.ts';
import { StreamThreads } from '#platform/threads/stream-threads.ts';
import type { Answer, Order, StreamOrder } from '#services/s3/hashing/orders.ts';
import { type WholeHashing, wholeHashing } from '#services/s3/hashing/whole.ts';
import { newHasher } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

/** The hashes of one stream. */
export interface Hashing {
  /** Whether what comes through are pieces of shared memory (`inSharedPieces`). */
  readonly isShared: boolean;
  /** The same bytes, hashed as they pass. */
  through(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** When all are through; in the order of the names. */
  digests(): Promise<readonly Buffer[]>;
  /** To be called when neither it nor what came through is needed any more. */
  release(): void;
}

export interface Hashings {
  /** Of a body that came whole. */
  readonly whole: WholeHashing;
  begin(names: readonly ChecksumName[], announcedBytes: number | undefined): Promise<Hashing>;
}

const SHORT_BYTES = 4 * 1024 * 1024;
/** A message to a thread and its answer cost some 50 us: a piece is not too short for them. */
const MEMORY_BYTES = PIECES * 256 * 1024;

export function hashings(clock: Clock, onFault: (error: unknown) => void, mostThreads?: number): Hashings {
  const threads = new StreamThreads<Order, Answer>({
    clock,
    name: 'hashing',
    memoryBytes: MEMORY_BYTES,
    code: new URL('./worker.ts', import.meta.url),
    ...(mostThreads === undefined ? {} : { mostThreads }),
    onFault,
  });
  return {
    whole: wholeHashing(clock, onFault),
    begin: async (names, announcedBytes = 0) =>
      (announcedBytes < SHORT_BYTES ? undefined : await hashedInThreads(threads, names)) ?? (await hashedHere(names)),
  };
}

async function hashedHere(names: readonly ChecksumName[]): Promise<Hashing> {
  const hashers = await Promise.all(names.map(newHasher));
  return {
    isShared: false,
    async *through(source) {
      for await (const chunk of source) {
        for (const hasher of hashers) hasher.update(chunk);
        yield chunk;
      }
    },
    digests: async () => hashers.map((hasher) => hasher.digest()),
    release() {
      for (const hasher of hashers) hasher.release();
    },
  };
}

async function hashedInThreads(
  threads: StreamThreads<Order, Answer>,
  names: readonly ChecksumName[],
): Promise<Hashing | undefined> {
  return threads.begin(names.length, async ({ stream, memory, threads }, leave) => {
    const all = (orderOf: (share: number) => StreamOrder) =>
      Promise.all(threads.map((thread, share) => thread.ask({ stream, ...orderOf(share) })));
    const shares = threads.length;
    await all((share) => ({ kind: 'begin', names: names.filter((_, at) => at % shares === share) }));
    return {
      isShared: true,
      through: (source) => inSharedPieces(source, memory, (bytes) => all(() => ({ kind: 'update', bytes }))),
      async digests() {
        const found = await all(() => ({ kind: 'digest' }));
        return names.map((_, at) =>
          Buffer.from(present(found[at % shares]?.[Math.floor(at / shares)], 'each name is in one share')),
        );
      },
      release() {
        // What came through is not read any more, and by then not hashed either.
        void all(() => ({ kind: 'drop' }))
          .catch(() => {})
          .then(leave);
      },
    };
  });
}
