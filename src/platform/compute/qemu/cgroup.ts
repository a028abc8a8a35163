/**
 * A machine's share of the host, kept by the kernel: its processors, and its memory with what its process needs beside it. Hosts have
 * control groups of version 1, of version 2, or may not use them (containers): then machines run without.
 *
 * All machines of a cloud are one group beside whatever else runs here, and weigh together what they weigh one by one; but no more than the
 * host's processors, so that one of its own programs can still have most of a processor while guests want all of them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

export interface Share {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

type Settings = Readonly<Record<string, string>>;

const ROOT = '/sys/fs/cgroup';
/** Of one of the clouds of this machine. */
const ours = (tag: string): string => `makonis-${tag}`;
const PERIOD = 100_000;

/** What QEMU does for a guest (disks, screen) is half a processor's work at most. */
const quota = ({ vcpus }: Share): number => vcpus * PERIOD + PERIOD / 2;
/** Its threads: a processor's each, and the 64 that disks may need. */
const threads = ({ vcpus }: Share): number => vcpus + 128;
const bytes = ({ memoryMiB }: Share): number => memoryMiB * 2 ** 20;
const within = (number: number, least: number, most: number): number => Math.min(Math.max(number, least), most);

interface Weight {
  readonly file: string;
  /** A processor's. */
  readonly each: number;
  readonly least: number;
  readonly most: number;
}

/** Of the two versions. */
export const SHARES: Weight = { file: 'cpu.shares', each: 1024, least: 2, most: 262_144 };
export const WEIGHT: Weight = { file: 'cpu.weight', each: 100, least: 1, most: 10_000 };

/** As its quota: QEMU's own work counts too. */
const weighed = ({ file, each, least, most }: Weight, share: Share): Settings => ({
  [file]: `${within((quota(share) / PERIOD) * each, least, most)}`,
});

/** Of all that there are. */
export const weightOfAll = (weights: readonly number[], { each, most }: Weight, processors: number): number =>
  within(
    weights.reduce((sum, weight) => sum + weight, 0),
    each,
    Math.min(most, each * processors),
  );

/** By the folder of a controller. */
const FIRST_VERSION: Readonly<Record<string, (share: Share) => Settings>> = {
  cpu: (share) => ({
    ...weighed(SHARES, share),
    'cpu.cfs_period_us': `${PERIOD}`,
    'cpu.cfs_quota_us': `${quota(share)}`,
  }),
  memory: (share) => ({ 'memory.limit_in_bytes': `${bytes(share)}` }),
  pids: (share) => ({ 'pids.max': `${threads(share)}` }),
};

const SECOND_VERSION = (share: Share): Settings => ({
  ...weighed(WEIGHT, share),
  'cpu.max': `${quota(share)} ${PERIOD}`,
  'memory.max': `${bytes(share)}`,
  'pids.max': `${threads(share)}`,
});

const isSecondVersion = (): boolean => existsSync(join(ROOT, 'cgroup.controllers'));

/** The folders of a cloud, one under each controller. */
const parentsOf = (tag: string): { readonly path: string; readonly settings: (share: Share) => Settings }[] =>
  isSecondVersion()
    ? [{ path: join(ROOT, ours(tag)), settings: SECOND_VERSION }]
    : Object.entries(FIRST_VERSION).map(([name, settings]) => ({ path: join(ROOT, name, ours(tag)), settings }));

const groupsOf = (tag: string, id: string) =>
  parentsOf(tag).map(({ path, settings }) => ({ path: join(path, id), settings }));

/** Machines that have one. */
export const groupsLeft = (tag: string): string[] => parentsOf(tag).flatMap(({ path }) => foldersIn(path));

function foldersIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch {
    // Not there, or not ours to use.
    return [];
  }
}

/** Whether the host lets us hold machines to their share. */
export function enterGroups(tag: string, id: string, pid: number, share: Share): boolean {
  return groupsOf(tag, id)
    .map(({ path, settings }) => enter(path, settings(share), pid))
    .every(Boolean);
}

function enter(path: string, settings: Settings, pid: number): boolean {
  try {
    mkdirSync(path, { recursive: true });
    if (isSecondVersion()) writeFileSync(join(dirname(path), 'cgroup.subtree_control'), '+cpu +memory +pids');
    for (const [name, value] of Object.entries(settings)) writeFileSync(join(path, name), value);
    writeFileSync(join(path, 'cgroup.procs'), `${pid}`);
    weighAll(dirname(path));
    return true;
  } catch {
    leave(path);
    return false;
  }
}

function weighAll(parent: string): void {
  const weight = isSecondVersion() ? WEIGHT : SHARES;
  const own = join(parent, weight.file);
  // Other controllers know of no weight.
  if (!existsSync(own)) return;
  try {
    const weights = foldersIn(parent).map((id) => Number(readFileSync(join(parent, id, weight.file), 'utf8')));
    writeFileSync(own, `${weightOfAll(weights, weight, availableParallelism())}`);
  } catch {
    // Not ours to use, or gone with its last machine: then it weighs what groups weigh.
  }
}

/** Whether they are gone: a process that has ended stays in them until somebody has asked how. */
export function leaveGroups(tag: string, id: string): boolean {
  return groupsOf(tag, id)
    .map(({ path }) => leave(path))
    .every(Boolean);
}

function leave(path: string): boolean {
  const isGone = removed(path);
  // The folder of all of ours goes with the last machine's.
  if (isGone && !removed(dirname(path))) weighAll(dirname(path));
  return isGone;
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    // Not there, or not ours to use.
    return (error as NodeJS.ErrnoException).code !== 'EBUSY';
  }
}
