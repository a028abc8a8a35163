/**
 * A backup is a folder with the manifest and a consistent copy of each region's store and blobs, taken while the cloud runs. Its form is
 * that of a data folder, whatever the cloud's own store is: so a cloud moves between a folder and a database. Keys of the operator
 * are not in it: a restored cloud needs the master key it was written with.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  DataFolderError,
  type Manifest,
  readManifest,
  regionsFolder,
  STORE_FORMAT,
  syncFolder,
  writeManifest,
} from '#platform/store/data-folder.ts';

/** Copies all blobs, after `copyRows`, so that each blob that the copied rows name is there. */
export type CopyBlobs = (
  from: string,
  to: string,
  options: { readonly copyRows: () => Promise<void>; readonly earlier?: string },
) => Promise<void>;

/** Where the rows of a cloud are. */
export interface RowPlace {
  /** For messages. */
  readonly name: string;
  manifest(): Promise<Manifest | undefined>;
  /** Writes a file for each region, all as they are at one moment; checks the copies. */
  copyTo(folder: string): Promise<void>;
}

/** Where a cloud may be restored to, beside a folder. */
export interface NewRowPlace {
  readonly name: string;
  /** All or nothing: rows and manifest are there when `meanwhile` has ended well. Refuses a place that holds any. */
  fillFrom(folder: string, manifest: Manifest, meanwhile: () => Promise<void>): Promise<void>;
}

export const blobsFolder = (data: string): string => join(data, 'blobs');

interface Backup {
  readonly rows: RowPlace;
  readonly blobs: string;
  readonly copyBlobs: CopyBlobs;
  /** A backup whose blobs are linked where it has them already. */
  readonly earlier?: string | undefined;
}

/** `target` must not exist; it appears only when the backup is complete. */
export async function backupStore(target: string, { rows, blobs, copyBlobs, earlier }: Backup): Promise<void> {
  const manifest = await rows.manifest();
  if (!manifest) throw new DataFolderError(`${rows.name} holds no cloud (one in a database is named with --store)`);
  if (existsSync(target)) throw new DataFolderError(`${target} exists already`);
  if (earlier !== undefined && readManifest(earlier)?.cloudId !== manifest.cloudId) {
    throw new DataFolderError(`${earlier} is not a backup of the same cloud`);
  }
  await whole(target, async (draft) => {
    await copyBlobs(blobs, blobsFolder(draft), {
      copyRows: () => rows.copyTo(regionsFolder(draft)),
      ...(earlier !== undefined && { earlier: blobsFolder(earlier) }),
    });
    writeManifest(draft, manifest);
  });
}

interface Restored {
  /** Must be new or empty. */
  readonly data: string;
  /** Undefined for the data folder. */
  readonly rows: NewRowPlace | undefined;
  /** Undefined for the data folder. */
  readonly blobs: string | undefined;
  readonly copyBlobs: CopyBlobs;
}

/** `backup`: its rows. */
export async function restoreStore(source: string, backup: RowPlace, target: Restored): Promise<void> {
  const { data, rows, blobs, copyBlobs } = target;
  const manifest = await backup.manifest();
  if (!manifest) throw new DataFolderError(`${source} is not a backup`);
  if (manifest.format > STORE_FORMAT) {
    throw new DataFolderError(
      `${source} was written by version ${manifest.version}: restore it with that or a newer one`,
    );
  }
  for (const folder of [data, ...(blobs === undefined ? [] : [blobs])]) {
    if (existsSync(folder) && readdirSync(folder).length > 0) throw new DataFolderError(`${folder} is not empty`);
    rmSync(folder, { recursive: true, force: true });
  }
  const fill = (draft: string, copyRows: () => Promise<void>): Promise<void> =>
    copyBlobs(blobsFolder(source), draft, { copyRows });
  const fillFolder = (): Promise<void> =>
    whole(data, async (draft) => {
      const copyRows = (): Promise<void> => (rows ? Promise.resolve() : backup.copyTo(regionsFolder(draft)));
      if (blobs === undefined) await fill(blobsFolder(draft), copyRows);
      else {
        await whole(blobs, (apart) => fill(apart, copyRows));
      }
      if (!rows) writeManifest(draft, manifest);
    });
  await (rows ? rows.fillFrom(regionsFolder(source), manifest, fillFolder) : fillFolder());
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
