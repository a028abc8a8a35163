/**
 * A PostgreSQL of a test's own, from Debian's package: a cluster in a temporary folder, syncing its writes, on a loopback port, run by an
 * unprivileged user (the server refuses root), removed with the test.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStoreAddress, type StoreAddress } from '#platform/store/store-address.ts';

const VERSIONS = '/usr/lib/postgresql';
const newest = existsSync(VERSIONS)
  ? readdirSync(VERSIONS)
      .toSorted((a, b) => Number(a) - Number(b))
      .at(-1)
  : undefined;
const program = (name: string): string => (newest === undefined ? name : join(VERSIONS, newest, 'bin', name));

const hasPostgres = spawnSync(program('postgres'), ['--version']).status === 0;
export const withPostgres = { skip: hasPostgres ? false : 'PostgreSQL is missing (Debian package: postgresql)' };

export interface Cluster {
  readonly port: number;
  /** The folder of its socket. */
  readonly sockets: string;
  /** `more`: further parameters. The role owns the database, and nothing else. */
  url(schema: string, more?: string): string;
  address(schema: string): StoreAddress;
  /** Runs SQL as the administrator. */
  sql(text: string): string;
  /** From now on it speaks TLS, as `localhost`; the file of the authority that vouches for it. */
  useTls(): string;
  /** Of all its processes that still run. */
  cpuMicroseconds(): number;
  start(): Promise<void>;
  /** `fast` lets what runs end badly and the disk be in order; `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  remove(): Promise<void>;
}

const ROLE = 'makonis';
const PASSWORD = 'tell: nobody@all';

function nobody(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (option: string): number => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** Of a process and its children, from /proc. */
function cpuOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children].map(ownCpu).reduce((sum, each) => sum + each);
}

const TICK_MICROSECONDS = 10_000;
function ownCpu(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) * TICK_MICROSECONDS;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** In a folder of its own within `parent`. */
export async function startCluster(parent = tmpdir()): Promise<Cluster> {
  const folder = mkdtempSync(join(parent, 'makonis-postgres-'));
  const owner = nobody();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const options = { ...owner, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  if (owner) chownSync(passwordFile, owner.uid, owner.gid);
  const authentication = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  execFileSync(program('initdb'), ['-D', data, '-U', 'administrator', '-E', 'UTF8', '--no-locale', ...authentication], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await freePort();
  let server: ChildProcess | undefined;

  const psql = (text: string, user = 'administrator', database = 'postgres'): string =>
    execFileSync(
      program('psql'),
      ['-h', folder, '-p', String(port), '-U', user, '-d', database, '-v', 'ON_ERROR_STOP=1', '-Atqc', text],
      { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );

  const cluster: Cluster = {
    port,
    sockets: folder,
    url: (schema, more = '') =>
      `postgres://${ROLE}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${ROLE}?schema=${schema}${more}`,
    address: (schema) => parseStoreAddress(cluster.url(schema)),
    sql: (text) => psql(text, 'administrator', ROLE).trim(),
    useTls() {
      const [certificate, key] = [join(data, 'server.crt'), join(data, 'server.key')];
      const made = [
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        certificate,
      ];
      const named = ['-days', '2', '-subj', '/CN=of a test', '-addext', 'subjectAltName=DNS:localhost'];
      execFileSync('openssl', ['req', '-x509', ...made, ...named], { ...options, stdio: 'ignore' });
      psql('ALTER SYSTEM SET ssl = on');
      psql('SELECT pg_reload_conf()');
      return certificate;
    },
    cpuMicroseconds: () => (server?.pid === undefined ? 0 : cpuOf(server.pid)),
    async start() {
      const settings = { port, unix_socket_directories: folder, listen_addresses: '127.0.0.1', shared_buffers: '64MB' };
      const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      server = spawn(program('postgres'), ['-D', data, ...given], {
        ...options,
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      const isReady = (): boolean =>
        spawnSync(program('pg_isready'), ['-q', '-h', folder, '-p', String(port)], options).status === 0;
      while (!isReady()) {
        if (server.exitCode !== null) throw new Error(`postgres ended with ${server.exitCode}`);
      }
    },
    async stop(mode = 'fast') {
      const running = server;
      server = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const ended = once(running, 'exit');
      running.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await ended;
    },
    async remove() {
      await cluster.stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await cluster.start();
  psql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  psql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`);
  return cluster;
}
