/**
 * What a cloud has on this machine beside its folder, looked at from outside: processes, namespaces, rules and control groups. Machines and networks
 * outlive their cloud, so a test that fails leaves them in whatever state they are: `removeRemains` takes them away. A test that is killed takes
 * nothing away: so a shell waits for its end, and becomes this program then.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { processes } from '#platform/compute/qemu/processes.ts';
import { readManifest } from '#platform/store/data-folder.ts';
import { until } from '#test/until.ts';

/** Processes of machines that were started in this folder. */
export const machinesIn = (folder: string): { readonly id: string; readonly pid: number }[] =>
  processes().flatMap(({ pid }) => {
    const own = workingFolder(pid);
    return own !== undefined && dirname(own) === folder ? { id: basename(own).replace(/ .*/, ''), pid } : [];
  });

/** How many hostd are there of a cloud whose data lie in this folder: they end with the control plane. */
export const hostdsOf = (folder: string): number =>
  processes().filter(({ pid }) => {
    const words = commandOf(pid);
    return words.some((word) => word.endsWith('src/hostd/main.ts')) && words.some((word) => word.includes(folder));
  }).length;

export const namespacesOf = (tag: string): string[] =>
  allNamespaces().filter((name) => name.startsWith(`makonis-${tag}-`));

const allNamespaces = (): string[] => (existsSync('/run/netns') ? readdirSync('/run/netns') : []);

export const hasOuterRules = (tag: string): boolean => run('nft', 'list', 'tables').includes(`makonis_${tag}`);

/** Control groups of machines, and then those of all of them. */
export function groupsOf(tag: string): string[] {
  const parents = ['', 'cpu', 'memory', 'pids'].map((name) => join('/sys/fs/cgroup', name, `makonis-${tag}`));
  return parents.filter(existsSync).flatMap((path) => [
    ...readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name)),
    path,
  ]);
}

/** Of the cloud whose data lie in a folder, as `makonis up` has it; a test may have spoilt what it stands in. */
function tagIn(folder: string): string | undefined {
  try {
    return readManifest(join(folder, 'data'))?.cloudId.slice(0, 8);
  } catch {
    return undefined;
  }
}

/** Has a test's folder, and what is left of its cloud, removed when this process is gone, in whatever way. */
export function removeAfterwards(folder: string, tag = ''): void {
  const program = [process.execPath, import.meta.filename, folder, tag];
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; exec "$@"', 'sh', ...program], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  // Its end is this process's.
  (watcher.stdin as Socket | null)?.unref();
}

/**
 * The folder, processes that work in it or were told of it, and all that is named by the tag. Who is at work on this machine's networks ends
 * first: it would make them anew.
 */
export async function removeRemains(folder: string, tag = tagIn(folder)): Promise<void> {
  await until(() => killed(folder) === 0, `processes of ${folder} have ended`);
  if (tag !== undefined && process.getuid?.() === 0) await removeNetworks(tag);
  rmSync(folder, { recursive: true, force: true });
}

/** Tests name theirs by the tag too. */
const removeNetworks = (tag: string): Promise<void> =>
  until(() => {
    const namespaces = allNamespaces().filter((name) => name.includes(tag));
    for (const name of namespaces) {
      for (const pid of tried('ip', 'netns', 'pids', name).split('\n')) if (pid !== '') kill(Number(pid));
      tried('ip', 'netns', 'del', name);
    }
    if (hasOuterRules(tag)) tried('nft', 'delete', 'table', 'inet', `makonis_${tag}`);
    for (const path of groupsOf(tag)) removeGroup(path);
    return namespaces.length === 0 && !hasOuterRules(tag) && groupsOf(tag).length === 0;
  }, `networks and groups of ${tag} are gone`);

/** How many there were. */
function killed(folder: string): number {
  const isOfFolder = (pid: number): boolean =>
    `${workingFolder(pid)}/`.startsWith(`${folder}/`) || commandOf(pid).some((word) => word.includes(folder));
  const found = processes().filter(({ pid }) => pid !== process.pid && isOfFolder(pid));
  for (const { pid } of found) kill(pid);
  return found.length;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Whose process has ended is in it until its parent has heard of that.
  }
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** What fails is looked at again. */
function tried(program: string, ...args: readonly string[]): string {
  try {
    return run(program, ...args);
  } catch {
    return '';
  }
}

/** Where there is no such program, nothing was made by it. */
function run(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder = '', tag] = process.argv;
  await removeRemains(folder, tag || undefined);
}
