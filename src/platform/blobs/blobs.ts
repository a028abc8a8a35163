/**
 * The contract of blob stores: bytes that are too many for a row. A service puts a blob, then commits a row that says where it
 * lies; so a row never names bytes that are not on disk, and what a crash leaves without a row is found by the sweep. A blob
 * is never changed. It knows its owner (a few bytes of the service's own, telling the row), so that a driver may ask whether it
 * is still wanted, and may tell where it went when it was moved.
 */
import type { Branded } from '#platform/base/ids.ts';
import type { BlobRow, BlobRows } from '#platform/blobs/rows.ts';

/** Where a blob lies: text for a row, opaque to all but its driver. */
export type BlobPlace = Branded<'BlobPlace'>;

export interface StoredBlob {
  readonly place: BlobPlace;
  /** Of the blob itself, not of the room that it takes. */
  readonly bytes: number;
  /** Not on disk: `nameBlob` puts it there with the row that names it. */
  readonly row?: BlobRow;
  /** The row is committed, or will never be: from now on the sweep may ask for this blob's owner. */
  settle(): void;
}

export interface PutOptions {
  /** At most 4 KiB. */
  readonly owner: string;
  /** How long a stream is said to be: a long one is written as it comes, and not held until it proves long. */
  readonly announcedBytes?: number;
  /** What is to be sealed comes in pieces of shared memory (`inSharedPieces`), which threads may read. */
  readonly isShared?: boolean;
  /** Who names it does so by `nameBlob` (rows.ts): what is short may lie beside the row then. */
  readonly mayBeRow?: boolean;
  /** 32 bytes, of this blob alone: it is sealed with AES-256-GCM, block by block. */
  readonly key?: Uint8Array;
  /** The source is another sealed blob as `readSealed` gives it, of so many bytes: it is stored as it is, under the key it has. */
  readonly sealedBytes?: number;
}

export interface BlobRange {
  /** From the blob's first byte; `end` is not included. */
  readonly start: number;
  readonly end: number;
}

export interface ReadOptions {
  readonly key?: Uint8Array;
  /** What the key opens may stay in memory for the next reader who shows it; so the bytes are not to be changed. */
  readonly mayKeep?: boolean;
  /** Where the row is that names it. */
  readonly rows?: BlobRows;
}

/** Who still wants which blob. */
export interface BlobOwners {
  /** Whether the owner's row names this place. A `false` rests on rows that are on disk: no crash takes it back. */
  isWanted(owner: string, place: BlobPlace): Promise<boolean>;
  /** The same bytes lie in another place now: on disk when the promise resolves; false if the row no longer names `from`. */
  moved(owner: string, from: BlobPlace, to: BlobPlace): Promise<boolean>;
}

export interface SweepResult {
  /** Blobs that nobody wanted any more. */
  readonly dropped: number;
  readonly moved: number;
  readonly freedBytes: number;
}

/** How a process has a folder of blobs together with others of its cloud. */
export interface BlobSharing {
  /** The number under which this process writes: no other has it, and none will have it again. Who is alone writes under 0. */
  writer(): number;
  /**
   * Of the writers that are gone by the time of the call, whose blobs fall to this process: to no other as long as that says so. What
   * such a writer has not named by a row it never will.
   */
  inheritance(): Promise<(writer: number) => boolean>;
}

/** Who watches a scrub. */
export interface ScrubWatch {
  readonly signal: AbortSignal;
  /** So many bytes were read: it goes on when the promise resolves. */
  read(bytes: number): Promise<void> | undefined;
  /** The place of a damaged blob, or what is known of it. */
  damaged(what: string): void;
}

export interface Blobs {
  /**
   * On disk when the promise resolves, or within the place itself or a row beside it, and so with the row that names it. Bytes that stop coming (the
   * iterable throws) leave nothing behind. A chunk that is to be sealed is its giver's again when the next is asked for, unless it is
   * shared.
   */
  put(source: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob>;
  /**
   * The bytes of a range, checked. A short range comes as one buffer, a long one as a stream whose first part has been
   * checked. Throws BlobDamaged.
   */
  read(place: BlobPlace, range: BlobRange, options?: ReadOptions): Promise<Uint8Array | AsyncIterable<Uint8Array>>;
  /** What is stored of a sealed blob, for a copy by somebody who does not have its key. */
  readSealed(place: BlobPlace, rows?: BlobRows): Promise<AsyncIterable<Uint8Array>>;
  /** What is read later stays until then, also if it is discarded. The answer ends that. */
  pin(places: readonly BlobPlace[]): () => void;
  /** No row names it any more. Its room is given back, at once or by and by. */
  discard(place: BlobPlace): void;
  /**
   * Drops what nobody wants, gathers what is left of half-empty segments. What was moved lies in its old place until the next
   * sweep: who began to read there goes on. While a backup copies nothing is dropped. Among several processes each does it for what it has
   * written, and for what falls to it of those that are gone.
   */
  sweep(owners: BlobOwners, signal: AbortSignal): Promise<SweepResult>;
  /** Reads what the sweep cares for and checks it, without keys. The next sweep asks for all owners again. */
  scrub(watch: ScrubWatch): Promise<void>;
  close(): Promise<void>;
}

/** The bytes are not what was put there, or are gone. Never answered as if they were right. */
export class BlobDamaged extends Error {
  override name = 'BlobDamaged';
}
