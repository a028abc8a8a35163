/**
 * Blobs on a file system. What is sealed and at most `ROW_BLOB_BYTES` long stays within the row that names it, what is at most
 * `BESIDE_BLOB_BYTES` long may get a row of its own beside that (rows.ts): they need no sync of their own. What is at most `SEGMENT_BLOB_BYTES`
 * long is appended to a segment and shares its sync with others; what is longer gets a file. A segment of which half is given up is read once
 * more: what is still wanted moves to the segment that is written now, and the file goes with the next sweep. So the disk holds at most twice
 * what is wanted, what the last sweep moved, one segment, and what it had not seen.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#platform/base/clock.ts';
import { lazy } from '#platform/base/lazy.ts';
import type {
  BlobOwners,
  BlobPlace,
  BlobRange,
  BlobSharing,
  Blobs,
  PutOptions,
  ReadOptions,
  ScrubWatch,
  StoredBlob,
  SweepResult,
} from '#platform/blobs/blobs.ts';
import { BlobDamaged } from '#platform/blobs/blobs.ts';
import {
  type BlockWriter,
  blockWriter,
  checkBlocks,
  isSealedBy,
  openBlocks,
  storedBytes,
} from '#platform/blobs/blocks.ts';
import { refusedByDisk } from '#platform/blobs/filesystem/disk-refuses.ts';
import { Doubts } from '#platform/blobs/filesystem/doubts.ts';
import { BlobFiles } from '#platform/blobs/filesystem/files.ts';
import { HoldWatch } from '#platform/blobs/filesystem/hold.ts';
import {
  blocksInStore,
  isStored,
  placeText,
  readPlace,
  rowPlaceText,
  type StoredPlace,
} from '#platform/blobs/filesystem/places.ts';
import {
  blocksOf,
  checkStored,
  readRange,
  type Source,
  stepOf,
  storedSteps,
} from '#platform/blobs/filesystem/ranges.ts';
import { RecentBlobs } from '#platform/blobs/filesystem/recent.ts';
import { encodeHead } from '#platform/blobs/filesystem/records.ts';
import type { SealThreads } from '#platform/blobs/filesystem/seal-threads.ts';
import { Segments } from '#platform/blobs/filesystem/segments.ts';
import { type FilesystemParts, ours, sweepBlobs } from '#platform/blobs/filesystem/sweep.ts';
import { ALONE, writerOfFile, writerOfSegment } from '#platform/blobs/filesystem/writers.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { released } from '#platform/blobs/released.ts';
import { type BlobRows, newBlobRow } from '#platform/blobs/rows.ts';

/** Rows stay small: lists read them. */
const ROW_BLOB_BYTES = 512;
/** A store's file is copied whole by each backup, and what is committed lies in its log first. */
const BESIDE_BLOB_BYTES = 8 * 1024;
const SEGMENT_BLOB_BYTES = 1024 * 1024;
/** Of what is gathered to be appended. */
const MOST_PARTS = 256;
/** A range up to this is read and checked whole before its first byte is given out. */
const WHOLE_READ_BYTES = 1024 * 1024;

/** `sharing`: other processes of the cloud write to the folder too. */
export async function openFilesystemBlobs(
  folder: string,
  clock: Clock,
  onFault: (error: unknown) => void,
  sharing?: BlobSharing,
): Promise<Blobs> {
  const [segmentsFolder, files] = [join(folder, 'segments'), join(folder, 'files')];
  for (const each of [segmentsFolder, files]) await mkdir(each, { recursive: true, mode: 0o700 });
  const writer = (): number => sharing?.writer() ?? ALONE;
  const segments = new Segments(segmentsFolder, writer);
  return new FilesystemBlobs({
    clock,
    segments,
    files: await BlobFiles.open(files, sealThreadsOf(clock, onFault), sharing),
    hold: new HoldWatch(folder),
    doubts: await Doubts.open(folder, (segment) => segments.path(segment), writer),
    onFault,
    sharing,
  });
}

/** Their code is loaded for the first long body. */
const sealThreadsOf = (clock: Clock, onFault: (error: unknown) => void): (() => Promise<SealThreads>) =>
  lazy(async () => (await import('#platform/blobs/filesystem/seal-threads.ts')).sealThreads(clock, onFault));

class FilesystemBlobs implements Blobs {
  readonly #parts: FilesystemParts;
  /** Put, but not yet settled: nobody can say whether they are wanted. */
  readonly #unsettled = new Set<BlobPlace>();
  /** How many readers will come to it yet. */
  readonly #pins = new Map<BlobPlace, number>();
  /** Discarded while pinned. */
  readonly #doomed = new Set<BlobPlace>();
  readonly #condemned = new Set<string | number>();
  readonly #recent = new RecentBlobs();

  constructor(parts: FilesystemParts) {
    this.#parts = parts;
  }

  async put(source: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    try {
      return await this.#put(source, options);
    } catch (error) {
      throw refusedByDisk(error);
    }
  }

  async #put(source: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredBlob> {
    const encoder = blockWriter(options);
    if (source instanceof Uint8Array) {
      const blocks = encoder.push(source);
      return source.length <= SEGMENT_BLOB_BYTES
        ? this.#append(blocks, encoder, options)
        : this.#writeFile(blocks, NOTHING, encoder, options);
    }
    const { announcedBytes = 0 } = options;
    if (announcedBytes > SEGMENT_BLOB_BYTES) return this.#writeFile([], source, encoder, options);
    let first: Uint8Array[] = [];
    let bytes = 0;
    const iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return this.#append(first, encoder, options);
      first.push(...encoder.push(value));
      bytes += value.length;
      if (bytes > SEGMENT_BLOB_BYTES) break;
      // Whoever sends a byte at a time makes no buffer of a write of each.
      if (first.length > MOST_PARTS) first = [Buffer.concat(first)];
    }
    const rest = { [Symbol.asyncIterator]: () => iterator };
    return this.#writeFile(first, rest, encoder, options);
  }

  async #append(first: readonly Uint8Array[], encoder: BlockWriter, options: PutOptions): Promise<StoredBlob> {
    const blocks = [...first, ...encoder.end()];
    const { bytes } = encoder;
    const isSealed = isSealedBy(options);
    if (isSealed && bytes > 0 && bytes <= ROW_BLOB_BYTES) {
      return { place: rowPlaceText(Buffer.concat(blocks), bytes), bytes, settle: () => {} };
    }
    if (isSealed && options.mayBeRow === true && bytes > 0 && bytes <= BESIDE_BLOB_BYTES) {
      return { ...newBlobRow(blocks, encoder, this.#parts.clock.now()), bytes, settle: () => {} };
    }
    const head = encodeHead({ owner: options.owner, bytes, isSealed });
    const size = head.length + storedBytes(bytes, isSealed);
    const { segment, offset } = await this.#parts.segments.append([head, ...blocks], size);
    if (encoder.ownsBlocks) for (const block of blocks) giveBack(block);
    return this.#stored({ kind: 'segment', segment, offset: offset + head.length, bytes });
  }

  async #writeFile(
    first: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
    encoder: BlockWriter,
    options: PutOptions,
  ): Promise<StoredBlob> {
    let announced: StoredBlob | undefined;
    try {
      const place = await this.#parts.files.write(first, rest, encoder, options, (coming) => {
        announced = this.#stored(coming);
      });
      return announced ?? this.#stored(place);
    } catch (error) {
      announced?.settle();
      throw error;
    }
  }

  #stored(place: StoredPlace): StoredBlob {
    const text = placeText(place);
    if (place.kind === 'file') this.#parts.doubts.file(place.id);
    this.#unsettled.add(text);
    return { place: text, bytes: place.bytes, settle: () => void this.#unsettled.delete(text) };
  }

  async read(
    text: BlobPlace,
    range: BlobRange,
    { key, mayKeep = false, rows }: ReadOptions = {},
  ): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    const recent = key && mayKeep ? this.#recent.read(text, range, key) : undefined;
    if (recent !== undefined) return recent;
    const place = readPlace(text);
    const opened = (whole: Uint8Array): void => {
      if (key !== undefined && mayKeep) this.#recent.wasRead(text, whole, key);
    };
    const { start, end } = range;
    if (start < 0 || end > place.bytes || start > end) throw new RangeError(`${text} has no range ${start}-${end}`);
    if (start === end) return new Uint8Array(0);
    if (!isStored(place)) {
      const whole = openBlocks(await blocksInStore(place, rows), 0, key);
      opened(whole);
      return whole.subarray(start, end);
    }
    const brief = key === undefined ? undefined : this.#readBriefly(place, range, key, opened);
    if (brief !== undefined) return brief;
    const source = await this.#source(place);
    if (end - start > WHOLE_READ_BYTES) return this.#stream(source, place, range, key);
    try {
      return await readRange(source, place, range, key);
    } finally {
      await source.close();
    }
  }

  /** What is short, sealed and at hand: read and opened in one go. */
  #readBriefly(
    place: StoredPlace,
    range: BlobRange,
    key: Uint8Array,
    opened: (whole: Uint8Array) => void,
  ): Uint8Array | undefined {
    if (place.kind !== 'segment') return undefined;
    const blocks = blocksOf(place, range, true);
    const stored = this.#parts.segments.readBriefly(place.segment, blocks.offset, blocks.bytes);
    if (stored === undefined) return undefined;
    const plain = openBlocks(stored, blocks.first, key);
    if (plain.length === place.bytes) opened(plain);
    return blocks.cut(plain);
  }

  /** The first step is read before anything is answered, so that a damaged beginning is an error and no broken stream. */
  async #stream(source: Source, place: StoredPlace, range: BlobRange, key: Uint8Array | undefined) {
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
    return released(steps, () => void source.close().catch(this.#parts.onFault));
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

  async readSealed(text: BlobPlace, rows?: BlobRows): Promise<AsyncIterable<Uint8Array>> {
    const place = readPlace(text);
    if (!isStored(place)) {
      const blocks = await blocksInStore(place, rows);
      checkBlocks(blocks, true);
      return (async function* () {
        yield blocks;
      })();
    }
    const source = await this.#source(place);
    return (async function* () {
      try {
        yield* storedSteps(source, place, true);
      } finally {
        await source.close();
      }
    })();
  }

  async #source(place: StoredPlace): Promise<Source> {
    if (place.kind === 'segment') {
      const { segment } = place;
      return { read: (offset, bytes) => this.#parts.segments.read(segment, offset, bytes), close: async () => {} };
    }
    const handle = await this.#parts.files.openBlob(place.id);
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
    this.#recent.drop(text);
    const place = readPlace(text);
    if (!isStored(place)) return;
    this.#unsettled.delete(text);
    if (place.kind === 'segment') this.#parts.doubts.givenUp(place.segment, place.bytes);
    else this.#parts.doubts.file(place.id);
    if (this.#pins.has(text)) this.#doomed.add(text);
    else this.#remove(text);
  }

  #remove(text: BlobPlace): void {
    const place = readPlace(text);
    // While a backup copies it is left to a later sweep.
    if (place.kind === 'file' && !this.#parts.hold.isHeld)
      void this.#parts.files.remove(place.id).catch(this.#parts.onFault);
  }

  /** Nobody may ask for its owner yet, or somebody reads it. */
  #isInUse(place: BlobPlace): boolean {
    return this.#unsettled.has(place) || this.#pins.has(place);
  }

  async sweep(owners: BlobOwners, signal: AbortSignal): Promise<SweepResult> {
    const isInUse = (place: BlobPlace): boolean => this.#isInUse(place);
    const own = { isInUse, unsettled: this.#unsettled, condemned: this.#condemned };
    return sweepBlobs({ ...this.#parts, ...own }, owners, signal);
  }

  async scrub(watch: ScrubWatch): Promise<void> {
    const { files, segments, sharing, doubts } = this.#parts;
    for await (const ids of files.ids()) {
      const isOurs = await ours(sharing);
      const those = ids.filter((id) => isOurs(writerOfFile(id)));
      for await (const { id, offset, bytes, isSealed } of files.some(those, (id) =>
        watch.damaged(`the head of file ${id}`),
      )) {
        if (watch.signal.aborted) return;
        await this.#check({ kind: 'file', id, offset, bytes }, isSealed, watch);
      }
    }
    // The end of a segment that another process writes looks torn: it is not among these.
    const there = await segments.others();
    const isOurs = await ours(sharing);
    for (const segment of there.filter((each) => isOurs(writerOfSegment(each)))) {
      await this.#checkSegment(segment, watch);
      if (watch.signal.aborted) return;
    }
    doubts.everything();
  }

  async #checkSegment(segment: number, watch: ScrubWatch): Promise<void> {
    try {
      for await (const { offset, bytes, isSealed } of this.#parts.segments.records(segment)) {
        if (watch.signal.aborted) return;
        await this.#check({ kind: 'segment', segment, offset, bytes }, isSealed, watch);
      }
    } catch (error) {
      if (!(error instanceof BlobDamaged)) throw error;
      if ((await this.#parts.segments.others()).includes(segment)) watch.damaged(error.message);
    }
  }

  async #check(place: StoredPlace, isSealed: boolean, watch: ScrubWatch): Promise<void> {
    try {
      const source = await this.#source(place);
      await checkStored(source, place, isSealed, watch.read).finally(source.close);
    } catch (error) {
      if (!(error instanceof BlobDamaged)) throw error;
      // Or it was removed meanwhile.
      if (await this.#isThere(place)) watch.damaged(placeText(place));
    }
  }

  async #isThere(place: StoredPlace): Promise<boolean> {
    return place.kind === 'file'
      ? this.#parts.files.has(place.id)
      : (await this.#parts.segments.others()).includes(place.segment);
  }

  async close(): Promise<void> {
    await this.#parts.segments.close();
    await this.#parts.doubts.keep().catch(() => {});
    this.#parts.hold.close();
  }
}

const NOTHING: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };
