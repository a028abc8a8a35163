import { join } from 'node:path';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Blobs } from '#platform/blobs/blobs.ts';
import { openFilesystemBlobs } from '#platform/blobs/filesystem/blobs.ts';

/** Each region's blobs have a folder of their own, and are opened when they are first asked for. */
export function blobsOfRegions(folder: string, onFault: (error: unknown) => void, isShared: boolean) {
  const opened = new Map<Region, Promise<Blobs>>();
  return {
    of: (region: Region): Promise<Blobs> =>
      getOrInsert(opened, region, () => openFilesystemBlobs(join(folder, region), onFault, isShared)),
    close: async (): Promise<void> => {
      for (const each of opened.values()) await (await each).close();
    },
  };
}
