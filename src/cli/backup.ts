/**
 * `makonis backup TARGET [EARLIER]` and `makonis restore SOURCE`: a consistent copy of the data, taken while the cloud runs or not.
 * Blobs that an earlier copy has already are linked to it.
 */
import { resolve } from 'node:path';
import { keyFileOf } from '#cli/key-file.ts';
import { CommandError, print } from '#cli/output.ts';
import { type Config, processSources, readConfig } from '#config';
import { DataFolderError, readManifest } from '#platform/store/data-folder.ts';
import { describeAddress } from '#platform/store/store-address.ts';
import { backupData, restoreData } from '#storage';

export async function backup(args: readonly string[]): Promise<number> {
  const { config, positional } = readConfig(processSources(args, {}, 2));
  const [to, earlier, ...more] = positional;
  const target = placeOf(to === undefined ? [] : [to, ...more], 'where to? makonis backup TARGET [EARLIER]');
  await forUsers(() => backupData(config, target, earlier === undefined ? undefined : resolve(earlier)));
  print(`copied ${placeOfData(config)} to ${target}`);
  sayKey(keyFileOf(config, cloudIdOf(target)), 'Keep it apart from the copy, which is of no use without it.');
  return 0;
}

export async function restore(args: readonly string[]): Promise<number> {
  const { config, positional } = readConfig(processSources(args, {}, 1));
  const source = placeOf(positional, 'from where? makonis restore SOURCE');
  await forUsers(() => restoreData(source, config));
  print(`restored ${source} to ${placeOfData(config)}`);
  sayKey(
    keyFileOf(config, cloudIdOf(source)),
    'Put it there before you start the cloud, or name its place with --master-key.',
  );
  return 0;
}

const placeOfData = ({ data, store }: Config): string =>
  store === undefined ? data : `${data} and ${describeAddress(store)}`;

function placeOf(positional: readonly string[], question: string): string {
  const [place, ...more] = positional;
  if (place === undefined || more.length > 0) throw new CommandError(question);
  return resolve(place);
}

const cloudIdOf = (folder: string): string => readManifest(folder)?.cloudId ?? '';

const sayKey = (file: string, advice: string): void => print(`The master key is not part of it: ${file}. ${advice}`);

async function forUsers(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw error instanceof DataFolderError ? new CommandError(error.message) : error;
  }
}
