/**
 * A disk with one file system on all of it, made of a folder. Who builds may be anybody, and the folder's files are that one's;
 * in the file system all are root's then, but for those that are named.
 */
import type { Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { run } from '#platform/compute/images/programs.ts';

export interface RootDisk {
  readonly folder: string;
  readonly path: string;
  readonly sizeGiB: number;
  /** Of a folder that anybody has made. One that root has made is taken as it is. */
  readonly becomes?: {
    /** Path in the folder -> who has it and all below; the rest is root's. */
    readonly owners: Readonly<Record<string, number>>;
    /** Modes that only root may give. */
    readonly modes: Readonly<Record<string, number>>;
  };
  readonly signal?: AbortSignal | undefined;
}

const GIB = 1024 ** 3;

/** As a file system has it, before the permissions. */
const typeOf = (entry: Dirent): number => (entry.isDirectory() ? 0o040000 : 0o100000);

export async function makeRootDisk({ folder, path, sizeGiB, becomes, signal }: RootDisk): Promise<void> {
  const disk = await open(path, 'wx', 0o600);
  await disk.truncate(sizeGiB * GIB);
  await disk.close();
  // It may grow to 16 TiB while it is in use.
  const features = ['-O', '^has_journal,64bit', '-E', 'root_owner=0:0,lazy_itable_init=1,nodiscard'];
  await run('mkfs.ext4', ['-q', '-F', '-L', 'root', '-m', '1', ...features, '-d', folder, path], { signal });
  if (becomes === undefined) return;
  const { owners, modes } = becomes;
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  const commands = all.flatMap((entry) => {
    const name = `/${relative(folder, join(entry.parentPath, entry.name))}`;
    const owner = Object.entries(owners).find(([prefix]) => name === prefix || name.startsWith(`${prefix}/`))?.[1] ?? 0;
    const mode = modes[name];
    return [
      `sif ${name} uid ${owner}`,
      `sif ${name} gid ${owner}`,
      ...(mode === undefined ? [] : [`sif ${name} mode 0${(typeOf(entry) | mode).toString(8)}`]),
    ];
  });
  await run('debugfs', ['-w', '-f', '-', path], { input: `${commands.join('\n')}\n`, signal });
}
