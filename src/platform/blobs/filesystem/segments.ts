/**
 * Segments: files that blobs of middling size are appended to. What is put while one write syncs waits and goes out together
 * with the next: many blobs, one fdatasync. A segment that failed once is never written again, nor one of another process:
 * its end may be torn, which a reader of heads sees.
 */
import { readSync } from 'node:fs';
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobDamaged } from '#platform/blobs/blobs.ts';
import { syncFolder } from '#platform/blobs/filesystem/folders.ts';
import {
  decodeHead,
  FIXED_HEAD_BYTES,
  isTorn,
  LONGEST_OWNER,
  type RecordHead,
  recordBytes,
} from '#platform/blobs/filesystem/records.ts';
import { writeAll } from '#platform/blobs/filesystem/write.ts';
import { firstSegmentOf, writerOfSegment } from '#platform/blobs/filesystem/writers.ts';

const SEGMENT_BYTES = 128 * 1024 * 1024;
const MOST_OPEN = 64;
const READ_AT_ONCE_BYTES = 128 * 1024;
/** Buffers of one writev; the system takes 1,024. */
const MOST_BUFFERS = 512;

interface Appending {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  resolve(at: { segment: number; offset: number }): void;
  reject(error: unknown): void;
}

interface OpenSegment {
  readonly writer: number;
  readonly number: number;
  readonly handle: FileHandle;
  bytes: number;
}

export interface FoundRecord extends RecordHead {
  readonly segment: number;
  /** Of the record, its head included. */
  readonly start: number;
  readonly headBytes: number;
  /** Of its blocks. */
  readonly offset: number;
  readonly size: number;
}

export class Segments {
  readonly #folder: string;
  readonly #writer: () => number;
  /** The next number of the writer that numbered the last segment. */
  #next: { readonly writer: number; number: number } | undefined;
  #current: OpenSegment | undefined;
  /** The number of the segment that is written, or being made. */
  #unfinished: number | undefined;
  #waiting: Appending[] = [];
  #writing: Promise<void> | undefined;
  /** For reading, the longest unused first. */
  readonly #readers = new Map<number, Promise<FileHandle>>();
  readonly #openReaders = new Map<number, FileHandle>();
  #brief: Buffer | undefined;

  /** `writer`: under whose number is written now. */
  constructor(folder: string, writer: () => number) {
    this.#folder = folder;
    this.#writer = writer;
  }

  append(parts: readonly Uint8Array[], bytes: number): Promise<{ segment: number; offset: number }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ parts, bytes, resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  async #write(): Promise<void> {
    // Others of this turn may join.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const segment = await this.#segmentFor(batch.reduce((sum, { bytes }) => sum + bytes, 0));
        let offset = segment.bytes;
        await writeAll(
          segment.handle,
          batch.flatMap(({ parts }) => parts),
          offset,
        );
        await segment.handle.datasync();
        for (const each of batch) {
          each.resolve({ segment: segment.number, offset });
          offset += each.bytes;
        }
        segment.bytes = offset;
      } catch (error) {
        await this.#giveUp();
        for (const each of batch) each.reject(error);
      }
    }
  }

  #take(): Appending[] {
    let buffers = 0;
    let count = 0;
    for (const { parts } of this.#waiting) {
      buffers += parts.length;
      if (count > 0 && buffers > MOST_BUFFERS) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #segmentFor(bytes: number): Promise<OpenSegment> {
    const writer = this.#writer();
    const isFit = this.#current?.writer === writer && this.#current.bytes + bytes <= SEGMENT_BYTES;
    if (this.#current && !isFit) await this.#retire();
    if (this.#current) return this.#current;
    this.#current = await this.#create(writer);
    await syncFolder(this.#folder);
    return this.#current;
  }

  /** A number that a process of a restored database had before is passed over. */
  async #create(writer: number): Promise<OpenSegment> {
    if (this.#next?.writer !== writer) {
      const own = (await segmentNumbers(this.#folder)).findLast((number) => writerOfSegment(number) === writer);
      this.#next = { writer, number: own === undefined ? firstSegmentOf(writer) : own + 1 };
    }
    for (;;) {
      const number = this.#next.number++;
      this.#unfinished = number;
      try {
        return { writer, number, handle: await open(this.path(number), 'wx', 0o600), bytes: 0 };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /** Room that a failed write took is given back: there may be none left. */
  async #giveUp(): Promise<void> {
    const failed = this.#current;
    await failed?.handle.truncate(failed.bytes).catch(() => {});
    await this.#retire();
    if (failed?.bytes === 0) await unlink(this.path(failed.number)).catch(() => {});
  }

  async #retire(): Promise<void> {
    const { handle } = this.#current ?? {};
    this.#current = undefined;
    this.#unfinished = undefined;
    await handle?.close().catch(() => {});
  }

  /**
   * What is short is read at once if the segment is open: mostly it is in the system's cache, from where a trip to another thread
   * takes five times as long as the reading.
   */
  read(segment: number, offset: number, bytes: number): Buffer | Promise<Buffer> {
    const handle = this.#openReaders.get(segment);
    if (handle === undefined || bytes > READ_AT_ONCE_BYTES) return this.#readLater(segment, offset, bytes);
    const buffer = Buffer.allocUnsafe(bytes);
    const bytesRead = readSync(handle.fd, buffer, 0, bytes, offset);
    return bytesRead === bytes ? buffer : this.#readLater(segment, offset, bytes);
  }

  /**
   * As `read` does at once, but the bytes are only good until the next such reading: for who decrypts them into a buffer of its own.
   * A buffer of each reading's own would make the garbage collector run for nearly every 500 blobs.
   */
  readBriefly(segment: number, offset: number, bytes: number): Buffer | undefined {
    const handle = this.#openReaders.get(segment);
    if (handle === undefined || bytes > READ_AT_ONCE_BYTES) return undefined;
    this.#brief ??= Buffer.allocUnsafeSlow(READ_AT_ONCE_BYTES);
    const bytesRead = readSync(handle.fd, this.#brief, 0, bytes, offset);
    return bytesRead === bytes ? this.#brief.subarray(0, bytes) : undefined;
  }

  async #readLater(segment: number, offset: number, bytes: number): Promise<Buffer> {
    for (let isOpenedAnew = false; ; ) {
      const reader = this.#reader(segment);
      try {
        return await readFrom(await reader, segment, offset, bytes);
      } catch (error) {
        // Closed for another, or for good: then it can't be opened again.
        const isClosed = (error as NodeJS.ErrnoException).code === 'EBADF' && this.#readers.get(segment) !== reader;
        if (isClosed) continue;
        // Another machine may have written to it since: a network's file system shows that to who opens it.
        if (!(error instanceof BlobDamaged) || isOpenedAnew) throw error;
        isOpenedAnew = true;
        if (this.#readers.get(segment) === reader) this.#closeReader(segment);
      }
    }
  }

  #reader(segment: number): Promise<FileHandle> {
    const kept = this.#readers.get(segment);
    if (kept) {
      // The last in the order: what is longest unused stands first.
      this.#readers.delete(segment);
      this.#readers.set(segment, kept);
      return kept;
    }
    const opened = open(this.path(segment), 'r').catch((error: unknown) => {
      this.#readers.delete(segment);
      throw new BlobDamaged(`segment ${segment} can't be opened: ${String(error)}`);
    });
    this.#readers.set(segment, opened);
    void opened
      .then((handle) => this.#readers.get(segment) === opened && this.#openReaders.set(segment, handle))
      .catch(() => {});
    const [oldest] = this.#readers.keys();
    if (this.#readers.size > MOST_OPEN && oldest !== undefined) this.#closeReader(oldest);
    return opened;
  }

  #closeReader(segment: number): void {
    const opened = this.#readers.get(segment);
    this.#readers.delete(segment);
    this.#openReaders.delete(segment);
    // A read that is under way ends first: Node closes a handle when its last operation is over.
    void opened?.then((handle) => handle.close()).catch(() => {});
  }

  /** Segments that this process does not write. */
  async others(): Promise<number[]> {
    return (await segmentNumbers(this.#folder)).filter((number) => number !== this.#unfinished);
  }

  /** The records of a segment in order, up to its end or to where it is torn. Throws BlobDamaged where a head was and is none. */
  async *records(segment: number): AsyncGenerator<FoundRecord> {
    const { size } = await (await this.#reader(segment)).stat();
    for (let start = 0; start < size; ) {
      const opening = await this.read(segment, start, Math.min(FIXED_HEAD_BYTES + LONGEST_OWNER, size - start));
      const head = decodeHead(opening);
      if (head === undefined) {
        if (isTorn(opening)) return;
        throw new BlobDamaged(`segment ${segment} has no record at ${start}`);
      }
      const length = recordBytes(head, head.headBytes);
      if (start + length > size) return;
      yield { ...head, segment, start, offset: start + head.headBytes, size: length };
      start += length;
    }
  }

  async remove(segment: number): Promise<void> {
    this.#closeReader(segment);
    await unlink(this.path(segment)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#retire();
    for (const segment of [...this.#readers.keys()]) this.#closeReader(segment);
  }

  path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(8, '0')}.seg`);
  }
}

async function readFrom(handle: FileHandle, segment: number, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, offset + filled);
    if (bytesRead === 0) throw new BlobDamaged(`segment ${segment} ends before ${offset + bytes}`);
    filled += bytesRead;
  }
  return buffer;
}

async function segmentNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d{8,}\.seg$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}
