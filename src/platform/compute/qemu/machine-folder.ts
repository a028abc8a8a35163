/**
 * A machine's folder, as whoever holds root (or the present user, without it) makes it and hands files on by it.
 *
 * The folder belongs to the server, which may be in a stranger's hands one day: so no link in it is followed, and a file is handed on
 * only if it is the server's or a machine's already.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { MachineError } from '#platform/compute/machine.ts';
import { isMachineUid } from '#platform/compute/machine-uid.ts';
import { earlier, FILES, SOCKETS, WRITTEN } from '#platform/compute/qemu/machine-files.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Whose the folder is, and who runs the machine. Without root both are the present user, and nothing is handed over. */
export interface Owners {
  readonly server: User;
  readonly machine: number;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY, O_APPEND } = constants;
const LONGEST_COMPLAINT = 2000;

/** New and empty, with the files that the machine writes; until `closeFolder` its process can make sockets there. */
export function openFolder(path: string, owners: Owners | undefined): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  for (const name of WRITTEN) {
    const file = openSync(join(path, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    if (owners !== undefined) {
      fchownSync(file, owners.server.uid, owners.machine);
      fchmodSync(file, 0o620);
    }
    closeSync(file);
  }
  if (owners === undefined) return;
  lchownSync(path, owners.server.uid, owners.machine);
  setMode(path, 0o770);
}

/** From here on the machine's process makes nothing more, and the server may use its sockets. */
export function closeFolder(path: string, owners: Owners | undefined): void {
  if (owners === undefined) return;
  setMode(path, 0o750);
  for (const name of SOCKETS) {
    const socket = join(path, name);
    if (!lstatSync(socket).isSocket()) throw new MachineError('failed', `${name} is no socket`);
    lchownSync(socket, owners.server.uid, owners.server.gid);
  }
}

/** What QEMU says to nobody goes here. */
export const openErrors = (path: string): number =>
  openSync(join(path, FILES.errors), O_WRONLY | O_APPEND | O_NOFOLLOW);

/** What it complained of last. */
export function complaintIn(path: string): string {
  const file = openSync(join(path, FILES.errors), O_RDONLY | O_NOFOLLOW);
  try {
    const text = Buffer.alloc(LONGEST_COMPLAINT);
    return text.toString('utf8', 0, readSync(file, text)).trim();
  } finally {
    closeSync(file);
  }
}

/** A name for it in the machine's folder; `isOwn`: to write to. */
export function lendFile(source: string, path: string, owners: Owners | undefined, isOwn: boolean): void {
  try {
    linkSync(source, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (owners === undefined) return;
  if (isOwn) handOver(path, owners, { uid: owners.machine, gid: owners.server.gid }, 0o660);
  else handOver(path, owners, owners.server, 0o444);
}

export function takeBackFile(path: string, owners: Owners | undefined): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (owners !== undefined && stats.isFile() && stats.uid === owners.machine)
    handOver(path, owners, owners.server, 0o640);
  unlinkSync(path);
}

/** All but what the console said. */
export function emptyFolder(path: string, owners: Owners | undefined): void {
  for (const name of namesIn(path)) if (!KEPT.includes(name)) takeBackFile(join(path, name), owners);
}

const KEPT: readonly string[] = [FILES.console, earlier(FILES.console)];

export function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function handOver(path: string, { server }: Owners, to: User, mode: number): void {
  withFile(path, (file, stats) => {
    const isOurs = stats.isFile() && (stats.uid === server.uid || isMachineUid(stats.uid));
    if (!isOurs) throw new MachineError('failed', `${path} is not the cloud's to give`);
    fchownSync(file, to.uid, to.gid);
    fchmodSync(file, mode);
  });
}

const setMode = (path: string, mode: number): void => withFile(path, (file) => fchmodSync(file, mode));

/** Whatever lies there is opened without being followed or waited for. */
function withFile(path: string, use: (file: number, stats: Stats) => void): void {
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    use(file, fstatSync(file));
  } finally {
    closeSync(file);
  }
}
