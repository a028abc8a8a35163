/**
 * A backup is a folder with the manifest and a consistent copy of each region's store and blobs, taken while the cloud runs. Keys
 * of the operator are not in it: a restored folder needs the master key it was written with.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

/** Copies all blobs, after `copyRows`, so that each blob that the copied rows name is there. */
export type CopyBlobs = (
  from: string,
  to: string,
  options: { readonly copyRows: () => Promise<void>; readonly earlier?: string },
) => Promise<void>;

export interface Copiers {
  readonly copyRegions: CopyRegions;
  readonly copyBlobs: CopyBlobs;
}

export const blobsFolder = (data: string): string => join(data, 'blobs');

/** `target` must not exist; it appears only when the backup is complete. Blobs that are in an `earlier` one already are linked. */
export async function backupStore(data: string, target: string, copiers: Copiers, earlier?: string): Promise<void> {
  const manifest = readManifest(data);
  if (!manifest) throw new DataFolderError(`${data} is not a data folder`);
  if (existsSync(target)) throw new DataFolderError(`${target} exists already`);
  if (earlier !== undefined && readManifest(earlier)?.cloudId !== manifest.cloudId) {
    throw new DataFolderError(`${earlier} is not a backup of the same cloud`);
  }
  await whole(target, async (draft) => {
    await copyData(data, draft, copiers, earlier);
    writeManifest(draft, manifest);
  });
}

/** `data` must be new or empty. */
export async function restoreStore(source: string, data: string, copiers: Copiers): Promise<void> {
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
    await copyData(source, draft, copiers);
    writeManifest(draft, manifest);
  });
}

function copyData(from: string, to: string, { copyRegions, copyBlobs }: Copiers, earlier?: string): Promise<void> {
  return copyBlobs(blobsFolder(from), blobsFolder(to), {
    copyRows: () => copyRegions(regionsFolder(from), regionsFolder(to)),
    ...(earlier !== undefined && { earlier: blobsFolder(earlier) }),
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
