/** The programs that are compared: each started afresh on a port of its own, measured by its process's CPU time, and stopped. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecrets, runningState } from '../../src/cli/run-state.ts';
import { sqsRequest, type Target } from './request.ts';

export interface Peer extends Target {
  readonly name: string;
  /** From exec until it answers HTTP. */
  readonly startSeconds: number;
  /** CPU seconds of all its threads so far. */
  cpuSeconds(): number;
  /** Of its first thread: the engine's, in our case. */
  firstThreadCpuSeconds(): number;
  residentMib(): number;
  /** The most that it ever had. */
  mostResidentMib(): number;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache', 'peers');
const TICKS_PER_SECOND = 100;

export interface OwnPeer extends Peer {
  /** From exec until a signed request is answered. */
  signedAnswerMilliseconds(): Promise<number>;
}

export async function startMakonis(
  data = mkdtempSync(join(tmpdir(), 'makonis-bench-')),
  { keepsData } = { keepsData: false },
): Promise<OwnPeer> {
  const state = join(data, 'run', 'state.json');
  rmSync(state, { force: true });
  const begin = performance.now();
  const port = await freePort();
  const keyFile = `${data}.key`;
  const args = [join(ROOT, 'bin/makonis'), 'up', '--data', data, '--port', String(port), '--master-key', keyFile];
  // The launcher has its own, where a service that loads late finds itself compiled.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await until(() => existsSync(state), 2);
  const { administrator } = openSecrets(runningState(data));
  if (administrator === undefined) throw new Error('the cloud has no administrator');
  const target = { port, ...administrator };
  const peer = peerOf('makonis', child, target, (performance.now() - begin) / 1000, () => {
    if (keepsData) return;
    rmSync(data, { recursive: true, force: true });
    rmSync(keyFile, { force: true });
  });
  return {
    ...peer,
    async signedAnswerMilliseconds() {
      await exchange(port, sqsRequest(target, 'json', 'ListQueues', {}));
      return performance.now() - begin;
    },
  };
}

/** One request on a connection of its own; resolves with the first bytes of the answer. */
function exchange(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      const isGood = bytes.toString('latin1', 9, 12) === '200';
      if (isGood) resolve(bytes);
      else reject(new Error(bytes.toString('latin1', 0, 500)));
    });
  });
}

export async function startElasticMq(version = '1.6.12'): Promise<Peer> {
  const folder = join(CACHE, `elasticmq-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    const pom = join(folder, 'pom.xml');
    writeFileSync(
      pom,
      `<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>bench</artifactId><version>1</version>
<dependencies><dependency><groupId>org.elasticmq</groupId><artifactId>elasticmq-server_2.13</artifactId><version>${version}</version></dependency></dependencies></project>`,
    );
    execFileSync('mvn', ['-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}/lib`], {
      stdio: 'inherit',
    });
  }
  const port = await freePort();
  const settings = [
    `-Dnode-address.port=${port}`,
    '-Drest-sqs.enabled=true',
    `-Drest-sqs.bind-port=${port}`,
    '-Drest-sqs.bind-hostname=127.0.0.1',
    '-Drest-sqs.sqs-limits=relaxed',
    '-Drest-stats.enabled=false',
  ];
  const args = [...settings, '-cp', `${folder}/lib/*`, 'org.elasticmq.server.Main'];
  const child = spawn('java', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const startSeconds = await answered(port, child);
  return peerOf('ElasticMQ', child, { port, accessKeyId: 'x', secretAccessKey: 'x' }, startSeconds);
}

export async function startMoto(): Promise<Peer> {
  const venv = join(CACHE, 'moto');
  if (!existsSync(join(venv, 'bin', 'moto_server'))) {
    execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
    execFileSync(join(venv, 'bin', 'pip'), ['install', '-q', 'moto[server]'], { stdio: 'inherit' });
  }
  const port = await freePort();
  const child = spawn(join(venv, 'bin', 'moto_server'), ['-p', String(port)], { stdio: 'ignore' });
  const startSeconds = await answered(port, child);
  return peerOf('moto', child, { port, accessKeyId: 'x', secretAccessKey: 'x' }, startSeconds);
}

export function peerOf(
  name: string,
  child: ChildProcess,
  target: Target,
  startSeconds: number,
  cleanUp = () => {},
): Peer {
  return {
    name,
    ...target,
    startSeconds,
    cpuSeconds() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    firstThreadCpuSeconds() {
      const [nanoseconds] = readFileSync(`/proc/${child.pid}/task/${child.pid}/schedstat`, 'utf8').split(' ');
      return Number(nanoseconds) / 1e9;
    },
    residentMib() {
      const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      return Number(line?.[1]) / 1024;
    },
    mostResidentMib() {
      const line = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      return Number(line?.[1]) / 1024;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      cleanUp();
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Seconds from now until the program answers HTTP. */
export async function answered(port: number, child: ChildProcess): Promise<number> {
  const start = performance.now();
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode} before it answered`);
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) });
      return true;
    } catch {
      return false;
    }
  });
  return (performance.now() - start) / 1000;
}

async function until(isTrue: () => boolean | Promise<boolean>, pause = 10): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('waited for 60 s in vain');
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
