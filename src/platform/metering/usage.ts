/**
 * Usage: what a bill is made of. Every acknowledged call is counted, and whatever else a service meters (bytes, payload
 * units), by usage type, operation and resource, in integers of the smallest unit, by hours in UTC.
 *
 * The owner of a partition adds in memory; each batch writes one absolute row for each touched dimension, in the same
 * commit as the calls that it counts. So there is no shared counter, and a crash neither loses nor doubles: after it the
 * sums are read again from the rows. A row can't be written by a deposed owner, as nothing can.
 *
 * While the disk takes no writes, calls that only read are answered (store/commit.ts). What they count is owed: it waits in memory, by
 * row, and joins each batch until one is on disk.
 */
import { type Clock, hours, type Milliseconds } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { jsonRows, type Key, table, text, u64 } from '#platform/store/keys.ts';
import type { MemorySlot, Partition, ReadTransaction, Transaction } from '#platform/store/store.ts';

export interface UsageDimension {
  readonly usageType: string;
  readonly operation: string;
  /** An ARN, or empty for calls without a resource. */
  readonly resource: string;
}

export interface UsageRecord extends UsageDimension {
  /** The first millisecond of the hour, UTC. */
  readonly hour: Milliseconds;
  readonly amount: number;
}

/** Hour, usage type, operation, resource -> the sum so far. */
const usageRows = table('usage', [u64, text, text, text], jsonRows<{ amount: number }>(1));
/** One row: usage of hours before this one will not change any more. */
const usageFinal = table('usage-final', [], jsonRows<{ before: Milliseconds }>(1));

interface Sum extends UsageDimension {
  amount: number;
  /** What the last batch with it says. */
  written: number;
  isTouched: boolean;
}

interface Meter {
  hour: Milliseconds;
  /** By resource, operation and usage type, one after the other: a text put together for each call would be hashed anew. */
  sums: Map<string, Map<string, Map<string, Sum>>>;
  touched: Sum[];
  readonly write: (tx: Transaction) => void;
}

const hourOf = (now: Milliseconds): Milliseconds => now - (now % hours(1));

const meterSlot: MemorySlot<Meter> = {
  name: 'usage',
  load: () => {
    const meter: Meter = { hour: 0, sums: new Map(), touched: [], write: (tx) => writeTouched(tx, meter) };
    return meter;
  },
};

/** Sums that were answered and are not on disk. They outlive the partition's memory, which a lost batch takes with it. */
const owed = new WeakMap<Partition, Map<Key, number>>();

const keyOf = (hour: Milliseconds, { usageType, operation, resource }: UsageDimension): Key =>
  usageRows.key(hour, usageType, operation, resource);

function writeTouched(tx: Transaction, meter: Meter): void {
  const { hour, touched } = meter;
  meter.touched = [];
  writeOwed(tx);
  for (const sum of touched) {
    sum.isTouched = false;
    sum.written = sum.amount;
    tx.put(usageRows, keyOf(hour, sum), { amount: sum.amount });
  }
  tx.onRefused(() => {
    const sums = getOrInsert(owed, tx.partition, () => new Map<Key, number>());
    for (const sum of touched) sums.set(keyOf(hour, sum), sum.written);
  });
}

function writeOwed(tx: Transaction): void {
  const sums = owed.get(tx.partition);
  if (sums === undefined) return;
  const written = new Map(sums);
  for (const [key, amount] of written) tx.put(usageRows, key, { amount });
  tx.onDurable(() => {
    for (const [key, amount] of written) if (sums.get(key) === amount) sums.delete(key);
    if (sums.size === 0) owed.delete(tx.partition);
  });
}

/** Counts `amount`. It is on disk when `partition.durable()` says so. */
export function meter(partition: Partition, now: Milliseconds, dimension: UsageDimension, amount: number): void {
  if (partition.enter !== undefined) {
    partition.enter({ kind: 'usage', now, dimension, amount });
    return;
  }
  const memory = partition.memory(meterSlot);
  const sum = sumIn(partition, memory, now, dimension);
  sum.amount += amount;
  if (sum.isTouched) return;
  sum.isTouched = true;
  if (memory.touched.push(sum) === 1) partition.beforeCommit(memory.write);
}

/** Reads what `meter` will add to. */
export function openSum(partition: Partition, now: Milliseconds, dimension: UsageDimension): void {
  if (partition.enter === undefined) sumIn(partition, partition.memory(meterSlot), now, dimension);
}

function sumIn(partition: Partition, memory: Meter, now: Milliseconds, dimension: UsageDimension): Sum {
  if (now - memory.hour >= hours(1)) startHour(partition, memory, hourOf(now));
  const operations = getOrInsert(memory.sums, dimension.resource, () => new Map<string, Map<string, Sum>>());
  const types = getOrInsert(operations, dimension.operation, () => new Map<string, Sum>());
  return getOrInsert(types, dimension.usageType, () => ({
    ...dimension,
    amount: storedAmount(partition, memory.hour, dimension),
    written: 0,
    isTouched: false,
  }));
}

/** Counted if the transaction stands. */
export function meterIn(tx: Transaction, now: Milliseconds, dimension: UsageDimension, amount: number): void {
  meter(tx.partition, now, dimension, amount);
  tx.onUndo(() => meter(tx.partition, now, dimension, -amount));
}

/** A call that began just before the hour may end after it: its usage belongs to the new hour, so hours close for good. */
function startHour(partition: Partition, memory: Meter, hour: Milliseconds): void {
  const old = { ...memory };
  memory.hour = hour;
  memory.sums = new Map();
  memory.touched = [];
  partition.beforeCommit((tx) => {
    writeTouched(tx, old);
    tx.put(usageFinal, usageFinal.key(), { before: hour });
  });
}

function storedAmount(partition: Partition, hour: Milliseconds, dimension: UsageDimension): number {
  const key = keyOf(hour, dimension);
  const waiting = owed.get(partition)?.get(key);
  if (waiting !== undefined) return waiting;
  return partition.read((tx) => tx.get(usageRows, key))?.amount ?? 0;
}

/** The usage of the hours from `from` until `to`, in the order of hours. */
export function usageOf(tx: ReadTransaction, from: Milliseconds, to: Milliseconds): UsageRecord[] {
  const rows = tx.range(usageRows, {
    from: usageRows.key(hourOf(from), '', '', ''),
    before: usageRows.key(hourOf(to - 1) + hours(1), '', '', ''),
  });
  return rows.map(({ key, row }) => {
    const [hour, usageType, operation, resource] = usageRows.parts(key);
    return { hour, usageType, operation, resource, amount: row.amount };
  });
}

/** Hours before this one are complete: a bill may close over them. */
export function usageFinalBefore(tx: ReadTransaction, clock: Clock): Milliseconds {
  const stored = tx.get(usageFinal, usageFinal.key())?.before ?? 0;
  return Math.min(Math.max(stored, 0), hourOf(clock.now()));
}
