/**
 * Steps from one store format to the next. A step rewrites the rows of one table, some at a time, each portion in one
 * transaction with the place where it stopped; so it can be cut off anywhere and goes on at the next start. The manifest
 * names the new format when a step is done everywhere; only then may the next begin.
 *
 * Rows that merely gain or lose members need no step: they carry their own version (`jsonRows`) and are upgraded as they are read.
 */
import type { DataFolder } from '#platform/store/data-folder.ts';
import { type Key, type KeyPart, type RowCodec, table, text } from '#platform/store/keys.ts';
import type { Partition, Store } from '#platform/store/store.ts';

export interface RawRow {
  readonly key: Key;
  readonly value: Buffer;
}

export interface MigrationStep {
  /** The format that the store has after it. */
  readonly format: number;
  /** Which partitions it looks at; all, when absent. */
  readonly service?: string;
  /** The name of the table whose rows it reads. */
  readonly table: string;
  /** Its rows, and those that take their place, are of sealed tables. */
  readonly isSealed?: true;
  /**
   * What stands in a row's place: rows of this table or of another, nothing to delete it. A row that comes out under a later
   * key of the same table is met again, so the step must leave its own results as they are.
   */
  readonly rewrite: (row: RawRow) => readonly RawRow[];
}

/** In order of their formats; a released step is never changed. */
const STEPS: readonly MigrationStep[] = [];

const PORTION = 500;

const raw: RowCodec<Uint8Array> = { encode: (row) => row, decode: (bytes) => bytes };
const noParts: readonly KeyPart<never>[] = [];
/** Where a step stopped in a partition: `format` -> the last key it rewrote. */
const progress = table('migration', [text], raw);

export async function migrate(
  folder: DataFolder,
  store: Store,
  steps: readonly MigrationStep[] = STEPS,
): Promise<void> {
  for (const step of steps) {
    if (step.format <= folder.format) continue;
    for (const name of store.partitions(step.service === undefined ? {} : { service: step.service })) {
      await runStep(step, store.partition(name));
    }
    await folder.advance(step.format);
  }
}

async function runStep(step: MigrationStep, partition: Partition): Promise<void> {
  for (let isDone = false; !isDone; ) {
    isDone = rewritePortion(step, partition);
    await partition.durable();
  }
}

function rewritePortion(step: MigrationStep, partition: Partition): boolean {
  const source = rawTable(step.table, step);
  const mark = progress.key(String(step.format));
  return partition.transact((tx) => {
    const stopped = tx.get(progress, mark);
    const after = stopped && (Buffer.from(stopped).toString('latin1') as Key);
    const rows = tx.range(source, { ...(after !== undefined && { after }), limit: PORTION });
    for (const { key, row } of rows) {
      const kept = step.rewrite({ key, value: Buffer.from(row) });
      if (!kept.some((each) => each.key === key)) tx.delete(source, key);
      // A row of another table goes in under its own table's name, which its key begins with.
      for (const each of kept) tx.put(rawTable(each.key.slice(0, each.key.indexOf('\0')), step), each.key, each.value);
    }
    const last = rows.at(-1);
    if (last) tx.put(progress, mark, Buffer.from(last.key, 'latin1'));
    return rows.length < PORTION;
  });
}

const rawTable = (name: string, { isSealed = false }: { readonly isSealed?: boolean }) =>
  table(name, noParts, raw, { isSealed });
