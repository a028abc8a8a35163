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

const COUNT = 4;

/** As this process has it: compiled code spares the child half of its time. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // It is told of the one for this version of Node.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

export function openSockets(namespace: string): Promise<VpcSockets> {
  const program = [process.execPath, join(import.meta.dirname, 'sockets-child.ts')];
  const child = spawn('ip', ['netns', 'exec', namespace, ...program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_NO_WARNINGS: '1', ...compileCache() },
  });
  return new Promise((resolve, reject) => {
    const sockets: Record<string, unknown> = {};
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-1000);
    });
    child.on('message', (name: string, handle) => {
      sockets[name] = handle;
      child.send('got it');
      // By the names that the child gives.
      if (Object.keys(sockets).length === COUNT) resolve(sockets as unknown as VpcSockets);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`sockets of ${namespace}: exit ${code} ${complaint.trim()}`)));
  });
}
