/** What `makonis doctor` says of a database. */
import { systemClock } from '#platform/base/clock.ts';
import { connect } from '#platform/store/postgres/connect.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

export interface Examined {
  readonly version: string;
  readonly roundTripMilliseconds: number;
  /** What puts answered writes or others' data at risk. */
  readonly risks: readonly string[];
}

const LEAST_VERSION = 150_000;

interface Facts {
  readonly version: string;
  readonly number: number;
  readonly fsync: boolean;
  readonly pages: boolean;
  readonly superuser: boolean;
}

const FACTS = `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
  current_setting('fsync')::boolean AS fsync, current_setting('full_page_writes')::boolean AS pages,
  (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`;

const RISKS: readonly (readonly [(facts: Facts) => boolean, string])[] = [
  [({ number }) => number < LEAST_VERSION, 'is older than 15, with which this is tested'],
  [({ fsync }) => !fsync, 'has fsync = off: a crash of its machine loses answered writes, or all of them'],
  [({ pages }) => !pages, 'has full_page_writes = off: a crash of its machine may damage it'],
  [({ superuser }) => superuser, 'is used as a superuser: make a role that owns its database alone'],
];

/** Rejects with why there is no connection. Changes nothing. */
export async function examine(store: StoreAddress): Promise<Examined> {
  const client = await connect(store);
  try {
    const { rows } = await client.query<Facts>(FACTS);
    const start = systemClock.monotonic();
    await client.query('SELECT');
    const roundTripMilliseconds = systemClock.monotonic() - start;
    const facts = rows[0];
    const risks = RISKS.filter(([is]) => facts !== undefined && is(facts)).map(([, risk]) => risk);
    return { version: facts?.version ?? '', roundTripMilliseconds, risks };
  } finally {
    await client.end();
  }
}
