/** Reads, over a connection of their own. A read that its connection is lost under is asked again: it changes nothing. */
import type { Client } from 'pg';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { OwnedNumber } from '#platform/store/driver.ts';
import { answered, connect, isRefusal, type Patience } from '#platform/store/postgres/connect.ts';
import type { PackedRows, Question } from '#platform/store/postgres/orders.ts';
import { ensureLayout } from '#platform/store/postgres/schema.ts';
import type { StoreAddress } from '#platform/store/store-address.ts';

/**
 * After a connection could not be made none is tried for so long: whoever reads is refused at once, for each that waits keeps the
 * thread that asks from all else.
 */
const REFUSAL_TIME: Milliseconds = seconds(0.5);

const GET = { name: 'get', text: 'SELECT value FROM rows WHERE partition = $1 AND key = $2' };
const rangeIn = (order: 'ASC' | 'DESC') => ({
  name: `range ${order}`,
  text: `SELECT key, value FROM rows WHERE partition = $1 AND key >= $2 AND key < $3 ORDER BY key ${order} LIMIT $4`,
});
const UP = rangeIn('ASC');
const DOWN = rangeIn('DESC');
const OWN = {
  name: 'own',
  text: 'UPDATE partitions SET epoch = epoch + 1 WHERE region = $1 AND name = $2 RETURNING number, epoch::float8',
};

const keyBytes = (key: string): Buffer => Buffer.from(key, 'latin1');

export class Reader {
  readonly #address: StoreAddress;
  readonly #patience: Patience;
  #client: Client | undefined;
  #refusal: { readonly until: Milliseconds; readonly error: unknown } | undefined;

  constructor(address: StoreAddress, patience: Patience) {
    this.#address = address;
    this.#patience = patience;
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
        return this.#own(question.region, question.name);
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
      case 'range': {
        const { partition, from, before, limit, reverse } = question;
        const values = [partition, keyBytes(from), keyBytes(before), limit];
        return packed(await this.#rows<[Buffer, Buffer]>({ ...(reverse ? DOWN : UP), values }));
      }
    }
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => {});
  }

  /** Raises the epoch of a partition that is known; one that is not becomes so with the first batch. */
  async #own(region: Region, name: string): Promise<OwnedNumber> {
    const [known] = await this.#rows<[number, number]>({ ...OWN, values: [region, name] });
    if (known) return { number: known[0], epoch: known[1] };
    const text = "SELECT nextval('partition_numbers')::integer";
    const [made] = await this.#rows<[number]>({ text, values: [] });
    return { number: made?.[0] ?? 0, epoch: 1 };
  }

  async #rows<Row extends unknown[]>(statement: { name?: string; text: string; values: unknown[] }): Promise<Row[]> {
    for (let attempts = 0; ; attempts++) {
      const client = await this.#connected();
      try {
        return (await answered<Row>(client, this.#patience, { ...statement, rowMode: 'array' })).rows;
      } catch (error) {
        if (isRefusal(error)) throw error;
        this.#drop();
        if (attempts > 0) throw error;
      }
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const now = systemClock.monotonic();
    if (this.#refusal !== undefined && now < this.#refusal.until) throw this.#refusal.error;
    try {
      const client = await connect(this.#address, this.#patience);
      await ensureLayout(client, this.#address.schema);
      this.#refusal = undefined;
      this.#client = client;
      return client;
    } catch (error) {
      this.#refusal = { until: systemClock.monotonic() + REFUSAL_TIME, error };
      throw error;
    }
  }

  #drop(): void {
    this.#client?.end().catch(() => {});
    this.#client = undefined;
  }
}

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
