/** What is measured of a guest that runs, whoever has started it: through ssh, and by what its process has of the host's memory. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { SENT_MIB } from './peer.ts';

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Whether SSH says its first words. */
const greets = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(22, host);
    // A login looks for keys that were pushed first.
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });

export async function untilGreeted(host: string): Promise<void> {
  while (!(await greets(host))) await pause(20);
}

export interface Shell {
  /** A command's output. */
  run(command: string, input?: Buffer): Promise<string>;
}

export const sshTo = (host: string, key: string): Shell => ({
  run(command, input) {
    const known = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
    const child = spawn('ssh', ['-i', key, ...known, `ec2-user@${host}`, command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(input);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8').trim());
        else reject(new Error(`ssh ended with ${code}: ${command}`));
      });
    });
  },
});

/** By name, in what its unit says. */
export type Figures = Record<string, number>;

/** Of all its threads, in milliseconds: what others do on this machine at the same time is hardly in it. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Own: what is nobody else's, where files (QEMU's program, an image's kernel) are shared by all that have them open. */
export function memoryOf(pid: number): { readonly ownMiB: number; readonly rssMiB: number; readonly pssMiB: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024;
  return { ownMiB: of('Pss_Anon') + of('Pss_Shmem'), rssMiB: of('Rss'), pssMiB: of('Pss') };
}

export function memoryFigures(pid: number): Figures {
  const { ownMiB, rssMiB, pssMiB } = memoryOf(pid);
  return { 'own memory, MiB': ownMiB, 'RSS, MiB': rssMiB, 'PSS, MiB': pssMiB };
}

const WRITTEN_MIB = 256;
const DISK = '/dev/vdb';
const TOOL = '/home/ec2-user/in-guest';

/** Compiled of in-guest.c. */
export const bringTool = (shell: Shell, tool: Buffer): Promise<string> =>
  shell.run(`cat >${TOOL} && chmod +x ${TOOL}`, tool);

/** Past the guest's cache. */
export async function diskFigures(shell: Shell): Promise<Figures> {
  const timed = async (words: string): Promise<number> => {
    const said = await shell.run(
      `sudo sh -c 'read a b </proc/uptime; dd ${words} 2>/dev/null; read c d </proc/uptime; echo $a $c'`,
    );
    const [from = 0, until = 0] = said.split(' ').map(Number);
    return WRITTEN_MIB / (until - from);
  };
  const write = await timed(`if=/dev/zero of=${DISK} bs=1M count=${WRITTEN_MIB} oflag=direct`);
  const read = await timed(`if=${DISK} of=/dev/null bs=1M count=${WRITTEN_MIB} iflag=direct`);
  const random = Number(await shell.run(`sudo ${TOOL} reads ${DISK} ${WRITTEN_MIB} 4`));
  return { 'disk write, MiB/s': write, 'disk read, MiB/s': read, '4 KiB random reads/s': random };
}

/** `told` answers what the peer has measured of the next connection. */
export async function networkFigures(shell: Shell, peer: string, told: () => Promise<number>): Promise<Figures> {
  const measured = async (what: 'up' | 'down'): Promise<number> => {
    const next = told();
    await shell.run(`${TOOL} ${what} ${peer} ${SENT_MIB}`);
    return (await next) / 2 ** 20;
  };
  return { 'network out, MiB/s': await measured('up'), 'network in, MiB/s': await measured('down') };
}
