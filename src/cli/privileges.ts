/**
 * Giving up root. A process that parses what strangers send must not be root; a server started as root becomes a user that owns
 * nothing but the data. There is no way back, and what it needs of files that only root can read must be in memory by then.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, chownSync, constants, lchownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from '#cli/output.ts';
import { isMachineUid } from '#platform/compute/machine-uid.ts';

export interface Unprivileged {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** CAP_NET_ADMIN and CAP_SYS_ADMIN, by their bits. */
const TO_MAKE_NETWORKS = (1n << 12n) | (1n << 21n);

/** Root of a container may be root in little but name. */
export function mayMakeNetworks(): boolean {
  if (process.platform !== 'linux' || !isRoot()) return false;
  const [, effective = '0'] = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${effective}`) & TO_MAKE_NETWORKS) === TO_MAKE_NETWORKS;
}

/** The user `name`, made as a system user without a login if it is not there. */
export function unprivilegedUser(name: string): Unprivileged {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) throw new CommandError(`"${name}" is no name for a user`);
  const found = lookUp(name);
  if (found !== undefined) return found;
  const made = spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', name], {
    encoding: 'utf8',
  });
  const user = lookUp(name);
  if (user !== undefined) return user;
  const why = made.error?.message ?? made.stderr.trim();
  throw new CommandError(`the user ${name} can't be made (${why}): make it, or name another with --user`);
}

function lookUp(name: string): Unprivileged | undefined {
  const id = (flag: string): number | undefined => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return status === 0 ? Number(stdout.trim()) : undefined;
  };
  const uid = id('-u');
  const gid = id('-g');
  return uid === undefined || gid === undefined ? undefined : { name, uid, gid };
}

/**
 * A folder of the server's and all in it; links themselves, never where they lead. What a machine runs on is its own while it does, and the
 * folders of machines and of builds are root's (`except`). One that other processes have as well was handed over by the first of them.
 */
export function handOver(folder: string, user: Unprivileged, except: readonly string[], isShared = false): void {
  const { uid, gid } = user;
  if (isShared && statSync(folder).uid === uid) return;
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (except.includes(path)) continue;
    const stats = lstatSync(path);
    if (stats.isDirectory()) handOver(path, user, except);
    else if (stats.uid !== uid && !isMachineUid(stats.uid)) lchownSync(path, uid, gid);
  }
}

export function giveUpRoot({ uid, gid, name }: Unprivileged): void {
  if (uid === 0) throw new CommandError(`${name} is root itself: name another user with --user`);
  // These are there on every system that has root.
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Whether any user gets to the folder, by the rights of all others on it and on all above it. */
export function isOpenToAll(folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false });
  // What is not there is found further up, if anywhere (packages beside an installed program).
  const isOpen = stats === undefined || (stats.mode & constants.S_IXOTH) !== 0;
  const above = dirname(folder);
  return isOpen && (above === folder || isOpenToAll(above));
}

/** To be asked after root was given up: the folder is the user's, but what lies above it may be closed to it (a home, say). */
export function checkReach(folder: string, { name }: Unprivileged): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new CommandError(
      `the server becomes the user ${name}, who can't get to ${folder}: a folder above it is closed to others. ` +
        'Open that one, choose another folder with --data, or another user with --user',
    );
  }
}
