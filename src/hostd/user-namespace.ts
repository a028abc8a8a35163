/**
 * hostd without root: the same program and orders, in a namespace of users where the ordinary user is root, with networks of its own. What it
 * makes there is nobody else's: VPCs, taps and rules are as with root. The namespaces live as long as a process in them: machines keep
 * them while no hostd runs, and the next one joins theirs; with the last machine all goes by itself.
 *
 * The way out, and in, is slirp4netns, a process of the user's outside, which speaks for the namespace as any program of his would.
 */
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Hostd, type HostdOptions, spawnHostd } from '#hostd/hostd.ts';
import { computeFolders } from '#hostd/protocol.ts';
import { missingPrograms } from '#platform/compute/needed-programs.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { ownNamespaces, SLIRP_LINK, SLIRP_NETWORK } from '#platform/network/user/namespaces.ts';
import { type WayOut, wayOut } from '#platform/network/user/way-out.ts';

export interface UserHostd {
  readonly hostd: Hostd;
  readonly wayOut: WayOut;
  /** What no machine needs any more ends. */
  close(): void;
}

export type UserHostdOptions = Omit<HostdOptions, 'server' | 'inUserNamespace'>;

const PROGRAMS = [
  ...['unshare', 'nsenter'].map((program) => ({ program, package: 'util-linux' })),
  ...['ip', 'nft', 'slirp4netns'].map((program) => ({
    program,
    package: { ip: 'iproute2', nft: 'nftables' }[program] ?? program,
  })),
].map((each) => ({ ...each, for: 'networks without root' }));

/** Why networks can't be had so here; undefined: they can. */
export function lacksForUserNamespace(data: string): string | undefined {
  const missing = missingPrograms(PROGRAMS);
  if (missing.length > 0) return `there is no ${missing.map(({ program }) => program).join(', ')} here`;
  // It is covered there by a folder for namespaces.
  if (/^\/(var\/)?run\//.test(data)) return 'the data folder is below /run';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/net/tun is not open to this user';
  }
  return ownNamespaces.areAllowed() ? undefined : 'this system lets no ordinary user make namespaces';
}

export async function startHostdAsUser(options: UserHostdOptions): Promise<UserHostd> {
  const { machines, builds, wayOut: folder } = computeFolders(options.data);
  for (const path of [machines, builds, folder]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const machine = () => processes().find((each) => folderOf(each)?.startsWith(`${machines}/`) === true);
  const inside = machine();
  const child = spawnHostd(inside === undefined ? ownNamespaces.make : ownNamespaces.join(inside.pid), {
    ...options,
    // These are there on every system that has namespaces.
    server: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    inUserNamespace: { closedToGuests: [SLIRP_NETWORK, ...ownAddresses()], wayOutLink: SLIRP_LINK },
  });
  await untilReady(child);
  const way = await wayOut(folder, child.pid ?? 0, inside === undefined);
  const hostd = new Hostd(child);
  return {
    hostd,
    wayOut: way,
    close() {
      hostd.close();
      if (machine() === undefined) way.close();
    },
  };
}

/** Of this machine: what listens there is not for guests. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.flatMap(({ family, address, internal }) => (family === 'IPv4' && !internal ? address : [])),
  );

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`namespaces of one's own could not be made: exit ${code}`)));
  });
}
