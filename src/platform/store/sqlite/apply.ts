/**
 * The writer of one file, in the committer thread: applies batches, one transaction each, and moves the WAL into the file
 * between them. After any failure the connection is closed. A fresh one first moves the whole WAL into the file: frames
 * whose sync failed may look written to whoever reads them back, so nothing is appended to what another has left.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert, present } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type BatchOwner, type BatchVisitor, batchOperations, batchOwners, visitBatch } from '#platform/store/batch.ts';
import type { RowSeal, RowSeals } from '#platform/store/row-seals.ts';
import { LARGE_BYTES, openForWriting } from '#platform/store/sqlite/file.ts';

/** A WAL of this many pages (16 MiB) is moved into the file when its commit has been answered; then it is written over. */
const CHECKPOINT_PAGES = 4000;
/**
 * Beyond this (1 GiB) nothing is committed before the WAL has been moved: it grows when somebody reads an old state for long,
 * as a backup does.
 */
const MOST_PAGES = 262_144;

/** The WAL is looked at when so many pages may have come: asking costs a fifth of a small commit. */
const LOOK_AFTER_PAGES = 256;
const PAGE_BYTES = 4096;
/** A commit's own: of the header, of owners, of the trees above the rows. */
const PAGES_OF_COMMIT = 4;
const PAGES_OF_OPERATION = 2;

const NOTHING = Buffer.alloc(0);

interface Statements {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly put: StatementSync;
  readonly putLarge: StatementSync;
  readonly large: StatementSync;
  readonly delete: StatementSync;
  readonly deleteRange: StatementSync;
  readonly owner: StatementSync;
  readonly setOwner: StatementSync;
  readonly walState: StatementSync;
  readonly checkpoint: StatementSync;
}

const UPSERT = 'ON CONFLICT DO UPDATE SET value = excluded.value, large = excluded.large';

const prepare = (db: DatabaseSync): Statements => ({
  begin: db.prepare('BEGIN IMMEDIATE'),
  commit: db.prepare('COMMIT'),
  rollback: db.prepare('ROLLBACK'),
  put: db.prepare(`INSERT INTO rows VALUES (?, ?, ?, NULL) ${UPSERT}`),
  putLarge: db.prepare(`INSERT INTO rows VALUES (?, ?, ?, ?) ${UPSERT}`),
  large: db.prepare('INSERT INTO large (value) VALUES (?)'),
  delete: db.prepare('DELETE FROM rows WHERE partition = ? AND key = ?'),
  deleteRange: db.prepare('DELETE FROM rows WHERE partition = ? AND key >= ? AND key < ?'),
  owner: db.prepare('SELECT name, epoch FROM partitions WHERE number = ?'),
  setOwner: db.prepare(
    'INSERT INTO partitions VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET epoch = excluded.epoch',
  ),
  walState: db.prepare('PRAGMA wal_checkpoint(NOOP)'),
  checkpoint: db.prepare('PRAGMA wal_checkpoint(PASSIVE)'),
});

class OpenFile implements BatchVisitor {
  readonly db: DatabaseSync;
  readonly statements: Statements;
  readonly #sealsOf: RowSeals | undefined;
  /** By the number of the partition. */
  readonly #names = new Map<number, string>();
  readonly #seals = new Map<number, RowSeal>();

  constructor(path: string, seals: RowSeals | undefined) {
    this.#sealsOf = seals;
    this.db = openForWriting(path);
    this.statements = prepare(this.db);
  }

  put(partition: number, key: Buffer, value: Buffer): void {
    const { statements } = this;
    if (value.length <= LARGE_BYTES) statements.put.run(partition, key, value);
    else statements.putLarge.run(partition, key, NOTHING, statements.large.run(value).lastInsertRowid);
  }

  putSealed(partition: number, key: Buffer, value: Buffer, day: number): void {
    const seal = getOrInsert(this.#seals, partition, () => {
      const sealsOf = present(this.#sealsOf, 'who has rows sealed gives the keys');
      return sealsOf(present(this.#names.get(partition), 'a batch names its owners'));
    });
    this.put(partition, key, seal.seal(value, key.toString('latin1'), day));
  }

  delete(partition: number, key: Buffer): void {
    this.statements.delete.run(partition, key);
  }

  deleteRange(partition: number, from: Buffer, before: Buffer): void {
    this.statements.deleteRange.run(partition, from, before);
  }

  confirm(owner: BatchOwner): void {
    this.#names.set(owner.number, owner.path);
    const stored = this.statements.owner.get(owner.number) as { name: string; epoch: number } | undefined;
    if (stored?.epoch === owner.epoch && stored.name === owner.path) return;
    assert(!stored || stored.name === owner.path, `partition ${owner.number} is ${stored?.name}, not ${owner.path}`);
    if (stored && stored.epoch > owner.epoch) throw new Error(`${owner.path} was taken over by another owner`);
    this.statements.setOwner.run(owner.number, owner.path, owner.epoch);
  }

  pagesInWal(): number {
    const { log, checkpointed } = this.statements.walState.get() as { log: number; checkpointed: number };
    return Math.max(0, log - checkpointed);
  }
}

export class FileWriter {
  readonly #path: string;
  readonly #seals: RowSeals | undefined;
  #open: OpenFile | undefined;
  #pagesInWal = 0;
  /** That may have come since. */
  #newPages = LOOK_AFTER_PAGES;

  constructor(path: string, seals: RowSeals | undefined) {
    this.#path = path;
    this.#seals = seals;
  }

  /** Throws when the batch is not on disk. */
  apply(batch: Uint8Array): void {
    try {
      const file = this.#opened();
      const { statements } = file;
      if (this.#pagesInWal > MOST_PAGES) this.#moveWal(file, MOST_PAGES);
      statements.begin.run();
      for (const owner of batchOwners(batch)) file.confirm(owner);
      visitBatch(batch, file);
      statements.commit.run();
      this.#newPages +=
        PAGES_OF_COMMIT + PAGES_OF_OPERATION * batchOperations(batch) + Math.ceil(batch.length / PAGE_BYTES);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  /** To be called when nobody waits. */
  tidy(): void {
    const file = this.#open;
    if (!file || this.#newPages < LOOK_AFTER_PAGES) return;
    this.#newPages = 0;
    try {
      this.#pagesInWal = file.pagesInWal();
      if (this.#pagesInWal > CHECKPOINT_PAGES) file.statements.checkpoint.get();
    } catch {
      // The WAL still holds everything; the next batch begins with a fresh connection.
      this.#drop();
    }
  }

  close(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  #opened(): OpenFile {
    if (this.#open) return this.#open;
    const file = new OpenFile(this.#path, this.#seals);
    try {
      this.#moveWal(file, 0);
    } catch (error) {
      file.db.close();
      throw error;
    }
    this.#open = file;
    return file;
  }

  #moveWal(file: OpenFile, most: number): void {
    const { busy } = file.db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    if (busy && file.pagesInWal() > most) throw new Error('the write-ahead log could not be moved into the file');
  }

  #drop(): void {
    const file = this.#open;
    this.#open = undefined;
    try {
      if (file?.db.isTransaction) file.statements.rollback.run();
    } catch {
      // Closing undoes it as well.
    }
    try {
      file?.db.close();
    } catch {
      // It isn't used again.
    }
  }
}
