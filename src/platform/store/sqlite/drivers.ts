/**
 * The embedded driver: SQLite files in `<folder>/<region>.sqlite`, read by this thread and written by the committer thread.
 * A region's file comes into being with its first commit.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { assert } from '#platform/base/assert.ts';
import type { Region } from '#platform/base/ids.ts';
import type { MasterKeys } from '#platform/secrets/master-key.ts';
import { makeFolder } from '#platform/store/data-folder.ts';
import type { DriverRange, DriverRow, OwnedNumber, StoreDriver, StoreDrivers } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import type { Message, Report, Start } from '#platform/store/sqlite/committer.ts';
import { openForReading, unavailable } from '#platform/store/sqlite/file.ts';
import {
  KNOWN_FILES,
  KNOWN_MEMORIES,
  Numbered,
  newRing,
  RingWriter,
  SLOTS,
} from '#platform/store/sqlite/order-ring.ts';
import { StoreUnavailable } from '#platform/store/store.ts';

const SUFFIX = '.sqlite';
const NOTHING = Buffer.alloc(0);
const NONE: readonly null[] = [];

export const regionFile = (folder: string, region: string): string => join(folder, region + SUFFIX);

export const regionsIn = (folder: string): Region[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length) as Region)
    : [];

/** The committer thread from this side: started by the first order, and again by the next after it has ended. */
interface Thread {
  readonly worker: Worker;
  readonly ring: RingWriter;
  /** Paths by value, so that equal ones are one. */
  readonly files: Numbered<object>;
  readonly memories: Numbered<SharedArrayBuffer>;
}

/** Larger batches are rare, and their memory is not used again: they go by message. */
const MOST_RING_BYTES = 4 * 2 ** 20;

/** Hands orders to the committer thread. */
class CommitterThread {
  readonly #masterKeys: MasterKeys | undefined;
  #thread: Thread | undefined;
  readonly #waiting = new Map<string, (error: Error | undefined) => void>();

  constructor(masterKeys: MasterKeys | undefined) {
    this.#masterKeys = masterKeys;
  }

  /** `file` stands for `path` in the ring: the driver itself. */
  commit(file: object, path: string, batch: Uint8Array): Promise<void> {
    return this.#ask(path, ({ worker, ring, files, memories }) => {
      const { buffer, byteOffset, byteLength: bytes } = batch;
      const isShared = buffer instanceof SharedArrayBuffer && byteOffset === 0;
      if (!isShared || buffer.byteLength > MOST_RING_BYTES) return post(worker, ring, { kind: 'commit', path, batch });
      const tell = (message: Message): void => worker.postMessage(message);
      ring.give({
        file: files.numberOf(file, (number) => tell({ kind: 'file', number, path })),
        memory: memories.numberOf(buffer, (number) => tell({ kind: 'memory', number, memory: buffer })),
        bytes,
      });
    });
  }

  close(path: string): Promise<void> {
    return this.#ask(path, ({ worker, ring }) => post(worker, ring, { kind: 'close', path }));
  }

  async stop(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    const exited = new Promise((resolve) => thread.worker.once('exit', resolve));
    thread.worker.ref();
    post(thread.worker, thread.ring, { kind: 'stop' });
    await exited;
  }

  #ask(path: string, order: (thread: Thread) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      assert(!this.#waiting.has(path), 'one order at a time for a file');
      assert(this.#waiting.size < SLOTS, 'the ring has a slot for every file');
      this.#waiting.set(path, (error) => (error ? reject(error) : resolve()));
      this.#thread ??= this.#start();
      if (this.#waiting.size === 1) this.#thread.worker.ref();
      order(this.#thread);
    });
  }

  #start(): Thread {
    const ring = newRing();
    const workerData: Start = { ring, masterKeys: this.#masterKeys };
    const worker = new Worker(new URL('./committer.ts', import.meta.url), { name: 'committer', workerData });
    worker.on('message', ({ path, error }: Report) =>
      this.#answer(path, error === undefined ? undefined : unavailable(error)),
    );
    worker.on('error', (error) => this.#fail(unavailable(error)));
    worker.on('exit', () => {
      // Whoever writes next starts another, which trusts nothing that this one left.
      if (this.#thread?.worker === worker) this.#thread = undefined;
      this.#fail(new StoreUnavailable('the committer thread has ended'));
    });
    // An idle store keeps no process alive; one that writes does.
    worker.unref();
    const files = new Numbered<object>(KNOWN_FILES);
    return { worker, ring: new RingWriter(ring), files, memories: new Numbered(KNOWN_MEMORIES) };
  }

  #answer(path: string, error: Error | undefined): void {
    const settle = this.#waiting.get(path);
    this.#waiting.delete(path);
    if (this.#waiting.size === 0) this.#thread?.worker.unref();
    settle?.(error);
  }

  #fail(error: Error): void {
    for (const path of [...this.#waiting.keys()]) this.#answer(path, error);
  }
}

function post(worker: Worker, ring: RingWriter, message: Message): void {
  worker.postMessage(message);
  ring.giveMessage();
}

interface Reader {
  readonly db: DatabaseSync;
  readonly get: StatementSync;
  readonly large: StatementSync;
  readonly up: RangeStatements;
  readonly down: RangeStatements;
}

interface RangeStatements {
  readonly rows: StatementSync;
  readonly packed: StatementSync;
  readonly joined: StatementSync;
}

type Order = 'ASC' | 'DESC';
type Bounds = readonly [partition: number, from: Buffer, before: Buffer, limit: number];

/** `[value, large]`, and before them the key in a range. */
type Value = [Uint8Array, number | null];
type KeyedValue = [Uint8Array, ...Value];
/** All keys and values in one piece; then, as JSON, how long each is, and its `large`: null where no value stands apart. */
type Packed = [bytes: Uint8Array | null, keys: string, values: string, larges: string | null];

const RANGE = 'SELECT key, value, large FROM rows WHERE partition = ? AND key >= ? AND key < ? ORDER BY key';

/**
 * A row that is handed over costs more than it costs to find: from this many on all come as one packed piece, which is 2.5 times
 * as fast for a page of a thousand. A piece has a bound, so what asks for any number gets rows.
 */
const FEWEST_PACKED = 16;
const MOST_PACKED = 2048;
/** Values that stand apart come with the rest up to this size; larger ones are read one by one, as a piece of those has no bound. */
const MOST_PACKED_BYTES = 16 * 1024;
/** `larges`: of a piece that is no use if there are any, the greatest says as much. */
const packed = (rows: string, larges: string): string =>
  `SELECT CAST(group_concat(key || value, '') AS BLOB), json_group_array(length(key)), json_group_array(length(value)),
   ${larges} FROM (${rows})`;
const joined = (range: string, order: Order): string =>
  `SELECT key, ifnull(apart.value, row.value) AS value, iif(apart.id IS NULL, row.large, NULL) AS large
   FROM (${range}) AS row LEFT JOIN large AS apart ON apart.id = row.large AND length(apart.value) <= ${MOST_PACKED_BYTES}
   ORDER BY key ${order}`;

function openReader(path: string): Reader {
  const db = openForReading(path);
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  const rangeIn = (order: Order): RangeStatements => {
    const range = `${RANGE} ${order} LIMIT ?`;
    return {
      rows: prepare(range),
      packed: prepare(packed(range, 'max(large)')),
      joined: prepare(packed(joined(range, order), 'json_group_array(large)')),
    };
  };
  return {
    db,
    get: prepare('SELECT value, large FROM rows WHERE partition = ? AND key = ?'),
    large: prepare('SELECT value FROM large WHERE id = ?'),
    up: rangeIn('ASC'),
    down: rangeIn('DESC'),
  };
}

/** A killed process may leave frames that were written but not synced. They count as committed, so they must stay. */
function syncWal(path: string): void {
  const wal = `${path}-wal`;
  if (!existsSync(wal)) return;
  const file = openSync(wal, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const keyBytes = (key: Key): Buffer => Buffer.from(key, 'latin1');

class SqliteDriver implements StoreDriver {
  readonly #path: string;
  readonly #thread: CommitterThread;
  #hasCommitted = false;
  #reader: Reader | undefined;
  #owned: Map<string, OwnedNumber> | undefined;
  #highest = 0;
  readonly #tablesWithLarge = new Set<string>();

  constructor(path: string, thread: CommitterThread) {
    this.#path = path;
    this.#thread = thread;
    if (existsSync(path)) {
      syncWal(path);
      this.#reader = openReader(path);
    }
  }

  own(name: string): OwnedNumber {
    const stored = this.#stored().get(name);
    const owned = stored ? { number: stored.number, epoch: stored.epoch + 1 } : { number: ++this.#highest, epoch: 1 };
    this.#stored().set(name, owned);
    return owned;
  }

  names(): string[] {
    const rows = this.#reader?.db.prepare('SELECT name FROM partitions ORDER BY number').all() ?? [];
    return rows.map((row) => String(row['name']));
  }

  get(partition: number, key: Key): Buffer | undefined {
    const reader = this.#reader;
    if (!reader) return undefined;
    try {
      // The columns are those of the statement.
      const row = reader.get.get(partition, keyBytes(key)) as Value | undefined;
      return row && this.#value(reader, row[0], row[1]);
    } catch (error) {
      throw unavailable(error);
    }
  }

  range(partition: number, { from, before, limit, reverse }: DriverRange): DriverRow[] {
    const reader = this.#reader;
    if (!reader) return [];
    try {
      const statements = reverse ? reader.down : reader.up;
      const count = Number.isFinite(limit) ? limit : -1;
      const bounds = [partition, keyBytes(from), keyBytes(before), count] as const;
      if (count >= FEWEST_PACKED && count <= MOST_PACKED) {
        return this.#unpacked(reader, this.#packed(statements, from.slice(0, from.indexOf('\0')), bounds));
      }
      // The columns are those of the statements.
      const rows = statements.rows.all(...bounds) as unknown as KeyedValue[];
      return rows.map(([key, value, large]) => ({
        key: asBuffer(key).toString('latin1') as Key,
        value: this.#value(reader, value, large),
      }));
    } catch (error) {
      throw unavailable(error);
    }
  }

  async commit(batch: Uint8Array): Promise<void> {
    this.#hasCommitted = true;
    await this.#thread.commit(this, this.#path, batch);
    this.#reader ??= openReader(this.#path);
  }

  async close(): Promise<void> {
    this.#reader?.db.close();
    this.#reader = undefined;
    if (this.#hasCommitted) await this.#thread.close(this.#path);
  }

  /** Most tables have no values that stand apart, and a look for them is a fifth of the whole: who has is remembered. */
  #packed({ packed, joined }: RangeStatements, table: string, bounds: Bounds): Packed {
    if (!this.#tablesWithLarge.has(table)) {
      // The columns are those of the statements.
      const found = packed.get(...bounds) as unknown as Packed;
      if (found[3] === null) return found;
      this.#tablesWithLarge.add(table);
    }
    return joined.get(...bounds) as unknown as Packed;
  }

  #unpacked(reader: Reader, [packed, keys, values, larges]: Packed): DriverRow[] {
    const bytes = asBuffer(packed ?? NOTHING);
    const [keyLengths, valueLengths] = [JSON.parse(keys) as number[], JSON.parse(values) as number[]];
    const ids = larges === null ? NONE : (JSON.parse(larges) as (number | null)[]);
    let at = 0;
    return keyLengths.map((length, index) => {
      const value = at + length;
      const end = value + (valueLengths[index] ?? 0);
      const key = bytes.toString('latin1', at, value) as Key;
      at = end;
      const large = ids[index] ?? null;
      return { key, value: large === null ? bytes.subarray(value, end) : this.#large(reader, large) };
    });
  }

  #value(reader: Reader, value: Uint8Array, large: number | null): Buffer {
    return large === null ? asBuffer(value) : this.#large(reader, large);
  }

  #large(reader: Reader, id: number): Buffer {
    const [body] = (reader.large.get(id) as [Uint8Array] | undefined) ?? [NOTHING];
    return asBuffer(body);
  }

  #stored(): Map<string, OwnedNumber> {
    if (this.#owned) return this.#owned;
    this.#owned = new Map();
    const rows = this.#reader?.db.prepare('SELECT number, name, epoch FROM partitions').all() ?? [];
    for (const { number, name, epoch } of rows as unknown as (OwnedNumber & { name: string })[]) {
      this.#owned.set(name, { number, epoch });
      this.#highest = Math.max(this.#highest, number);
    }
    return this.#owned;
  }
}

/** The master keys are those that the store opens sealed rows by. */
export function sqliteDrivers(folder: string, masterKeys?: MasterKeys): StoreDrivers {
  const thread = new CommitterThread(masterKeys);
  return {
    regions: () => regionsIn(folder),
    open(region) {
      makeFolder(folder);
      return new SqliteDriver(regionFile(folder, region), thread);
    },
    close: () => thread.stop(),
  };
}
