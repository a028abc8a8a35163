/** The ledger in PostgreSQL: rows beside those of the store (store/postgres/schema-processes.ts), and LISTEN for the feed. */
import type { Client } from 'pg';
import { type Milliseconds, seconds, systemClock, type TimerHandle } from '#platform/base/clock.ts';
import {
  type FeedListener,
  type Ledger,
  type LiveNode,
  type NodeEntry,
  ROLL_TIME,
  type Roll,
} from '#platform/cluster/ledger.ts';
import { SLOTS } from '#platform/cluster/slots.ts';
import { connect } from '#platform/store/postgres/connect.ts';
import { ensureLayout } from '#platform/store/postgres/schema.ts';
import { StoreUnavailable } from '#platform/store/store.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/** Less than a lease: an order that takes longer is given up, and the next one has a connection of its own. */
const ORDER_LIMIT: Milliseconds = seconds(1);
const RECONNECTED_AFTER: Milliseconds = 250;

/** Of the database's clock. */
const LASTS = `${ROLL_TIME} ms`;

interface SlotRow {
  readonly slot: number;
  readonly holder: string;
}

interface NodeRow extends NodeEntry {
  readonly incarnation: string;
  /** In seconds. */
  readonly at: number;
}

export function postgresLedger(address: StoreAddress): Ledger {
  const orders = new Orders(address);
  return {
    lasts: ROLL_TIME,
    async join({ id, address: at, isDraining }) {
      const [row] = await orders.rows<{ incarnation: string }>(
        'INSERT INTO nodes (id, address, is_draining, ends_at) VALUES ($1, $2, $3, clock_timestamp() + $4::interval) RETURNING incarnation',
        [id, at, isDraining, LASTS],
      );
      return Number(row?.incarnation);
    },
    async renew(incarnation, { address: at, isDraining }, mark) {
      const [row] = await orders.rows<{ renewed: boolean }>('SELECT renew($1, $2, $3, $4, $5) AS renewed', [
        incarnation,
        LASTS,
        at,
        isDraining,
        mark,
      ]);
      return row?.renewed === true ? await rollOf(orders) : undefined;
    },
    roll: () => rollOf(orders),
    async take(incarnation, slots) {
      const rows = await orders.rows<{ take: number }>('SELECT take($1, $2::integer[])', [incarnation, slots]);
      return rows.map(({ take }) => take);
    },
    async hand(incarnation, slots, to) {
      await orders.rows('UPDATE slots SET holder = $3 WHERE slot = ANY ($2::integer[]) AND holder = $1', [
        incarnation,
        slots,
        to,
      ]);
    },
    async setDraining(id, isDraining) {
      const text = 'UPDATE nodes SET is_drained_by_operator = $2 WHERE id = $1 RETURNING incarnation';
      return (await orders.rows(text, [id, isDraining])).length > 0;
    },
    async leave(incarnation) {
      await orders.rows('DELETE FROM nodes WHERE incarnation = $1', [incarnation]);
    },
    follow: (listener) => follow(address, listener),
    close: () => orders.close(),
  };
}

async function rollOf(orders: Orders): Promise<Roll> {
  const nodes = await orders.rows<NodeRow>(
    'SELECT incarnation, id, address, is_draining OR is_drained_by_operator AS "isDraining", extract(epoch FROM clock_timestamp())::float8 AS at FROM nodes ORDER BY incarnation',
    [],
  );
  const holders = new Array<number>(SLOTS).fill(0);
  for (const { slot, holder } of await orders.rows<SlotRow>('SELECT slot, holder FROM slots', [])) {
    holders[slot] = Number(holder);
  }
  const [first] = nodes;
  return {
    nodes: nodes.map(({ at: _, ...node }): LiveNode => ({ ...node, incarnation: Number(node.incarnation) })),
    holders,
    ...(first && { at: seconds(first.at) }),
  };
}

/** A connection that is made anew when it has failed. */
class Orders {
  readonly #address: StoreAddress;
  #client: Promise<Client> | undefined;

  constructor(address: StoreAddress) {
    this.#address = address;
  }

  async rows<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    this.#client ??= open(this.#address);
    const opened = this.#client;
    try {
      return (await withinLimit(opened.then((client) => client.query<Row>(text, values)))).rows;
    } catch (error) {
      // Whatever it was: the next order begins with a connection that nothing is wrong with.
      if (this.#client === opened) this.#client = undefined;
      void opened.then((client) => client.end()).catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    await (await this.#client?.catch(() => undefined))?.end();
  }
}

async function open(address: StoreAddress): Promise<Client> {
  const client = await connect(address, { statement: ORDER_LIMIT, outcome: ORDER_LIMIT });
  await ensureLayout(client, address.schema);
  return client;
}

async function withinLimit<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = systemClock.after(ORDER_LIMIT, () => late.reject(new StoreUnavailable('the database does not answer')));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}

interface Told {
  readonly mark?: string;
  readonly changed?: readonly string[];
}

async function follow(address: StoreAddress, listener: FeedListener): Promise<() => Promise<void>> {
  let client: Client | undefined;
  let again: TimerHandle | undefined;
  let isClosed = false;

  async function listen(): Promise<void> {
    const opened = await open(address);
    if (isClosed) return await opened.end();
    opened.on('notification', ({ payload = '' }) => {
      // Sent by `announce` and `renew`.
      const { mark, changed } = JSON.parse(payload) as Told;
      if (mark !== undefined) listener.marked(mark);
      else if (changed !== undefined) listener.changed(changed);
      else listener.lost();
    });
    opened.once('end', () => {
      listener.lost();
      retry();
    });
    client = opened;
    await opened.query(`LISTEN "makonis ${address.schema}"`);
  }

  function retry(): void {
    if (isClosed) return;
    again = systemClock.after(RECONNECTED_AFTER, () => void listen().catch(retry));
  }

  await listen();
  return async () => {
    isClosed = true;
    again?.cancel();
    await client?.end();
  };
}
