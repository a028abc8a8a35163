/**
 * `makonis backup` and `makonis restore`. A backup holds the data and not the master key that sealed its secrets: who finds the
 * one can't read it without the other, and who restores needs both.
 */
import { resolve } from 'node:path';
import { CommandError, print } from '#cli/output.ts';
import { processSources, readConfig } from '#config';
import { backupStore, restoreStore } from '#platform/store/backup.ts';
import { DataFolderError } from '#platform/store/data-folder.ts';
import { copyRegions } from '#platform/store/sqlite/copy.ts';

export async function backup(args: readonly string[]): Promise<number> {
  const { config, positional } = readConfig(processSources(args));
  const [target] = positional;
  if (target === undefined) throw new CommandError('where to? makonis backup TARGET');
  await told(backupStore(config.data, resolve(target), copyRegions));
  print(`copied ${config.data} to ${resolve(target)}. The master key is not in it: keep a copy of that apart.`);
  return 0;
}

export async function restore(args: readonly string[]): Promise<number> {
  const { config, positional } = readConfig(processSources(args));
  const [source] = positional;
  if (source === undefined) throw new CommandError('where from? makonis restore SOURCE --data DIR');
  await told(restoreStore(resolve(source), config.data, copyRegions));
  print(`restored ${config.data}. It starts with the master key of the original: makonis up --master-key FILE`);
  return 0;
}

async function told(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof DataFolderError ? new CommandError(error.message) : error;
  }
}
