/** Ranges of blobs: which blocks hold them, where those lie, and what of their bytes they are. */
import type { BlobRange } from '#platform/blobs/blobs.ts';
import { BLOCK_BYTES, blockOffset, checkBlocks, openBlocks, storedBytes } from '#platform/blobs/blocks.ts';
import type { StoredPlace } from '#platform/blobs/filesystem/places.ts';
import { giveBack } from '#platform/blobs/give-back.ts';

const STEP_BLOCKS = 16;

export interface Source {
  read(offset: number, bytes: number): Buffer | Promise<Buffer>;
  close(): Promise<void>;
}

/** A part of a range that ends with a block. */
export function stepOf({ start, end }: BlobRange): BlobRange {
  const block = Math.floor(start / BLOCK_BYTES);
  return { start, end: Math.min(end, (block + STEP_BLOCKS) * BLOCK_BYTES) };
}

/** Whole blocks are read and checked; of them the range is given out. */
export async function readRange(
  source: Source,
  place: StoredPlace,
  range: BlobRange,
  key: Uint8Array | undefined,
): Promise<Uint8Array> {
  const { offset, bytes, first, cut } = blocksOf(place, range, key !== undefined);
  const stored = await source.read(offset, bytes);
  const plain = openBlocks(stored, first, key);
  // What is not sealed is not copied when it is opened.
  if (key !== undefined) giveBack(stored);
  return cut(plain);
}

/** The blocks that hold a range: where they lie, the number of the first, and what of their bytes is the range. */
export function blocksOf({ offset, bytes }: StoredPlace, { start, end }: BlobRange, isSealed: boolean) {
  const first = Math.floor(start / BLOCK_BYTES);
  const from = blockOffset(first, isSealed);
  const to = Math.min(blockOffset(Math.ceil(end / BLOCK_BYTES), isSealed), storedBytes(bytes, isSealed));
  const skip = start - first * BLOCK_BYTES;
  return {
    offset: offset + from,
    bytes: to - from,
    first,
    cut: (plain: Uint8Array): Uint8Array => plain.subarray(skip, skip + end - start),
  };
}

export async function checkStored(
  source: Source,
  place: StoredPlace,
  isSealed: boolean,
  onRead: (bytes: number) => Promise<void> | undefined,
): Promise<void> {
  for await (const { length } of storedSteps(source, place, isSealed)) await onRead(length);
}

/** All that is stored, checked. */
export async function* storedSteps(
  source: Source,
  { offset, bytes }: StoredPlace,
  isSealed: boolean,
): AsyncGenerator<Uint8Array> {
  const size = storedBytes(bytes, isSealed);
  const step = blockOffset(STEP_BLOCKS, isSealed);
  for (let at = 0; at < size; at += step) {
    const stored = await source.read(offset + at, Math.min(step, size - at));
    checkBlocks(stored, isSealed);
    yield stored;
  }
}
