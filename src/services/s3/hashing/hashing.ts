/**
 * Hashes of bodies as they stream in. MD5 and a CRC of a large body take longer than all else that the engine does with it, so they
 * are computed in threads, while the engine seals and writes the same bytes. They lie in shared memory, in two halves: one is
 * hashed while the other fills; who fills faster than is hashed waits. A thread starts with the first large body, and ends
 * when there was none for a while. What is short is hashed here: handing it over would cost more.
 */
import { availableParallelism } from 'node:os';
import { present } from '#platform/base/assert.ts';
import { type Clock, seconds, type TimerHandle } from '#platform/base/clock.ts';
import { type HashesInThread, HashingThread } from '#services/s3/hashing/thread.ts';
import { newHasher } from '#services/s3/objects/checksums.ts';
import type { ChecksumName } from '#services/s3/state.ts';

/** The hashes of one stream. */
export interface Hashing {
  /** When it resolves the bytes are the caller's again. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** After the last byte; in the order of the names. */
  digests(): Promise<readonly Buffer[]>;
  /** To be called when it is not needed any more, read or not. */
  release(): void;
}

export interface Hashings {
  begin(names: readonly ChecksumName[], announcedBytes: number | undefined): Promise<Hashing>;
}

const SHORT_BYTES = 4 * 1024 * 1024;
const HALF_BYTES = 128 * 1024;
/** Each has memory of its own. With more than these the engine has no core to give away. */
const MOST_STREAMS = 16;
/** The engine's thread wants a core too. */
const MOST_THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
const LONGEST_REST = seconds(30);

export function hashings(clock: Clock, onFault: (error: unknown) => void, mostThreads = MOST_THREADS): Hashings {
  const threads = new Threads(clock, onFault, mostThreads);
  return {
    begin: async (names, announcedBytes = 0) =>
      (announcedBytes < SHORT_BYTES ? undefined : await threads.begin(names)) ?? (await hashedHere(names)),
  };
}

async function hashedHere(names: readonly ChecksumName[]): Promise<Hashing> {
  const hashers = await Promise.all(names.map(newHasher));
  return {
    update(bytes) {
      for (const hasher of hashers) hasher.update(bytes);
      return undefined;
    },
    digests: async () => hashers.map((hasher) => hasher.digest()),
    release() {
      for (const hasher of hashers) hasher.release();
    },
  };
}

/** Those that run, and memory of streams that have ended. */
class Threads {
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  readonly #most: number;
  #running: HashingThread[] = [];
  #memories: SharedArrayBuffer[] = [];
  #streams = 0;
  #rest: TimerHandle | undefined;

  constructor(clock: Clock, onFault: (error: unknown) => void, most: number) {
    this.#clock = clock;
    this.#onFault = onFault;
    this.#most = most;
  }

  /** The hashes of one stream are spread over as many threads as there may be. Undefined if the stream must do without. */
  async begin(names: readonly ChecksumName[]): Promise<Hashing | undefined> {
    if (this.#streams >= MOST_STREAMS) return undefined;
    this.#rest?.cancel();
    this.#streams++;
    const memory = this.#memories.pop() ?? new SharedArrayBuffer(2 * HALF_BYTES);
    const shares = Math.min(names.length, this.#most);
    const share = (of: number) => names.filter((_, at) => at % shares === of);
    try {
      const parts = Array.from({ length: shares }, (_, of) => this.#leastBusy().begin(share(of), memory));
      return new SharedHashing(names, memory, await Promise.all(parts), () => this.#end(memory));
    } catch (error) {
      // It could not load its code, say: the program's folder may be closed to the user that the server has become.
      this.#onFault(error);
      this.#end(memory);
      return undefined;
    }
  }

  #leastBusy(): HashingThread {
    this.#running = this.#running.filter(({ hasEnded }) => !hasEnded);
    const [least] = this.#running.toSorted((a, b) => a.streams - b.streams);
    if (least !== undefined && (least.streams === 0 || this.#running.length >= this.#most)) return least;
    const started = new HashingThread();
    this.#running.push(started);
    return started;
  }

  #end(memory: SharedArrayBuffer): void {
    this.#memories.push(memory);
    this.#streams--;
    if (this.#streams === 0) this.#rest = this.#clock.after(LONGEST_REST, () => this.#stop());
  }

  #stop(): void {
    for (const thread of this.#running) thread.end();
    this.#running = [];
    this.#memories = [];
  }
}

class SharedHashing implements Hashing {
  readonly #names: readonly ChecksumName[];
  readonly #memory: Uint8Array;
  readonly #parts: readonly HashesInThread[];
  readonly #end: () => void;
  /** Where the half that fills begins, and how much of it is filled. */
  #from = 0;
  #filled = 0;
  /** Of the other half. */
  #read: Promise<unknown> = Promise.resolve();

  constructor(
    names: readonly ChecksumName[],
    memory: SharedArrayBuffer,
    parts: readonly HashesInThread[],
    end: () => void,
  ) {
    this.#names = names;
    this.#memory = new Uint8Array(memory);
    this.#parts = parts;
    this.#end = end;
  }

  update(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#filled + bytes.length <= HALF_BYTES) {
      this.#fill(bytes);
      return undefined;
    }
    return this.#updateByHalves(bytes);
  }

  async #updateByHalves(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === HALF_BYTES) await this.#turn();
      const part = bytes.subarray(at, at + HALF_BYTES - this.#filled);
      this.#fill(part);
      at += part.length;
    }
  }

  #fill(bytes: Uint8Array): void {
    this.#memory.set(bytes, this.#from + this.#filled);
    this.#filled += bytes.length;
  }

  /** Hands over the half that was filled, and goes on with the other when that has been read. */
  async #turn(): Promise<void> {
    const before = this.#read;
    const reading = Promise.all(this.#parts.map((part) => part.update(this.#from, this.#filled)));
    // Whoever waits next is told of it; nobody may.
    reading.catch(() => {});
    this.#read = reading;
    this.#from = HALF_BYTES - this.#from;
    this.#filled = 0;
    await before;
  }

  async digests(): Promise<readonly Buffer[]> {
    await this.#turn();
    const found = await Promise.all(this.#parts.map((part) => part.digests()));
    return this.#names.map((_, at) => {
      const shares = found.length;
      return present(found[at % shares]?.[Math.floor(at / shares)], 'each name is in one share');
    });
  }

  release(): void {
    for (const part of this.#parts) part.drop();
    this.#end();
  }
}
