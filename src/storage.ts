/**
 * Where a cloud's data lies, and which drivers carry it: rows in the data folder or in a database, which several processes may share; long
 * bytes in a folder. A part of the composition root.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from '#gateway/forward/processes.ts';
import type { CloudOptions } from '#main';
import type { Clock } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Region } from '#platform/base/ids.ts';
import type { BlobSharing, Blobs } from '#platform/blobs/blobs.ts';
import { openFilesystemBlobs } from '#platform/blobs/filesystem/blobs.ts';
import { copyBlobs } from '#platform/blobs/filesystem/copy.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import { backupStore, blobsFolder, restoreStore } from '#platform/store/backup.ts';
import { type DataFolder, type DataFolderOptions, openDataFolder, regionsFolder } from '#platform/store/data-folder.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
import type { Examined } from '#platform/store/postgres/examine.ts';
import { rowsInFolder } from '#platform/store/sqlite/copy.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/** Which cloud it is, for as long as this process has it. */
export const openData = async (
  options: DataFolderOptions & Pick<CloudOptions, 'store' | 'node'>,
): Promise<DataFolder> => {
  const { store, node } = options;
  if (store === undefined) return openDataFolder(options);
  return (await loadPostgres()).openDatabase({ ...options, store, isShared: node !== undefined });
};

export const driversOf = async ({ store, data, masterKeys }: CloudOptions): Promise<StoreDrivers> =>
  store === undefined
    ? sqliteDrivers(regionsFolder(data), masterKeys)
    : (await loadPostgres()).postgresDrivers(store, masterKeys);

/** Undefined when this process is alone; only who is not waits for their code. */
export async function openProcesses(
  options: CloudOptions,
  onFault: (error: unknown) => void,
): Promise<Processes | undefined> {
  const { store, node, masterKeys, log } = options;
  let given = options.processes;
  if (given === undefined && node !== undefined && store !== undefined) {
    const { postgresDrivers } = await loadPostgres();
    const { postgresLedger } = await import('#platform/cluster/postgres/ledger.ts');
    const drivers = (incarnation: () => number) => postgresDrivers(store, masterKeys, undefined, incarnation);
    given = { node, drivers, ledger: postgresLedger(store) };
  }
  if (given === undefined) return undefined;
  const { Processes } = await import('#gateway/forward/processes.ts');
  return await Processes.open(given, createSealer(masterKeys), log, onFault);
}

/** Only who has a database waits for it. */
const loadPostgres = async () => ({
  ...(await import('#platform/store/postgres/drivers.ts')),
  ...(await import('#platform/store/postgres/manifest.ts')),
});

/** Each region's blobs lie beside its store, and are opened when they are first asked for. `onOpen` hears of each region once. */
export function blobsOf(
  { data, blobs = blobsFolder(data) }: CloudOptions,
  clock: Clock,
  onFault: (error: unknown) => void,
  sharing: BlobSharing | undefined,
  onOpen: (region: Region) => void,
) {
  const opened = new Map<Region, Promise<Blobs>>();
  return {
    of: (region: Region): Promise<Blobs> =>
      getOrInsert(opened, region, () => {
        onOpen(region);
        return openFilesystemBlobs(join(blobs, region), clock, onFault, sharing);
      }),
    /** That have any, or had. Folders are named by `of`. */
    regions: (): Region[] => (existsSync(blobs) ? (readdirSync(blobs) as Region[]) : []),
    close: async (): Promise<void> => {
      for (const each of opened.values()) await (await each).close();
    },
  };
}

type DataPlace = Pick<CloudOptions, 'data' | 'store' | 'blobs'>;

const inDatabase = async (at: StoreAddress) => (await import('#platform/store/postgres/copy.ts')).rowsInDatabase(at);

/** A consistent copy of a cloud's data, whether it runs or not. */
export async function backupData({ data, store, blobs }: DataPlace, target: string, earlier?: string): Promise<void> {
  const rows = store === undefined ? rowsInFolder(data) : await inDatabase(store);
  await backupStore(target, { rows, blobs: blobs ?? blobsFolder(data), copyBlobs, earlier });
}

/** Fills places that must be new or empty from such a copy. */
export async function restoreData(source: string, { data, store, blobs }: DataPlace): Promise<void> {
  const rows = store && (await inDatabase(store));
  await restoreStore(source, rowsInFolder(source), { data, rows, blobs, copyBlobs });
}

export const examineStore = async (store: StoreAddress): Promise<Examined> =>
  (await import('#platform/store/postgres/examine.ts')).examine(store);
