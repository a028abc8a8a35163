/** Connections to the database, as all parts of the driver have them. */
import type { ConnectionOptions } from 'node:tls';
import type { Client, ClientConfig } from 'pg';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import { pg } from '#platform/packages.ts';
import { describeServer, type StoreAddress, type StoreTls } from '#platform/store/store-address.ts';

export interface Patience {
  /** After it the server gives a statement up, and so its transaction. */
  readonly statement: Milliseconds;
  /** How long writes wait for a database that has gone away, as one that is restarted. */
  readonly outcome: Milliseconds;
}

export const DEFAULT_PATIENCE: Patience = { statement: seconds(10), outcome: seconds(15) };
/** A server that says nothing for this much longer than its own limit has gone, or the network has. */
const SILENCE = seconds(2);
const CONNECT_LIMIT = seconds(5);

/** Statements are few and always find their rows by the primary key: a plan that reads a table is right for a small one, and stays. */
const SETTINGS = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  default_transaction_isolation: 'read\\ committed',
};

/** An answered write is on disk, whatever the database's own default is; one that asks for more (a standby's) keeps it. */
const BEGIN_SESSION = `
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local');
SELECT pg_is_in_recovery() AS standby
`;

const tlsOf = ({ authorities, certificate, key, verifies }: StoreTls): ConnectionOptions => ({
  rejectUnauthorized: verifies !== 'nothing',
  ...(verifies === 'authority' && { checkServerIdentity: () => undefined }),
  ...(authorities !== undefined && { ca: authorities }),
  ...(certificate !== undefined && { cert: certificate }),
  ...(key !== undefined && { key }),
});

function clientConfig(address: StoreAddress, { statement }: Patience, isPipelined: boolean): ClientConfig {
  const { host, port, user, database, password, schema, tls } = address;
  const limits = { statement_timeout: statement, idle_in_transaction_session_timeout: statement };
  const settings = Object.entries({ ...SETTINGS, ...limits, search_path: schema });
  return {
    host,
    port,
    user,
    database,
    // Never one of the process's environment: config.ts has read that. Without one, an empty word keeps pg from looking for files.
    password: password ?? '',
    application_name: 'makonis',
    keepAlive: true,
    pipeline: isPipelined,
    connectionTimeoutMillis: CONNECT_LIMIT,
    ssl: tls === undefined ? false : tlsOf(tls),
    options: settings.map(([name, value]) => `-c ${name}=${value}`).join(' '),
  };
}

/**
 * Rejects with the reason; nothing is left open then. Of several servers the first that takes writes; all are tried at once, since one that has
 * lost its power does not even refuse. Pipelined, statements are sent before those that were sent earlier are answered.
 */
export async function connect(
  address: StoreAddress,
  patience = DEFAULT_PATIENCE,
  isPipelined = false,
): Promise<Client> {
  const { others = [] } = address;
  if (others.length === 0) return await connectTo(address, patience, isPipelined);
  const servers = [address, ...others.map((other) => ({ ...address, ...other }))];
  const attempts = servers.map((server) => connectTo(server, patience, isPipelined));
  const ends = Promise.allSettled(attempts);
  try {
    const found = await Promise.any(attempts);
    void ends.then(async (all) => {
      for (const end of all)
        if (end.status === 'fulfilled' && end.value !== found) await end.value.end().catch(() => {});
    });
    return found;
  } catch {
    throw combined(servers, await ends);
  }
}

/** One of them may come back: only what none of them would take, as a wrong password, is told as theirs. */
function combined(servers: readonly StoreAddress[], ends: readonly PromiseSettledResult<Client>[]): unknown {
  const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  if (reasons.every((reason) => stateOf(reason) !== undefined)) return reasons[0];
  const texts = servers.map((server, at) => `${describeServer(server)}: ${(reasons[at] as Error).message}`);
  return new Error(texts.join('; '), { cause: reasons[0] });
}

async function connectTo(address: StoreAddress, patience: Patience, isPipelined: boolean): Promise<Client> {
  const { default: postgres } = await pg();
  const client = new postgres.Client(clientConfig(address, patience, isPipelined));
  // A connection that ends while nobody waits for it: the next statement is told.
  client.on('error', () => {});
  try {
    await client.connect();
    // Several statements answer several results, which the types do not say.
    const results = (await client.query(BEGIN_SESSION)) as unknown as { rows: { standby?: boolean }[] }[];
    if (results[1]?.rows[0]?.standby === true) throw new Error('the server is a standby, which takes no writes');
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** Of an error that the server sent: its SQLSTATE. */
export const stateOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'severity' in error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
};

/** The server has refused the statement, undone its transaction and keeps the connection. Of anything else nothing is known. */
export const isRefusal = (error: unknown): boolean => {
  const state = stateOf(error);
  return state !== undefined && !/^(08|57P0)/.test(state) && (error as { severity?: unknown }).severity === 'ERROR';
};

interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
  readonly rowMode?: 'array';
}

/** The answer, or an error when the server stays silent: its connection is of no more use then. */
export async function answered<Row extends object>(
  client: Client,
  patience: Patience,
  statement: Statement,
): Promise<{ rows: Row[] }> {
  const silence = Promise.withResolvers<never>();
  const timer = systemClock.after(patience.statement + SILENCE, () =>
    silence.reject(new Error('the database does not answer')),
  );
  try {
    return await Promise.race([client.query<Row>(statement), silence.promise]);
  } finally {
    timer.cancel();
  }
}
