/**
 * A backup is a folder with the manifest and a consistent copy of each region's store, taken while the cloud runs. Keys of
 * the operator are not in it: a restored folder needs the master key it was written with.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DataFolderError,
  readManifest,
  regionsFolder,
  STORE_FORMAT,
  syncFolder,
  writeManifest,
} from '#platform/store/data-folder.ts';

/** Copies every region's store file in `from` to the folder `to`, each as it is at one moment; checks the copies. */
export type CopyRegions = (from: string, to: string) => Promise<void>;

/** `target` must not exist; it appears only when the backup is complete. */
export async function backupStore(data: string, target: string, copyRegions: CopyRegions): Promise<void> {
  const manifest = readManifest(data);
  if (!manifest) throw new DataFolderError(`${data} is not a data folder`);
  if (existsSync(target)) throw new DataFolderError(`${target} exists already`);
  await whole(target, async (draft) => {
    await copyRegions(regionsFolder(data), regionsFolder(draft));
    writeManifest(draft, manifest);
  });
}

/** `data` must be new or empty. */
export async function restoreStore(source: string, data: string, copyRegions: CopyRegions): Promise<void> {
  const manifest = readManifest(source);
  if (!manifest) throw new DataFolderError(`${source} is not a backup`);
  if (manifest.format > STORE_FORMAT) {
    throw new DataFolderError(
      `${source} was written by version ${manifest.version}: restore it with that or a newer one`,
    );
  }
  if (existsSync(data) && readdirSync(data).length > 0) throw new DataFolderError(`${data} is not empty`);
  rmSync(data, { recursive: true, force: true });
  await whole(data, async (draft) => {
    await copyRegions(regionsFolder(source), regionsFolder(draft));
    writeManifest(draft, manifest);
  });
}

/** Fills a draft beside `target` and gives it the name when it is complete. */
async function whole(target: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${target}.partial`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  try {
    await fill(draft);
    renameSync(draft, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}
