/**
 * S3 servers to compare with, each on loopback, its data on the same disk. Their programs are looked for in `.cache/peers`:
 * `GOBIN=$PWD/.cache/peers go install github.com/minio/minio@latest github.com/versity/versitygw/cmd/versitygw@latest`, one by one.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { answered, freePort, type Peer, peerOf } from '../sqs/peers.ts';

const PROGRAMS = join(import.meta.dirname, '../../.cache/peers');
const KEYS = { accessKeyId: 'benchmark', secretAccessKey: 'benchmark-secret' };

interface Program {
  readonly name: string;
  readonly args: (address: string, data: string) => readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function start({ name, args, env }: Program): Promise<Peer> {
  const data = mkdtempSync(join(tmpdir(), `${name}-bench-`));
  const port = await freePort();
  const child = spawn(join(PROGRAMS, name), args(`127.0.0.1:${port}`, data), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const startSeconds = await answered(port, child);
  return peerOf(name, child, { port, ...KEYS }, startSeconds, () => rmSync(data, { recursive: true, force: true }));
}

export async function startMinio(): Promise<Peer> {
  const peer = await start({
    name: 'minio',
    args: (address, data) => ['server', '--quiet', '--address', address, data],
    env: { MINIO_ROOT_USER: KEYS.accessKeyId, MINIO_ROOT_PASSWORD: KEYS.secretAccessKey },
  });
  // It answers before it takes requests.
  while (!(await fetch(`http://127.0.0.1:${peer.port}/minio/health/cluster`)).ok) await pause(100);
  return peer;
}

export const startVersityGateway = (): Promise<Peer> =>
  start({
    name: 'versitygw',
    args: (address, data) => ['--port', address, '--quiet', '--keep-alive', 'posix', data],
    env: { ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
  });
