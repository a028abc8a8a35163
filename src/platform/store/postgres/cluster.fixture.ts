/**
 * A PostgreSQL of a test's own, from Debian's package: a cluster in a temporary folder, syncing its writes, on a loopback port, run by an
 * unprivileged user (the server refuses root), removed with the test. It may have a standby, which every commit waits for.
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
  /** Of its socket. */
  readonly folder: string;
  /** `more`: further parameters. The role owns the database, and nothing else. */
  url(schema: string, more?: string): string;
  address(schema: string): StoreAddress;
  /** Runs SQL as the administrator. */
  sql(text: string, database?: string): string;
  /** From now on it speaks TLS, as `localhost`; the file of the authority that vouches for it. */
  useTls(): string;
  /** Of all its processes that still run. */
  cpuMicroseconds(): number;
  start(): Promise<void>;
  /** `fast` lets what runs end badly and the disk be in order; `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Of a standby: from now on it takes writes. */
  promote(): void;
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

interface Unprivileged {
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A new folder within `parent`, and who may use it. */
function newFolder(parent: string): Unprivileged {
  const folder = mkdtempSync(join(parent, 'makonis-postgres-'));
  const owner = nobody();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  return { ...owner, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
}

const dataIn = (folder: string): string => join(folder, 'data');

/** Makes the cluster's files. */
function initialise(options: Unprivileged): void {
  const { cwd: folder, uid, gid } = options;
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  if (uid !== undefined && gid !== undefined) chownSync(passwordFile, uid, gid);
  const authentication = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`];
  // Once: what runs later syncs.
  const form = ['-D', dataIn(folder), '-U', 'administrator', '-E', 'UTF8', '--no-locale', '--no-sync'];
  execFileSync(program('initdb'), [...form, ...authentication], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A certificate for `localhost`, which is its own authority. */
function makeCertificate(data: string, options: Unprivileged): string {
  const [certificate, key] = [join(data, 'server.crt'), join(data, 'server.key')];
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  const named = ['-subj', '/CN=of a test', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [...kind, ...named, '-keyout', key, '-out', certificate], { ...options, stdio: 'ignore' });
  return certificate;
}

/** A start after a crash replays what was not yet in the files. */
const START_LIMIT_MILLISECONDS = 60_000;

/** In a folder of its own within `parent`. */
export async function startCluster(parent = tmpdir()): Promise<Cluster> {
  const options = newFolder(parent);
  initialise(options);
  const cluster = clusterOn(options, await freePort());
  await cluster.start();
  cluster.sql(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}'`, 'postgres');
  cluster.sql(`CREATE DATABASE ${ROLE} OWNER ${ROLE}`, 'postgres');
  return cluster;
}

/** From now on a commit of the primary is answered when this one has it on its disk too. */
export async function startStandby(primary: Cluster, parent = tmpdir()): Promise<Cluster> {
  const options = newFolder(parent);
  const from = `host=${primary.folder} port=${primary.port} user=administrator application_name=standby`;
  const how = ['-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  execFileSync(program('pg_basebackup'), ['-D', dataIn(options.cwd), '-d', from, ...how], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const standby = clusterOn(options, await freePort());
  await standby.start();
  primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
  primary.sql('SELECT pg_reload_conf()');
  while (primary.sql('SELECT sync_state FROM pg_stat_replication') !== 'sync') {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return standby;
}

/** `postgres://` with several hosts: the one that takes writes is used. */
export const urlOfAll = (clusters: readonly Pick<Cluster, 'port'>[], schema: string): string =>
  `postgres://${ROLE}:${encodeURIComponent(PASSWORD)}@${clusters.map(({ port }) => `127.0.0.1:${port}`).join()}/${ROLE}?schema=${schema}&target_session_attrs=read-write`;

function clusterOn(options: Unprivileged, port: number): Cluster {
  const { cwd: folder } = options;
  const data = dataIn(folder);
  const place = ['-h', folder, '-p', String(port)];
  let server: ChildProcess | undefined;

  const psql = (text: string, database = 'postgres'): string =>
    execFileSync(
      program('psql'),
      [...place, '-U', 'administrator', '-d', database, '-v', 'ON_ERROR_STOP=1', '-Atqc', text],
      { ...options, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );

  const cluster: Cluster = {
    url: (schema, more = '') =>
      `postgres://${ROLE}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${ROLE}?schema=${schema}${more}`,
    address: (schema) => parseStoreAddress(cluster.url(schema)),
    port,
    folder,
    sql: (text, database = ROLE) => psql(text, database).trim(),
    useTls() {
      const certificate = makeCertificate(data, options);
      psql('ALTER SYSTEM SET ssl = on');
      psql('SELECT pg_reload_conf()');
      return certificate;
    },
    cpuMicroseconds: () => (server?.pid === undefined ? 0 : cpuOf(server.pid)),
    async start() {
      const settings = { port, unix_socket_directories: folder, listen_addresses: '127.0.0.1', shared_buffers: '64MB' };
      const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const started = spawn(program('postgres'), ['-D', data, ...given], { ...options, stdio: 'ignore' });
      server = started;
      const until = performance.now() + START_LIMIT_MILLISECONDS;
      while (spawnSync(program('pg_isready'), ['-q', ...place], options).status !== 0) {
        await new Promise((resolve) => setImmediate(resolve));
        if (started.exitCode !== null || performance.now() > until) throw new Error('postgres did not start');
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
    promote: () => void psql('SELECT pg_promote()'),
    async remove() {
      await cluster.stop('immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return cluster;
}
