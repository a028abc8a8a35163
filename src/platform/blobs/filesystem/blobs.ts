/**
 * Blobs on a file system. What is at most `SEGMENT_BLOB_BYTES` long is appended to a segment and shares its sync with others;
 * what is longer gets a file. A segment of which half is given up is read once more: what is still wanted moves to the segment
 * that is written now, and the file goes with the next sweep. So the disk holds at most twice what is wanted, what the last
 * sweep moved, one segment, and what it had not seen.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  BlobOwners,
  BlobPlace,
  BlobRange,
  Blobs,
  PutOptions,
  StoredBlob,
  SweepResult,
} from '#platform/blobs/blobs.ts';
import { BlobDamaged } from '#platform/blobs/blobs.ts';
import {
  BLOCK_BYTES,
  blockOffset,
  blockWriter,
  checkBlocks,
  isSealedBy,
  openBlocks,
  storedBytes,
} from '#platform/blobs/blocks.ts';
import { BlobFiles } from '#platform/blobs/filesystem/files.ts';
import { HoldWatch } from '#platform/blobs/filesystem/hold.ts';
import { type Place, placeText, readPlace } from '#platform/blobs/filesystem/places.ts';
import { encodeHead } from '#platform/blobs/filesystem/records.ts';
import { type FoundRecord, Segments } from '#platform/blobs/filesystem/segments.ts';
import { released } from '#platform/blobs/released.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

const SEGMENT_BLOB_BYTES = 1024 * 1024;
/** A range up to this is read and checked whole before its first byte is given out. */
const WHOLE_READ_BYTES = 1024 * 1024;
const STEP_BLOCKS = 16;

export async function openFilesystemBlobs(folder: string, onFault: (error: unknown) => void): Promise<Blobs> {
  const [segments, files] = [join(folder, 'segments'), join(folder, 'files')];
  for (const each of [segments, files]) await mkdir(each, { recursive: true, mode: 0o700 });
  const hold = new HoldWatch(folder);
  return new FilesystemBlobs(await Segments.open(segments), await BlobFiles.open(files), hold, onFault);
}

class FilesystemBlobs implements Blobs {
  readonly #segments: Segments;
  readonly #files: BlobFiles;
  readonly #hold: HoldWatch;
  readonly #onFault: (error: unknown) => void;
  /** Put, but not yet settled: nobody can say whether they are wanted. */
  readonly #unsettled = new Set<BlobPlace>();
  /** How many readers will come to it yet. */
  readonly #pins = new Map<BlobPlace, number>();
  /** Discarded while pinned. */
  readonly #doomed = new Set<BlobPlace>();
  /** Segment -> what was wanted of it when it was last looked through, less what was given up since. */
  readonly #known = new Map<number, { wanted: number; readonly all: number }>();

  constructor(segments: Segments, files: BlobFiles, hold: HoldWatch, onFault: (error: unknown) => void) {
    this.#segments = segments;
    this.#files = files;
    this.#hold = hold;
    this.#onFault = onFault;
  }

  async put(source: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    try {
      return await this.#put(source, options);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw DISK_REFUSES.has(code) ? new StoreUnavailable(`a blob can't be written: ${code}`, { cause: error }) : error;
    }
  }

  async #put(source: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    if (source instanceof Uint8Array) {
      return source.length <= SEGMENT_BLOB_BYTES
        ? this.#append([source], options)
        : this.#writeFile([source], NOTHING, options);
    }
    const first: Uint8Array[] = [];
    let bytes = 0;
    const iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return this.#append(first, options);
      first.push(value);
      bytes += value.length;
      if (bytes > SEGMENT_BLOB_BYTES) break;
    }
    const rest = { [Symbol.asyncIterator]: () => iterator };
    return this.#writeFile(first, rest, options);
  }

  async #append(chunks: readonly Uint8Array[], options: PutOptions): Promise<StoredBlob> {
    const encoder = blockWriter(options);
    const blocks = chunks.flatMap((chunk) => encoder.push(chunk));
    blocks.push(...encoder.end());
    const { bytes } = encoder;
    const isSealed = isSealedBy(options);
    const head = encodeHead({ owner: options.owner, bytes, isSealed });
    const size = head.length + storedBytes(bytes, isSealed);
    const { segment, offset } = await this.#segments.append([head, ...blocks], size);
    return this.#stored({ kind: 'segment', segment, offset: offset + head.length, bytes });
  }

  async #writeFile(
    first: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<StoredBlob> {
    let announced: StoredBlob | undefined;
    try {
      const place = await this.#files.write(first, rest, options, (coming) => {
        announced = this.#stored(coming);
      });
      return announced ?? this.#stored(place);
    } catch (error) {
      announced?.settle();
      throw error;
    }
  }

  #stored(place: Place): StoredBlob {
    const text = placeText(place);
    this.#unsettled.add(text);
    return { place: text, bytes: place.bytes, settle: () => void this.#unsettled.delete(text) };
  }

  async read(text: BlobPlace, range: BlobRange, key?: Uint8Array): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    const place = readPlace(text);
    const { start, end } = range;
    if (start < 0 || end > place.bytes || start > end) throw new RangeError(`${text} has no range ${start}-${end}`);
    if (start === end) return new Uint8Array(0);
    const source = await this.#source(place);
    if (end - start > WHOLE_READ_BYTES) return this.#stream(source, place, range, key);
    try {
      return await readRange(source, place, range, key);
    } finally {
      await source.close();
    }
  }

  /** The first step is read before anything is answered, so that a damaged beginning is an error and no broken stream. */
  async #stream(source: Source, place: Place, range: BlobRange, key: Uint8Array | undefined) {
    const first = stepOf(range);
    let opening: Uint8Array;
    try {
      opening = await readRange(source, place, first, key);
    } catch (error) {
      await source.close();
      throw error;
    }
    const steps = (async function* () {
      yield opening;
      for (let start = first.end; start < range.end; ) {
        const step = stepOf({ start, end: range.end });
        yield await readRange(source, place, step, key);
        start = step.end;
      }
    })();
    return released(steps, () => void source.close().catch(this.#onFault));
  }

  pin(places: readonly BlobPlace[]): () => void {
    for (const place of places) this.#pins.set(place, (this.#pins.get(place) ?? 0) + 1);
    return () => {
      for (const place of places) this.#unpin(place);
    };
  }

  #unpin(place: BlobPlace): void {
    const others = (this.#pins.get(place) ?? 1) - 1;
    if (others > 0) {
      this.#pins.set(place, others);
      return;
    }
    this.#pins.delete(place);
    if (this.#doomed.delete(place)) this.#remove(place);
  }

  async readSealed(text: BlobPlace): Promise<AsyncIterable<Uint8Array>> {
    const place = readPlace(text);
    const source = await this.#source(place);
    return (async function* () {
      try {
        yield* storedSteps(source, place, true);
      } finally {
        await source.close();
      }
    })();
  }

  async #source(place: Place): Promise<Source> {
    if (place.kind === 'segment') {
      const { segment } = place;
      return { read: (offset, bytes) => this.#segments.read(segment, offset, bytes), close: async () => {} };
    }
    const handle = await this.#files.openBlob(place.id);
    return {
      async read(offset, bytes) {
        const buffer = Buffer.allocUnsafe(bytes);
        const { bytesRead } = await handle.read(buffer, 0, bytes, offset);
        if (bytesRead < bytes) throw new BlobDamaged(`the file of blob ${place.id} is too short`);
        return buffer;
      },
      close: () => handle.close(),
    };
  }

  discard(text: BlobPlace): void {
    const place = readPlace(text);
    this.#unsettled.delete(text);
    const known = place.kind === 'segment' ? this.#known.get(place.segment) : undefined;
    if (known) known.wanted -= place.bytes;
    if (this.#pins.has(text)) this.#doomed.add(text);
    else this.#remove(text);
  }

  #remove(text: BlobPlace): void {
    const place = readPlace(text);
    // While a backup copies it is left to a later sweep.
    if (place.kind === 'file' && !this.#hold.isHeld) void this.#files.remove(place.id).catch(this.#onFault);
  }

  /** Nobody may ask for its owner yet, or somebody reads it. */
  #isInUse(place: BlobPlace): boolean {
    return this.#unsettled.has(place) || this.#pins.has(place);
  }

  async sweep(owners: BlobOwners, signal: AbortSignal): Promise<SweepResult> {
    const result = { dropped: 0, moved: 0, freedBytes: 0 };
    for await (const { id, offset, bytes, owner } of this.#files.all()) {
      const place = placeText({ kind: 'file', id, offset, bytes });
      if (this.#isInUse(place) || (await owners.isWanted(owner, place))) continue;
      if (signal.aborted || this.#hold.isHeld) return result;
      await this.#files.remove(id);
      result.dropped++;
      result.freedBytes += bytes;
    }
    for (const segment of await this.#segments.closed()) {
      if (signal.aborted || this.#hold.isHeld) return result;
      const known = this.#known.get(segment);
      if (known !== undefined && !isHalfEmpty(known)) continue;
      try {
        await this.#sweepSegment(segment, owners, result, signal);
      } catch (error) {
        // A damaged segment stays as it is, for what can still be read of it; the others go on.
        if (!(error instanceof BlobDamaged)) throw error;
        this.#onFault(error);
      }
    }
    return result;
  }

  async #sweepSegment(
    segment: number,
    owners: BlobOwners,
    result: { dropped: number; moved: number; freedBytes: number },
    signal: AbortSignal,
  ): Promise<void> {
    const wanted: FoundRecord[] = [];
    let [wantedBytes, all, dropped] = [0, 0, 0];
    for await (const record of this.#segments.records(segment)) {
      if (signal.aborted) return;
      all += record.size;
      const place = placeOf(record);
      if (this.#isInUse(place)) return;
      if (await owners.isWanted(record.owner, place)) {
        wanted.push(record);
        wantedBytes += record.size;
      } else dropped++;
    }
    this.#known.set(segment, { wanted: wantedBytes, all });
    if (!isHalfEmpty({ wanted: wantedBytes, all })) return;
    for (const record of wanted) {
      if (signal.aborted) return;
      if (await this.#move(record, owners)) result.moved++;
    }
    this.#known.delete(segment);
    // Who reads it now may end first.
    if (wanted.length > 0 || this.#hold.isHeld) return;
    await this.#segments.remove(segment);
    result.dropped += dropped;
    result.freedBytes += all;
  }

  /** The stored bytes go as they are: sealed blocks know nothing of where they lie. */
  async #move(record: FoundRecord, owners: BlobOwners): Promise<boolean> {
    const bytes = await this.#segments.read(record.segment, record.start, record.size);
    checkBlocks(bytes.subarray(record.headBytes), record.isSealed);
    const { segment, offset } = await this.#segments.append([bytes], bytes.length);
    const to = placeText({ kind: 'segment', segment, offset: offset + record.headBytes, bytes: record.bytes });
    this.#unsettled.add(to);
    try {
      return await owners.moved(record.owner, placeOf(record), to);
    } finally {
      this.#unsettled.delete(to);
    }
  }

  async scrub(signal: AbortSignal): Promise<readonly string[]> {
    const damaged: string[] = [];
    const check = async (place: Place, isSealed: boolean): Promise<void> => {
      try {
        const source = await this.#source(place);
        await checkStored(source, place, isSealed).finally(source.close);
      } catch (error) {
        if (!(error instanceof BlobDamaged)) throw error;
        // Or it was removed meanwhile.
        if (await this.#isThere(place)) damaged.push(placeText(place));
      }
    };
    for await (const { id, offset, bytes, isSealed } of this.#files.all((id) =>
      damaged.push(`the head of file ${id}`),
    )) {
      if (signal.aborted) return damaged;
      await check({ kind: 'file', id, offset, bytes }, isSealed);
    }
    for (const segment of await this.#segments.closed()) {
      try {
        for await (const { offset, bytes, isSealed } of this.#segments.records(segment)) {
          if (signal.aborted) return damaged;
          await check({ kind: 'segment', segment, offset, bytes }, isSealed);
        }
      } catch (error) {
        if (!(error instanceof BlobDamaged)) throw error;
        if ((await this.#segments.closed()).includes(segment)) damaged.push(error.message);
      }
    }
    return damaged;
  }

  async #isThere(place: Place): Promise<boolean> {
    return place.kind === 'file' ? this.#files.has(place.id) : (await this.#segments.closed()).includes(place.segment);
  }

  async close(): Promise<void> {
    await this.#segments.close();
    this.#hold.close();
  }
}

/** A full, failing or read-only disk, or more open files than may be: it may be over when the client comes again. */
const DISK_REFUSES = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE']);

const isHalfEmpty = ({ wanted, all }: { wanted: number; all: number }): boolean => wanted * 2 <= all;

const NOTHING: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };

interface Source {
  read(offset: number, bytes: number): Buffer | Promise<Buffer>;
  close(): Promise<void>;
}

const placeOf = ({ segment, offset, bytes }: FoundRecord): BlobPlace =>
  placeText({ kind: 'segment', segment, offset, bytes });

/** A part of a range that ends with a block. */
function stepOf({ start, end }: BlobRange): BlobRange {
  const block = Math.floor(start / BLOCK_BYTES);
  return { start, end: Math.min(end, (block + STEP_BLOCKS) * BLOCK_BYTES) };
}

/** Whole blocks are read and checked; of them the range is given out. */
async function readRange(
  source: Source,
  { offset, bytes }: Place,
  { start, end }: BlobRange,
  key: Uint8Array | undefined,
): Promise<Uint8Array> {
  const isSealed = key !== undefined;
  const first = Math.floor(start / BLOCK_BYTES);
  const last = Math.ceil(end / BLOCK_BYTES);
  const from = blockOffset(first, isSealed);
  const to = Math.min(blockOffset(last, isSealed), storedBytes(bytes, isSealed));
  const plain = openBlocks(await source.read(offset + from, to - from), first, key);
  const skip = start - first * BLOCK_BYTES;
  return plain.subarray(skip, skip + end - start);
}

async function checkStored(source: Source, place: Place, isSealed: boolean): Promise<void> {
  for await (const _ of storedSteps(source, place, isSealed));
}

/** All that is stored, checked. */
async function* storedSteps(source: Source, { offset, bytes }: Place, isSealed: boolean): AsyncGenerator<Uint8Array> {
  const size = storedBytes(bytes, isSealed);
  const step = blockOffset(STEP_BLOCKS, isSealed);
  for (let at = 0; at < size; at += step) {
    const stored = await source.read(offset + at, Math.min(step, size - at));
    checkBlocks(stored, isSealed);
    yield stored;
  }
}
