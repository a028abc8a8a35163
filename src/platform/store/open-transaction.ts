import { assert } from '#platform/base/assert.ts';
import type { Key, PrefixOf, RowTable, Table } from '#platform/store/keys.ts';
import type { OwnedPartition } from '#platform/store/partition.ts';
import type { Partition, RangeOptions, Transaction } from '#platform/store/store.ts';

/** What a transaction's action holds: ends with it, so that nobody writes later. */
export class OpenTransaction implements Transaction {
  readonly #partition: OwnedPartition;
  #isOpen = true;

  constructor(partition: OwnedPartition) {
    this.#partition = partition;
  }

  get partition(): Partition {
    return this.#partition;
  }

  close(): void {
    this.#isOpen = false;
  }

  get<Row>(table: RowTable<Row>, key: Key): Row | undefined {
    assert(this.#isOpen, 'the transaction has ended');
    return this.#partition.get(table, key);
  }

  range<Row, Values extends readonly unknown[]>(table: Table<Row, Values>, options?: RangeOptions<Values, Row>) {
    assert(this.#isOpen, 'the transaction has ended');
    return this.#partition.range(table, options);
  }

  expect(table: RowTable<unknown>, keys: readonly Key[]): void {
    assert(this.#isOpen, 'the transaction has ended');
    this.#partition.expect(table, keys);
  }

  put<Row>(table: RowTable<Row>, key: Key, row: Row): void {
    this.#beforeWrite();
    this.#partition.put(table, key, row);
  }

  delete(table: RowTable<unknown>, key: Key): void {
    this.#beforeWrite();
    this.#partition.delete(table, key);
  }

  deleteRange<Values extends readonly unknown[]>(table: Table<unknown, Values>, prefix: PrefixOf<Values>): void {
    this.#beforeWrite();
    this.#partition.deleteRange(table, prefix);
  }

  onUndo(action: () => void): void {
    assert(this.#isOpen, 'the transaction has ended');
    this.#partition.onUndo(action);
  }

  onDurable(action: () => void): void {
    assert(this.#isOpen, 'the transaction has ended');
    this.#partition.onDurable(action);
  }

  onRefused(action: () => void): void {
    assert(this.#isOpen, 'the transaction has ended');
    this.#partition.onRefused(action);
  }

  #beforeWrite(): void {
    assert(this.#isOpen, 'the transaction has ended');
    this.#partition.admit();
  }
}
