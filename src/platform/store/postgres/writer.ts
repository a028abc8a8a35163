/**
 * The writer of one region: commits batches, one at a time, over a connection of its own. Where the connection is lost on the way, the
 * outcome is asked of the database, whose answer is final (schema.ts, `fence`): a batch that is there was committed; one that is not
 * will never be, and is sent again. While the database can't be asked nothing is told, until patience ends; then the batch counts
 * as lost, and the database is asked before anything else is read or written.
 */
import type { Client } from 'pg';
import { type Milliseconds, systemClock } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { batchParameters } from '#platform/store/postgres/batch-parameters.ts';
import { answered, connect, isRefusal, type Patience, stateOf } from '#platform/store/postgres/connect.ts';
import type { Membership } from '#platform/store/postgres/orders.ts';
import { ensureLayout, REFUSALS } from '#platform/store/postgres/schema.ts';
import type { RowSeals } from '#platform/store/row-seals.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

const PAUSE: Milliseconds = 50;
/** Refusals that say: try again. A deadlock or a serialisation failure, with others who look at the database. */
const PASSING = new Set(['40001', '40P01', '55P03']);
const MOST_ATTEMPTS = 3;

const COMMIT = {
  name: 'commit',
  text: 'SELECT commit_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
};

const COMMIT_OF = {
  name: 'commit of',
  text: 'SELECT commit_batch_of($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
};

const pause = (): Promise<void> => new Promise((resolve) => void systemClock.after(PAUSE, resolve));

export class Writer {
  readonly #address: StoreAddress;
  readonly #region: string;
  readonly #seals: RowSeals | undefined;
  readonly #patience: Patience;
  #client: Promise<Client> | undefined;
  /** Its row in `commits`. */
  #committer = uuid();
  #nth = 0;
  /** A batch that was given up before its outcome was known. */
  #inDoubt: number | undefined;

  constructor(address: StoreAddress, region: string, seals: RowSeals | undefined, patience: Patience) {
    this.#address = address;
    this.#region = region;
    this.#seals = seals;
    this.#patience = patience;
  }

  /** Rejects when the batch is not on disk, or nobody can say. */
  async commit(batch: Uint8Array, member?: Membership): Promise<void> {
    const deadline = systemClock.monotonic() + this.#patience.outcome;
    await this.settle(deadline);
    const parameters = batchParameters(batch, this.#seals);
    for (let refusals = 0; ; ) {
      const client = await this.#connected(deadline);
      const nth = ++this.#nth;
      try {
        const values = [this.#committer, nth, this.#region, ...parameters];
        const statement =
          member === undefined
            ? { ...COMMIT, values }
            : { ...COMMIT_OF, values: [member.incarnation, member.announced, ...values] };
        await answered(client, this.#patience, statement);
        return;
      } catch (error) {
        if (isRefusal(error)) {
          if (++refusals >= MOST_ATTEMPTS || !this.#mayPass(error)) throw error;
          continue;
        }
        this.#drop();
        if (await this.#isThere(nth, deadline, error)) return;
      }
    }
  }

  /** When it resolves, no batch of this writer that was given up is still on its way. */
  async settle(deadline: Milliseconds): Promise<void> {
    const nth = this.#inDoubt;
    if (nth !== undefined) await this.#isThere(nth, deadline, new Error('the database has gone away'));
  }

  async close(): Promise<void> {
    const opened = this.#client;
    this.#client = undefined;
    try {
      const client = await opened;
      await client?.query('DELETE FROM commits WHERE committer = $1', [this.#committer]);
      await client?.end();
    } catch {
      // Its row stays; nothing else does.
    }
  }

  /** Asks until there is an answer, or gives up. */
  async #isThere(nth: number, deadline: Milliseconds, lost: unknown): Promise<boolean> {
    for (;;) {
      try {
        const client = await this.#connected(deadline);
        const { rows } = await answered<{ batch: string }>(client, this.#patience, {
          text: 'UPDATE commits SET fence = greatest(fence, $2) WHERE committer = $1 RETURNING batch',
          values: [this.#committer, nth],
        });
        const last = rows[0]?.batch;
        if (last === undefined) throw new Error('the record of commits is gone from the database');
        this.#inDoubt = undefined;
        return Number(last) >= nth;
      } catch (error) {
        this.#drop();
        if (systemClock.monotonic() > deadline) {
          this.#inDoubt = nth;
          throw new Error(`commit in doubt: ${messageOf(lost)}`, { cause: error });
        }
        await pause();
      }
    }
  }

  #mayPass(error: unknown): boolean {
    const state = stateOf(error) ?? '';
    // Its row was cleared away while it wrote nothing for long: the next attempt makes another.
    if (state === REFUSALS.fenced) {
      this.#committer = uuid();
      this.#drop();
      return true;
    }
    return PASSING.has(state);
  }

  async #connected(deadline: Milliseconds): Promise<Client> {
    for (;;) {
      this.#client ??= this.#open();
      const opening = this.#client;
      try {
        return await opening;
      } catch (error) {
        if (this.#client === opening) this.#client = undefined;
        if (systemClock.monotonic() > deadline || !isPassing(error)) throw error;
        await pause();
      }
    }
  }

  async #open(): Promise<Client> {
    const client = await connect(this.#address, this.#patience);
    try {
      await ensureLayout(client, this.#address.schema);
      await client.query('INSERT INTO commits (committer) VALUES ($1) ON CONFLICT DO NOTHING', [this.#committer]);
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
  }

  #drop(): void {
    const opened = this.#client;
    this.#client = undefined;
    opened?.then((client) => client.end()).catch(() => {});
  }
}

/** A password or a database that is wrong does not mend itself; a server that starts, stops or is out of reach may. */
function isPassing(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined || /^(08|53|57P0)/.test(state);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
