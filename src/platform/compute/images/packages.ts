/**
 * Debian packages, for what is built of them: downloaded and checked by apt, unpacked beside each other, installed nowhere. apt is told
 * that nothing is installed, so that it brings what a package needs as well; it works in folders of its own, so anybody may run it.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '#platform/compute/images/programs.ts';

export interface Apt {
  /** Files of packages with all that they need, in a folder below `folder`. */
  closure(names: readonly string[]): Promise<readonly string[]>;
  /** Of one package, and of none that it needs. */
  alone(name: string): Promise<string>;
  /** The package that another one, which is empty, stands for at present. */
  behind(name: string): Promise<string>;
}

export async function openApt(folder: string, signal?: AbortSignal): Promise<Apt> {
  const nothing = join(folder, 'nothing-installed');
  for (const name of ['cache/archives/partial', 'state/lists/partial', 'files']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await writeFile(nothing, '');
  const options = (state: readonly string[]) =>
    [
      ...state,
      `Dir::State::status=${nothing}`,
      `Dir::Cache=${join(folder, 'cache')}`,
      'Debug::NoLocking=1',
      // It is the server's user already.
      'APT::Sandbox::User=',
      'APT::Keep-Downloaded-Packages=1',
      'APT::Install-Recommends=0',
    ].flatMap((option) => ['-o', option]);
  const known = options([]);
  const own = options([`Dir::State=${join(folder, 'state')}`]);
  const tried = (program: string, args: readonly string[], cwd = folder) =>
    run(program, [...known, ...args], { cwd, signal });
  /** With the lists that the system has; where there are none, or old ones, with lists that are fetched for this build. */
  const apt = (program: string, args: readonly string[], cwd?: string): Promise<string> =>
    tried(program, args, cwd).catch(async () => {
      await run('apt-get', [...own, '-qq', 'update'], { cwd: folder, signal });
      return run(program, [...own, ...args], { cwd: cwd ?? folder, signal });
    });
  const filesIn = async (name: string): Promise<string[]> =>
    (await readdir(join(folder, name))).filter((file) => file.endsWith('.deb')).map((file) => join(folder, name, file));
  return {
    async closure(names) {
      await apt('apt-get', ['-qq', '--yes', '--download-only', 'install', ...names]);
      return filesIn('cache/archives');
    },
    async alone(name) {
      await apt('apt-get', ['-qq', 'download', name], join(folder, 'files'));
      const file = (await filesIn('files')).find((path) => path.includes(`/${name}_`));
      if (file === undefined) throw new Error(`apt-get brought no ${name}`);
      return file;
    },
    async behind(name) {
      const found = /^\s*Depends: (\S+)/m.exec(await apt('apt-cache', ['depends', name]));
      if (found?.[1] === undefined) throw new Error(`${name} stands for no package`);
      return found[1];
    },
  };
}

export const unpack = (file: string, folder: string, signal?: AbortSignal): Promise<string> =>
  run('dpkg-deb', ['--extract', file, folder], { signal });
