/** Copies of store files, taken while others read and write them. */
import { chmodSync, mkdirSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import type { RowPlace } from '#platform/store/backup.ts';
import { DataFolderError, readManifest, regionsFolder, syncFolder } from '#platform/store/data-folder.ts';
import { regionFile, regionsIn } from '#platform/store/sqlite/drivers.ts';
import { openForReading } from '#platform/store/sqlite/file.ts';

/** All pages in one step: a copy in several begins anew whenever somebody commits in between. */
const ALL_PAGES = 2 ** 31 - 1;

export const rowsInFolder = (data: string): RowPlace => ({
  name: data,
  manifest: async () => readManifest(data),
  copyTo: (folder) => copyRegions(regionsFolder(data), folder),
});

async function copyRegions(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const region of regionsIn(from)) {
    const copy = regionFile(to, region);
    // A connection of its own: the copy is made in another thread and would hold up the readers of a shared one.
    const source = openForReading(regionFile(from, region));
    try {
      await backup(source, copy, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    finishCopy(copy);
  }
  syncFolder(to);
}

export function finishCopy(path: string): void {
  check(path);
  chmodSync(path, 0o600);
}

function check(path: string): void {
  const db = new DatabaseSync(path);
  try {
    // The copy carries the source's journal mode, and with it files beside it that a backup should not need.
    db.exec('PRAGMA journal_mode = DELETE');
    const { quick_check: verdict } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (verdict !== 'ok') throw new DataFolderError(`${path} is damaged: ${verdict}`);
  } finally {
    db.close();
  }
}
