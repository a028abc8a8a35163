/**
 * Blobs with a file of their own. A file is written under `incoming/`, synced, then renamed to where it stays: what lies at a
 * blob's place is whole. What a crash leaves under `incoming/` is removed at the next start, or, where other processes write too and each
 * has a folder of its own there, by the one that what it left falls to.
 */
import { access, type FileHandle, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobDamaged, type BlobSharing, type PutOptions } from '#platform/blobs/blobs.ts';
import { type BlockWriter, isSealedBy } from '#platform/blobs/blocks.ts';
import { EarlySyncs } from '#platform/blobs/filesystem/early-syncs.ts';
import { syncFolder } from '#platform/blobs/filesystem/folders.ts';
import type { StoredPlace } from '#platform/blobs/filesystem/places.ts';
import {
  decodeHead,
  encodeHead,
  FIXED_HEAD_BYTES,
  LONGEST_OWNER,
  type RecordHead,
} from '#platform/blobs/filesystem/records.ts';
import type { SealThreads } from '#platform/blobs/filesystem/seal-threads.ts';
import { writeAll } from '#platform/blobs/filesystem/write.ts';
import { ALONE, newFileId } from '#platform/blobs/filesystem/writers.ts';
import { giveBack } from '#platform/blobs/give-back.ts';

type FilePlace = Extract<StoredPlace, { readonly kind: 'file' }>;

/** Many clients may upload at once: what each has on its way to the disk is held by all of them. */
const WRITE_BYTES = 256 * 1024;
/** Who sends a byte at a time makes many. */
const MOST_PARTS = 512;

export interface FoundFile extends RecordHead {
  readonly id: string;
  readonly offset: number;
}

export class BlobFiles {
  readonly #folder: string;
  readonly #incoming: string;
  /** Folders that are known to be there. */
  readonly #made = new Set<string>();
  readonly #threads: () => Promise<SealThreads>;
  readonly #sharing: BlobSharing | undefined;

  private constructor(folder: string, threads: () => Promise<SealThreads>, sharing: BlobSharing | undefined) {
    this.#folder = folder;
    this.#incoming = join(folder, 'incoming');
    this.#threads = threads;
    this.#sharing = sharing;
  }

  static async open(
    folder: string,
    threads: () => Promise<SealThreads>,
    sharing: BlobSharing | undefined,
  ): Promise<BlobFiles> {
    const files = new BlobFiles(folder, threads, sharing);
    if (sharing === undefined) await rm(files.#incoming, { recursive: true, force: true });
    await mkdir(files.#incoming, { recursive: true, mode: 0o700 });
    return files;
  }

  /** `first` is what the encoder gave before it was known that the blob is a large one. `announce` hears of the file before others can see it. */
  async write(
    first: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
    encoder: BlockWriter,
    options: PutOptions,
    announce: (place: FilePlace) => void,
  ): Promise<FilePlace> {
    const id = newFileId(this.#sharing?.writer() ?? ALONE);
    const draft = join(await this.#draftFolder(), id);
    const handle = await open(draft, 'wx', 0o600);
    try {
      const { owner } = options;
      const isSealed = isSealedBy(options);
      const offset = encodeHead({ owner, bytes: 0, isSealed }).length;
      const { key, isShared = false } = options;
      const forThreads = key !== undefined && isShared && first.length === 0;
      const early = new EarlySyncs(handle);
      const source = early.through(rest);
      const bytes =
        (forThreads ? await (await this.#threads()).write({ file: handle.fd, offset, key }, source) : undefined) ??
        (await writeBlocks(handle, offset, encoder, first, source));
      await early.ended();
      await writeAll(handle, [encodeHead({ owner, bytes, isSealed })], 0);
      await handle.datasync();
      await handle.close();
      const place = { kind: 'file', id, offset, bytes } as const;
      announce(place);
      await this.#keep(draft, id);
      return place;
    } catch (error) {
      await handle.close().catch(() => {});
      await unlink(draft).catch(() => {});
      throw error;
    }
  }

  async #draftFolder(): Promise<string> {
    if (this.#sharing === undefined) return this.#incoming;
    const folder = join(this.#incoming, String(this.#sharing.writer()));
    if (!this.#made.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
    this.#made.add(folder);
    return folder;
  }

  /** What writers that are gone left unfinished, and falls to this process. */
  async removeInheritedDrafts(sharing: BlobSharing): Promise<void> {
    const names = await readdir(this.#incoming);
    const isInherited = await sharing.inheritance();
    for (const name of names.filter((each) => /^\d+$/.test(each) && isInherited(Number(each)))) {
      await rm(join(this.#incoming, name), { recursive: true, force: true });
    }
  }

  async #keep(draft: string, id: string): Promise<void> {
    const folder = join(this.#folder, id.slice(0, 2));
    if (!this.#made.has(folder)) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(this.#folder);
      this.#made.add(folder);
    }
    await rename(draft, this.#path(id));
    await syncFolder(folder);
  }

  async openBlob(id: string): Promise<FileHandle> {
    try {
      return await open(this.#path(id), 'r');
    } catch (error) {
      throw new BlobDamaged(`the file of blob ${id} can't be opened: ${String(error)}`);
    }
  }

  async remove(id: string): Promise<void> {
    await unlink(this.#path(id)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  /** The ids of all files, a folder's at a time. */
  async *ids(): AsyncGenerator<string[]> {
    for (const folder of await readdir(this.#folder)) {
      if (/^[0-9a-f]{2}$/.test(folder)) yield await readdir(join(this.#folder, folder));
    }
  }

  /** Of these, all whose head can be read; `onDamaged` hears of the others. What is removed meanwhile is left out. */
  async *some(ids: readonly string[], onDamaged?: (id: string) => void): AsyncGenerator<FoundFile> {
    for (const id of ids) {
      const handle = await open(this.#path(id), 'r').catch(() => undefined);
      if (handle === undefined) continue;
      try {
        const bytes = Buffer.alloc(FIXED_HEAD_BYTES + LONGEST_OWNER);
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
        const head = decodeHead(bytes.subarray(0, bytesRead));
        if (head) yield { ...head, id, offset: head.headBytes };
        else onDamaged?.(id);
      } finally {
        await handle.close();
      }
    }
  }

  async has(id: string): Promise<boolean> {
    return await access(this.#path(id)).then(
      () => true,
      () => false,
    );
  }

  #path(id: string): string {
    return join(this.#folder, id.slice(0, 2), id);
  }
}

async function writeBlocks(
  handle: FileHandle,
  offset: number,
  encoder: BlockWriter,
  first: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): Promise<number> {
  let at = offset;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  /** One piece is written while the next one is sealed. */
  let writing: Promise<void> = Promise.resolve();
  const add = (blocks: readonly Uint8Array[]): void => {
    for (const block of blocks) {
      parts.push(block);
      bytes += block.length;
    }
  };
  const flush = async (): Promise<void> => {
    await writing;
    if (bytes === 0) return;
    const blocks = parts;
    writing = writeAll(handle, blocks, at).then(() => {
      if (encoder.ownsBlocks) for (const block of blocks) giveBack(block);
    });
    // The next flush tells of it.
    writing.catch(() => {});
    at += bytes;
    parts = [];
    bytes = 0;
  };
  add(first);
  for await (const chunk of rest) {
    add(encoder.push(chunk));
    if (bytes >= WRITE_BYTES || parts.length >= MOST_PARTS) await flush();
  }
  add(encoder.end());
  await flush();
  await writing;
  return encoder.bytes;
}
