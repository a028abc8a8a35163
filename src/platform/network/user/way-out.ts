/**
 * slirp4netns: what leaves a namespace of the user's becomes connections of a process of his. It goes on when the server ends, as machines do; it is
 * known by the folder that it was started in. Ports of this machine are led in by its own small protocol, a request a connection.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { withShortPath } from '#platform/compute/qemu/machine-files.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { SLIRP_LINK } from '#platform/network/user/namespaces.ts';

/** A TCP port of this machine, and where it leads inside. */
export interface Door {
  readonly host_addr: string;
  readonly host_port: number;
  readonly guest_addr: string;
  readonly guest_port: number;
}

export interface WayOut {
  /** These are open from now on, and no others; those that are not to be had are answered. */
  open(doors: readonly Door[]): Promise<readonly Door[]>;
  /** With the last machine. */
  close(): void;
}

interface FoundDoor extends Door {
  readonly id: number;
}

const SOCKET = 'control';
/** What it says goes nowhere: it is our own doing, and a guest's. */
const FLAGS = ['--configure', '--mtu=1500', '--disable-host-loopback', '--enable-seccomp', `--api-socket=${SOCKET}`];

/** Of the namespace of the process `pid`; `isNew`: whatever one was there was for another. */
export async function wayOut(folder: string, pid: number, isNew: boolean): Promise<WayOut> {
  const own = (): number[] => processes().flatMap((each) => (folderOf(each) === folder ? each.pid : []));
  const end = (): void => {
    for (const each of own()) process.kill(each, 'SIGKILL');
  };
  if (isNew) end();
  if (own().length === 0) await start(folder, pid);
  return {
    async open(doors) {
      const { entries = [] } = (await ask(folder, 'list_hostfwd')) as { readonly entries?: readonly FoundDoor[] };
      const wanted = new Map(doors.map((door) => [keyOf(door), door]));
      for (const { id, ...door } of entries) {
        if (!wanted.delete(keyOf(door))) await ask(folder, 'remove_hostfwd', { id });
      }
      const refused: Door[] = [];
      for (const door of wanted.values()) {
        await ask(folder, 'add_hostfwd', { proto: 'tcp', ...door }).catch(() => refused.push(door));
      }
      return refused;
    },
    close: end,
  };
}

const keyOf = ({ host_addr, host_port, guest_addr, guest_port }: Door): string =>
  `${host_addr}:${host_port} ${guest_addr}:${guest_port}`;

async function start(folder: string, pid: number): Promise<void> {
  rmSync(join(folder, SOCKET), { force: true });
  const child = spawn('slirp4netns', [...FLAGS, '--ready-fd=3', `${pid}`, SLIRP_LINK], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  // Pipes, as they were asked for.
  const [errors, ready] = [child.stdio[2], child.stdio[3]] as [Readable, Readable];
  let complaint = '';
  errors.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-1000);
  });
  const failed = Promise.race([once(child, 'error'), once(child, 'exit')]).then(() => {
    throw new Error(`slirp4netns ended: ${complaint.trim()}`);
  });
  await Promise.race([once(ready, 'data'), failed]);
  failed.catch(() => {});
  // It has said what it has to.
  ready.destroy();
  errors.destroy();
  child.unref();
}

/** Its answer, or its complaint as an error. */
function ask(folder: string, execute: string, input: object = {}): Promise<unknown> {
  return withShortPath(folder, async (path) => {
    const socket = connect(join(path, SOCKET));
    socket.end(JSON.stringify({ execute, arguments: input }));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    // As its manual has it (slirp4netns(1), "API socket").
    const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      return?: unknown;
      error?: { desc?: string };
    };
    if (answer.error !== undefined) throw new Error(`slirp4netns: ${answer.error.desc}`);
    // A list comes without the envelope that its manual shows (1.2).
    return answer.return ?? answer;
  });
}
