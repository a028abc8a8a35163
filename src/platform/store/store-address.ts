/**
 * Where a store in PostgreSQL is: `postgres://user@host:port/database?schema=…&sslmode=…`, as libpq writes it. A password stands in the
 * record alone: what is shown of an address, in messages and logs, comes from `describeAddress`.
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

export interface StoreAddress {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
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
const PARAMETERS = ['host', 'port', 'schema', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey'];
const VERIFIES = { disable: undefined, require: 'nothing', 'verify-ca': 'authority', 'verify-full': 'name' } as const;

export function parseStoreAddress(text: string): StoreAddress {
  // A URL needs a host, which libpq's may leave out; a socket's folder then stands in `host`.
  const spelled = /^postgres(ql)?:\/\/(?<rest>.*)$/s.exec(text)?.groups?.['rest'];
  if (spelled === undefined) return refuse('expected postgres://user@host/database');
  const url = parsedUrl(spelled.replace(/^([^/?]*@)?(?=[/?]|$)/, '$1localhost.invalid'));
  const given = Object.fromEntries(url.searchParams);
  const unknown = Object.keys(given).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return refuse(`unknown parameter ${unknown}: known are ${PARAMETERS.join(', ')}`);
  const { schema = 'makonis' } = given;
  if (!SCHEMA.test(schema)) return refuse(`schema: expected small letters, digits and _, not "${schema}"`);
  const named = url.hostname === 'localhost.invalid' ? SOCKETS : url.hostname.replace(/^\[(.*)\]$/, '$1');
  const host = given['host'] ?? named;
  const user = decodeURIComponent(url.username) || 'makonis';
  return {
    host,
    port: Number(given['port'] ?? (url.port || DEFAULT_PORT)),
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    password: decodeURIComponent(url.password) || undefined,
    schema,
    tls: tlsOf(given, host),
  };
}

function parsedUrl(rest: string): URL {
  try {
    return new URL(`postgres://${rest}`);
  } catch {
    return refuse('expected postgres://user@host:port/database');
  }
}

function tlsOf(given: Readonly<Record<string, string>>, host: string): StoreTls | undefined {
  const { sslmode, sslrootcert, sslcert, sslkey } = given;
  const isOnThisMachine = host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
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
  return { ...store, password: store.password ?? PGPASSWORD ?? passwordIn(PGPASSFILE, store) };
}

/** The password that a file in libpq's form (`host:port:database:user:password`) has for this address. */
function passwordIn(path: string, address: StoreAddress): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) refuse(`${path} can be read by others: chmod 600 it`);
  const { host, port, database, user } = address;
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
export const describeAddress = ({ host, port, database, user, schema }: StoreAddress): string =>
  `PostgreSQL at ${host.startsWith('/') ? host : `${host}:${port}`}, database ${database}, schema ${schema}, user ${user}`;
