/**
 * Copies of blob stores, taken while others put blobs there: blobs never change, so whatever the copied rows name is in the copy if
 * nothing was removed since the rows were copied. What is not named (it came later) the sweep of the copy drops.
 */
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '#platform/blobs/filesystem/folders.ts';
import { type Hold, holdBlobs } from '#platform/blobs/filesystem/hold.ts';

export interface CopyOptions {
  /** Runs while nothing can be removed, before the blobs are copied. */
  readonly copyRows: () => Promise<void>;
  /** The blobs of an earlier copy: what it has already is linked, and takes no room again. */
  readonly earlier?: string;
}

/** `from` and `to` hold a folder for each region. */
export async function copyBlobs(from: string, to: string, { copyRows, earlier }: CopyOptions): Promise<void> {
  const holds: Hold[] = [];
  try {
    for (const region of await foldersIn(from)) {
      const hold = holdBlobs(join(from, region));
      if (hold) holds.push(hold);
    }
    await copyRows();
    // A region's first blob may have come meanwhile: its row is in no copy.
    for (const region of await foldersIn(from)) {
      const below = (...names: string[]) =>
        [join(from, ...names), join(to, ...names), earlier && join(earlier, ...names)] as const;
      await copyFolder(...below(region, 'segments'));
      for (const folder of await foldersIn(join(from, region, 'files'))) {
        // What still comes in is nobody's.
        if (folder !== 'incoming') await copyFolder(...below(region, 'files', folder));
      }
    }
  } finally {
    for (const hold of holds) hold.release();
  }
}

async function copyFolder(from: string, to: string, earlier: string | undefined): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from).catch(ifMissing)) {
    await copyOne(join(from, name), join(to, name), earlier && join(earlier, name));
  }
  await syncFolder(to);
}

async function copyOne(from: string, to: string, earlier: string | undefined): Promise<void> {
  const { size, atime, mtime } = await stat(from);
  const before = earlier === undefined ? undefined : await stat(earlier).catch(() => undefined);
  if (earlier !== undefined && before?.size === size && before.mtime.getTime() === mtime.getTime()) {
    await link(earlier, to);
    return;
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // In whole milliseconds: this is what the next copy compares.
  await utimes(to, atime, mtime);
  const handle = await open(to, 'r');
  await handle.sync().finally(() => handle.close());
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifMissing);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function ifMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
