/**
 * Where audit records wait for CloudTrail to take them into its event history: in the partition that they speak of. The records
 * that a commit batch holds of one partition are one row, a pack: a management call pays for a line of text, not for a row. A
 * record joins the batch of the transaction that it tells of and is lost with it, so an answered call is in the audit.
 */
import { type Key, type RowCodec, table, u64 } from '#platform/store/keys.ts';
import {
  type MemorySlot,
  type Partition,
  type ReadTransaction,
  StoreBusy,
  type Transaction,
} from '#platform/store/store.ts';

/** What may wait for a batch to close while the one before is being synced. */
const MOST_WAITING_CHARACTERS = 32 * 2 ** 20;

/** A record, in the pieces that it may have in common with the next: all but its ids. */
export interface SharedRecord {
  readonly before: string;
  readonly ids: string;
  readonly after: string;
}

export type JournalRecord = SharedRecord | string;

const textOf = (record: JournalRecord): string =>
  typeof record === 'string' ? record : record.before + record.ids + record.after;

/**
 * Records as JSON text, which has no line feeds and no tabs of its own: a line each, in the order of their ends. Those of one caller
 * differ from each other in their ids, if at all: what stands before and after them is written when it changes, a tab on either side.
 */
const lines: RowCodec<readonly JournalRecord[]> = {
  encode(records) {
    let [head, tail] = ['', ''];
    return records
      .map((record) => {
        if (typeof record === 'string') return record;
        const { before, ids, after } = record;
        const line = `${before === head ? '' : before}\t${ids}\t${after === tail ? '' : after}`;
        [head, tail] = [before, after];
        return line;
      })
      .join('\n');
  },
  decode(bytes) {
    let [head, tail] = ['', ''];
    return bytes
      .toString('utf8')
      .split('\n')
      .map((line) => {
        const [before = '', ids, after = ''] = line.split('\t');
        if (ids === undefined) return line;
        head = before || head;
        tail = after || tail;
        return head + ids + tail;
      });
  },
};

/**
 * Volume, number. The volume is 0; programs that kept records here for good gave each day one, and what they left stands
 * before all that is written now. The newest row stays when it has been taken, so that its number is not given again.
 */
const packs = table('audit', [u64, u64], lines);

interface Journal {
  /** Of the batch that takes writes now. */
  records: JournalRecord[];
  characters: number;
  isAwaited: boolean;
  /** Of the last pack. */
  readonly volume: number;
  number: number;
  readonly write: (tx: Transaction) => void;
}

const journalSlot: MemorySlot<Journal> = {
  name: 'audit',
  load(partition) {
    const [last] = partition.read((tx) => tx.range(packs, { reverse: true, limit: 1 }));
    const [volume, number] = last === undefined ? [0, 0] : packs.parts(last.key);
    const write = (tx: Transaction): void => writePack(tx, journal);
    const journal: Journal = { records: [], characters: 0, isAwaited: false, volume, number, write };
    return journal;
  },
};

/** Who takes the records of a partition further. */
const listeners = new WeakMap<Partition, () => void>();

/** `listener` is told that records wait: once for those of a batch. */
export const listen = (partition: Partition, listener: () => void): void => {
  listeners.set(partition, listener);
};

const lengthOf = (record: JournalRecord): number =>
  typeof record === 'string' ? record.length : record.before.length + record.ids.length + record.after.length;

/** Adds a record to the batch that the transaction writes. */
export function writeRecord(tx: Transaction, record: JournalRecord): void {
  const { partition } = tx;
  if (partition.enter !== undefined) {
    partition.enter({ kind: 'audit', record });
    return;
  }
  const journal = partition.memory(journalSlot);
  if (journal.characters > MOST_WAITING_CHARACTERS) throw new StoreBusy('too many records wait for the disk');
  journal.records.push(record);
  journal.characters += lengthOf(record);
  tx.onUndo(() => journal.records.pop());
  if (journal.isAwaited) return;
  journal.isAwaited = true;
  partition.beforeCommit(journal.write);
  listeners.get(partition)?.();
}

function writePack(tx: Transaction, journal: Journal): void {
  const { records, volume } = journal;
  journal.records = [];
  journal.characters = 0;
  journal.isAwaited = false;
  if (records.length > 0) tx.put(packs, packs.key(volume, ++journal.number), records);
}

export interface Pack {
  readonly key: Key;
  readonly records: readonly string[];
}

/** The packs after one of this key, in their order. Those of a batch that is still open are not among them. */
export const packsAfter = (tx: ReadTransaction, after: Key | undefined, limit: number): Pack[] =>
  tx
    .range(packs, { ...(after !== undefined && { after }), limit })
    .map(({ key, row }) => ({ key, records: row.map(textOf) }));

/** Removes packs that lie safely elsewhere: all before that of this key. */
export function dropPacksBefore(tx: Transaction, before: Key): void {
  // Keys alone would do; a page of packs is what was read before.
  for (const { key } of tx.range(packs, { before, limit: 1000 })) tx.delete(packs, key);
}
