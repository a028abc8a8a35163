/**
 * Where a store in PostgreSQL is: `postgres://user@host:port/database?schema=…&sslmode=…`, as libpq writes it, with several hosts too
 * (`host:port,host:port`): the one that takes writes is used. A password stands in the record alone: what is shown of an address, in
 * messages and logs, comes from `describeAddress`.
 */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface StoreTls {
  /** PEM. */
  readonly authorities?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** `require` proves nothing about the server, `verify-ca` who vouches for it, `verify-full` its name too. */
  readonly verifies: 'nothing' | 'authority' | 'name';
}

export interface StoreServer {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly password: string | undefined;
}

export interface StoreAddress extends StoreServer {
  /** Standbys of the first, of which one may take writes by now. */
  readonly others?: readonly StoreServer[];
  readonly user: string;
  readonly database: string;
  readonly schema: string;
  readonly tls: StoreTls | undefined;
}

/** What a user can mend. Says nothing of what stands in the address. */
export class StoreAddressError extends Error {
  override name = 'StoreAddressError';
}

const refuse = (problem: string): never => {
  throw new StoreAddressError(problem);
};

const DEFAULT_PORT = 5432;
const SOCKETS = '/var/run/postgresql';
/** What needs no quotes in SQL. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const PARAMETERS = ['host', 'port', 'schema', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'target_session_attrs'];
const VERIFIES = { disable: undefined, require: 'nothing', 'verify-ca': 'authority', 'verify-full': 'name' } as const;

export function parseStoreAddress(text: string): StoreAddress {
  const spelled = /^postgres(?:ql)?:\/\/(?<user>[^/?]*@)?(?<hosts>[^/?]*)(?<rest>.*)$/s.exec(text)?.groups;
  if (spelled === undefined) return refuse('expected postgres://user@host/database');
  const [first = '', ...further] = (spelled['hosts'] ?? '').split(',');
  // A URL needs a host, which libpq's may leave out; a socket's folder then stands in `host`.
  const url = parsedUrl(`${spelled['user'] ?? ''}${first || 'localhost.invalid'}${spelled['rest']}`);
  const given = Object.fromEntries(url.searchParams);
  const unknown = Object.keys(given).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return refuse(`unknown parameter ${unknown}: known are ${PARAMETERS.join(', ')}`);
  const { schema = 'makonis', target_session_attrs: wanted = 'read-write' } = given;
  if (wanted !== 'read-write' && wanted !== 'primary') {
    return refuse(`target_session_attrs: expected read-write or primary, not "${wanted}": a store is written to`);
  }
  if (!SCHEMA.test(schema)) return refuse(`schema: expected small letters, digits and _, not "${schema}"`);
  const password = decodeURIComponent(url.password) || undefined;
  const named = [url, ...further.map(parsedUrl)].map((each) => ({ ...serverIn(each), password }));
  const [server, ...others] = serversOf(given, named);
  if (server === undefined) return refuse('expected postgres://user@host:port/database');
  const user = decodeURIComponent(url.username) || 'makonis';
  return {
    ...server,
    ...(others.length > 0 && { others }),
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    schema,
    tls: tlsOf(
      given,
      [server, ...others].map(({ host }) => host),
    ),
  };
}

const serverIn = ({ hostname, port }: URL) => ({
  host: hostname === 'localhost.invalid' ? SOCKETS : hostname.replace(/^\[(.*)\]$/, '$1'),
  port: Number(port || DEFAULT_PORT),
});

/** The parameters `host` and `port` have the last word; a single port is that of all hosts. */
function serversOf({ host, port }: Readonly<Record<string, string>>, named: readonly StoreServer[]): StoreServer[] {
  const hosts = host?.split(',') ?? named.map((server) => server.host);
  const ports = port?.split(',').map(Number) ?? (host === undefined ? named.map((server) => server.port) : []);
  if (ports.length > 1 && ports.length !== hosts.length) refuse('port: expected one for all hosts, or one for each');
  const portOf = (at: number): number => ports[ports.length > 1 ? at : 0] ?? named[0]?.port ?? DEFAULT_PORT;
  return hosts.map((each, at) => ({ host: each, port: portOf(at), password: named[0]?.password }));
}

function parsedUrl(rest: string): URL {
  try {
    return new URL(`postgres://${rest}`);
  } catch {
    return refuse('expected postgres://user@host:port/database');
  }
}

function tlsOf(given: Readonly<Record<string, string>>, hosts: readonly string[]): StoreTls | undefined {
  const { sslmode, sslrootcert, sslcert, sslkey } = given;
  const isOnThisMachine = hosts.every(
    (host) => host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host),
  );
  // libpq's default falls back to plain text, for whoever stands between. Across a network there is none such here.
  const mode = sslmode ?? (isOnThisMachine ? 'disable' : 'verify-full');
  if (!(mode in VERIFIES)) return refuse(`sslmode: expected one of ${Object.keys(VERIFIES).join(', ')}, not "${mode}"`);
  const verifies = VERIFIES[mode as keyof typeof VERIFIES]; // one of its keys
  if (verifies === undefined) return undefined;
  return {
    verifies,
    ...(sslrootcert !== undefined && { authorities: fileOf('sslrootcert', sslrootcert) }),
    ...(sslcert !== undefined && { certificate: fileOf('sslcert', sslcert) }),
    ...(sslkey !== undefined && { key: fileOf('sslkey', sslkey) }),
  };
}

function fileOf(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return refuse(`${parameter}: ${(error as Error).message}`);
  }
}

/** With its password, which may stand where PostgreSQL's own programs look for it. */
export function withPassword(store: StoreAddress, env: Readonly<Record<string, string | undefined>>): StoreAddress {
  const { PGPASSWORD, PGPASSFILE = join(homedir(), '.pgpass') } = env;
  const { user, database, others } = store;
  const known = <Server extends StoreServer>(server: Server): Server => ({
    ...server,
    password: server.password ?? PGPASSWORD ?? passwordIn(PGPASSFILE, { ...server, user, database }),
  });
  return { ...known(store), ...(others && { others: others.map(known) }) };
}

/** The password that a file in libpq's form (`host:port:database:user:password`) has for this address. */
function passwordIn(
  path: string,
  { host, port, database, user }: StoreServer & Pick<StoreAddress, 'database' | 'user'>,
): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) refuse(`${path} can be read by others: chmod 600 it`);
  const asked = [host.startsWith('/') ? 'localhost' : host, String(port), database, user];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#')) continue;
    // A backslash makes the next character, a colon or a backslash, an ordinary one.
    const fields = [...line.matchAll(/((?:\\.|[^\\:])*)(?::|$)/gy)].map(([, field = '']) =>
      field.replace(/\\(.)/g, '$1'),
    );
    if (asked.every((value, at) => fields[at] === '*' || fields[at] === value)) return fields[asked.length];
  }
  return undefined;
}

/** Without its password. */
export const describeAddress = ({ others = [], database, user, schema, ...first }: StoreAddress): string =>
  `PostgreSQL at ${[first, ...others].map(describeServer).join(' or ')}, database ${database}, schema ${schema}, user ${user}`;

export const describeServer = ({ host, port }: Pick<StoreServer, 'host' | 'port'>): string =>
  host.startsWith('/') ? host : `${host}:${port}`;
