/** Sockets inside a VPC, opened by a short-lived child that hands them over: a process of Node's can't change its own namespace. */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { getCompileCacheDir } from 'node:module';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';

export interface VpcSockets {
  readonly metadata: Server;
  readonly dhcp: Socket;
  readonly dns: Socket;
  readonly dnsOverTcp: Server;
}

/** Where a connection is to begin and end: the first of a tunnel's end, from one of its ports. */
export interface TunnelEnds {
  readonly vpc: string;
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly as?: string | undefined;
}

/** As this process has it: compiled code spares the child half of its time. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // It is told of the one for this version of Node.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

// By the names that the child gives.
export const openSockets = async (namespace: string): Promise<VpcSockets> =>
  (await handedOver(namespace, ['sockets-child.ts'], 4)) as unknown as VpcSockets;

export async function connectInside(namespace: string, ends: TunnelEnds): Promise<unknown> {
  const { from, fromPort, to, toPort } = ends;
  const program = ['connect-child.ts', from, String(fromPort), to, String(toPort)];
  return (await handedOver(namespace, program, 1))['connection'];
}

/** What a program of this folder opens inside of a namespace, by name: so many handles. */
function handedOver(
  namespace: string,
  [file = '', ...words]: readonly string[],
  count: number,
): Promise<Readonly<Record<string, unknown>>> {
  const program = [process.execPath, join(import.meta.dirname, file), ...words];
  const child = spawn('ip', ['netns', 'exec', namespace, ...program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_NO_WARNINGS: '1', ...compileCache() },
  });
  return new Promise((resolve, reject) => {
    const handles: Record<string, unknown> = {};
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-1000);
    });
    child.on('message', (name: string, handle) => {
      handles[name] = handle;
      child.send('got it');
      if (Object.keys(handles).length === count) resolve(handles);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${file} in ${namespace}: exit ${code} ${complaint.trim()}`)));
  });
}
