/**
 * Where audit records lie: in the partition that they speak of, by day, dropped a day at a time after 90 days. The records that a
 * commit batch holds of one partition are one row: a management call pays for a line of text, not for a row. A record joins
 * the batch of the transaction that it tells of and is lost with it, so an answered call is in the audit.
 */
import type { AuditRecord } from '#platform/audit/record.ts';
import { days, type Milliseconds } from '#platform/base/clock.ts';
import { type RowCodec, table, u64 } from '#platform/store/keys.ts';
import {
  type MemorySlot,
  type Partition,
  type ReadTransaction,
  StoreBusy,
  type Transaction,
} from '#platform/store/store.ts';

const DAY = days(1);
export const AUDIT_RETENTION: Milliseconds = days(90);
/** What may wait for a batch to close while the one before is being synced. */
const MOST_WAITING_CHARACTERS = 32 * 2 ** 20;

/** Records as JSON text, which has no line feeds of its own: a line each, in the order of their ends. */
const packs: RowCodec<readonly string[]> = {
  encode: (records) => records.join('\n'),
  decode: (bytes) => bytes.toString('utf8').split('\n'),
};

/** Day, number. */
const journalRows = table('audit', [u64, u64], packs);

interface Journal {
  /** Of the batch that takes writes now. */
  records: string[];
  characters: number;
  isAwaited: boolean;
  /** The day of the last row, and its number. */
  day: number;
  number: number;
  readonly write: (tx: Transaction) => void;
}

const journalSlot: MemorySlot<Journal> = {
  name: 'audit',
  load(partition) {
    const [last] = partition.read((tx) => tx.range(journalRows, { reverse: true, limit: 1 }));
    const [day, number] = last === undefined ? [0, 0] : journalRows.parts(last.key);
    const journal: Journal = {
      records: [],
      characters: 0,
      isAwaited: false,
      day,
      number,
      write: (tx) => writePack(tx, journal),
    };
    return journal;
  },
};

/** Adds a record, at `time`, to the batch that the transaction writes. */
export function writeRecord(tx: Transaction, time: Milliseconds, record: string): void {
  const { partition } = tx;
  const journal = partition.memory(journalSlot);
  if (journal.characters > MOST_WAITING_CHARACTERS) throw new StoreBusy('too many records wait for the disk');
  const day = Math.floor(time / DAY);
  if (day > journal.day) startDay(partition, journal, day);
  journal.records.push(record);
  journal.characters += record.length;
  tx.onUndo(() => journal.records.pop());
  if (journal.isAwaited) return;
  journal.isAwaited = true;
  partition.beforeCommit(journal.write);
}

function writePack(tx: Transaction, journal: Journal): void {
  const { records } = journal;
  journal.records = [];
  journal.characters = 0;
  journal.isAwaited = false;
  if (records.length > 0) tx.put(journalRows, journalRows.key(journal.day, ++journal.number), records);
}

function startDay(partition: Partition, journal: Journal, day: number): void {
  journal.day = day;
  journal.number = 0;
  partition.beforeCommit((tx) => {
    for (const old of daysBefore(tx, day - AUDIT_RETENTION / DAY)) tx.deleteRange(journalRows, [old]);
  });
}

function daysBefore(tx: ReadTransaction, day: number): number[] {
  if (day <= 0) return [];
  const found: number[] = [];
  let from = 0;
  for (;;) {
    const [first] = tx.range(journalRows, {
      from: journalRows.key(from, 0),
      before: journalRows.key(day, 0),
      limit: 1,
    });
    if (first === undefined) return found;
    const [old] = journalRows.parts(first.key);
    found.push(old);
    from = old + 1;
  }
}

/** Records of the partition from `from` until `to`, newest first. */
export function auditOf(tx: ReadTransaction, from: Milliseconds, to: Milliseconds, limit: number): AuditRecord[] {
  const found: AuditRecord[] = [];
  // A long call begins before the batch that it ends in.
  let before = journalRows.key(Math.floor(to / DAY) + 2, 0);
  const first = journalRows.key(Math.floor(from / DAY), 0);
  for (;;) {
    const [pack] = tx.range(journalRows, { from: first, before, reverse: true, limit: 1 });
    if (pack === undefined) return found;
    before = pack.key;
    for (const text of pack.row.toReversed()) {
      // Written by recordText.
      const record = JSON.parse(text) as AuditRecord;
      const time = Date.parse(record.eventTime);
      if (time < from - 999 || time >= to) continue;
      if (found.push(record) === limit) return found;
    }
  }
}
