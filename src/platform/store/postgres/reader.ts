/**
 * Reads, over a connection of their own: those that somebody sleeps for one after the other, those that nobody sleeps for as they come, without
 * waiting for the answer before. A read that its connection is lost under is asked again: it changes nothing.
 */
import type { Client } from 'pg';
import { present } from '#platform/base/assert.ts';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import { keyArrays } from '#platform/store/postgres/arrays.ts';
import { answered, connect, isRefusal, type Patience } from '#platform/store/postgres/connect.ts';
import type { PackedRows, Question, TakenPartition } from '#platform/store/postgres/orders.ts';
import { ensureLayout } from '#platform/store/postgres/schema.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/**
 * After a connection could not be made none is tried for so long: whoever reads is refused at once, for each that waits keeps the
 * thread that asks from all else.
 */
const REFUSAL_TIME: Milliseconds = seconds(0.5);

const GET = { name: 'get', text: 'SELECT value FROM rows WHERE partition = $1 AND key = $2' };
const ROWS = { name: 'rows', text: 'SELECT key, value FROM rows WHERE partition = $1 AND key = ANY ($2)' };
const rangeIn = (order: 'ASC' | 'DESC') => ({
  name: `range ${order}`,
  text: `SELECT key, value FROM rows WHERE partition = $1 AND key >= $2 AND key < $3 ORDER BY key ${order} LIMIT $4`,
});
const UP = rangeIn('ASC');
const DOWN = rangeIn('DESC');
const OWN = {
  name: 'own',
  text: 'SELECT its_number, its_epoch::float8, row_key, row_value FROM own($1, $2, $3, $4, $5)',
};
/** Of a table, and of all tables of a partition together, that its new owner is told. */
const MOST_TOLD_ROWS = 128;
const MOST_TOLD_BYTES = 256 * 1024;

const keyBytes = (key: string): Buffer => Buffer.from(key, 'latin1');

export class Reader {
  readonly #address: StoreAddress;
  readonly #patience: Patience;
  readonly #isPipelined: boolean;
  #client: Promise<Client> | undefined;
  #refusal: { readonly until: Milliseconds; readonly error: unknown } | undefined;

  constructor(address: StoreAddress, patience: Patience, isPipelined: boolean) {
    this.#address = address;
    this.#patience = patience;
    this.#isPipelined = isPipelined;
  }

  async answer(question: Question) {
    switch (question.kind) {
      case 'regions':
        return (await this.#rows<[Region]>({ text: 'SELECT DISTINCT region FROM partitions', values: [] })).map(
          ([region]) => region,
        );
      case 'names': {
        const text = 'SELECT name FROM partitions WHERE region = $1 ORDER BY number';
        return (await this.#rows<[string]>({ text, values: [question.region] })).map(([name]) => name);
      }
      case 'own':
        return this.#own(question.incarnation, question.region, question.name);
      case 'find': {
        const text = 'SELECT number FROM partitions WHERE region = $1 AND name = $2';
        const [known] = await this.#rows<[number]>({ text, values: [question.region, question.name] });
        return known?.[0];
      }
      case 'get': {
        const [row] = await this.#rows<[Buffer]>({ ...GET, values: [question.partition, keyBytes(question.key)] });
        // Apart from the memory of the connection, which would go with it to the other thread.
        return row && new Uint8Array(row[0]);
      }
      case 'rows': {
        const values = [question.partition, keyArrays(question.keys)];
        return packed(await this.#rows<[Buffer, Buffer]>({ ...ROWS, values }));
      }
      case 'range': {
        const { partition, from, before, limit, reverse } = question;
        const values = [partition, keyBytes(from), keyBytes(before), limit];
        return packed(await this.#rows<[Buffer, Buffer]>({ ...(reverse ? DOWN : UP), values }));
      }
    }
  }

  async close(): Promise<void> {
    await this.#client?.then((client) => client.end()).catch(() => {});
  }

  async #own(incarnation: number | undefined, region: Region, name: string): Promise<TakenPartition> {
    const values = [incarnation ?? null, region, name, MOST_TOLD_ROWS, MOST_TOLD_BYTES];
    const [taken, ...rest] = await this.#rows<OwnRow>({ ...OWN, values });
    const [number, epoch] = present(taken, 'a partition is taken over or made');
    const rows: [Buffer, Buffer][] = [];
    const others: string[] = [];
    for (const [, , key, value] of rest) {
      if (value === null) others.push(key.toString('latin1'));
      else rows.push([key, value]);
    }
    return { number, epoch, rows: packed(rows), others };
  }

  async #rows<Row extends unknown[]>(statement: { name?: string; text: string; values: unknown[] }): Promise<Row[]> {
    for (let attempts = 0; ; attempts++) {
      const opened = this.#connected();
      const client = await opened;
      try {
        return (await answered<Row>(client, this.#patience, { ...statement, rowMode: 'array' })).rows;
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.#drop(opened);
        if (attempts > 0) throw error;
      }
    }
  }

  #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const opening = this.#open();
    this.#client = opening;
    opening.catch(() => {
      if (this.#client === opening) this.#client = undefined;
    });
    return opening;
  }

  async #open(): Promise<Client> {
    const now = systemClock.monotonic();
    try {
      if (this.#refusal !== undefined && now < this.#refusal.until) throw this.#refusal.error;
      const client = await connect(this.#address, this.#patience, this.#isPipelined);
      await ensureLayout(client, this.#address.schema);
      this.#refusal = undefined;
      return client;
    } catch (error) {
      if (error !== this.#refusal?.error) this.#refusal = { until: systemClock.monotonic() + REFUSAL_TIME, error };
      throw error;
    }
  }

  #drop(opened: Promise<Client>): void {
    if (this.#client === opened) this.#client = undefined;
    opened.then((client) => client.end()).catch(() => {});
  }
}

/** The first says what was taken, the others rows of it, or the prefix alone of a table that is too large. */
type OwnRow = [number: number, epoch: number, key: Buffer, value: Buffer | null];

function packed(rows: readonly (readonly [Buffer, Buffer])[]): PackedRows {
  let length = 0;
  for (const [key, value] of rows) length += key.length + value.length;
  const bytes = new Uint8Array(length);
  const lengths = new Uint32Array(rows.length * 2);
  let at = 0;
  rows.forEach(([key, value], index) => {
    bytes.set(key, at);
    bytes.set(value, at + key.length);
    lengths[index * 2] = key.length;
    lengths[index * 2 + 1] = value.length;
    at += key.length + value.length;
  });
  return { bytes, lengths };
}
