/**
 * What is written but not yet on disk, per partition and table: the newest value of each key, and ranges that were
 * deleted. An entry leaves when its batch is on disk, unless a later batch has replaced it meanwhile.
 */
import type { BatchSpan } from '#platform/store/batch.ts';
import type { DriverRange, DriverRow } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';

export interface PendingWrite {
  readonly table: TableOverlay;
  readonly key: Key;
  readonly span: BatchSpan;
}

export interface PendingClear {
  readonly table: TableOverlay;
  readonly from: Key;
  readonly before: Key;
}

export interface TableOverlay {
  readonly writes: Map<Key, PendingWrite>;
  readonly clears: PendingClear[];
}

export const newTableOverlay = (): TableOverlay => ({ writes: new Map(), clears: [] });

const isDeletion = (write: PendingWrite): boolean => write.span.end < 0;

/** A copy: the batch's memory serves another batch once this one is on disk. */
const pendingBytes = ({ span }: PendingWrite): Buffer => Buffer.from(span.bytes.subarray(span.start, span.end));

export const isCleared = (overlay: TableOverlay, key: Key): boolean =>
  overlay.clears.some((clear) => key >= clear.from && key < clear.before);

/** The pending value, `null` for a pending deletion, undefined when the disk has the word. */
export function pendingValue(overlay: TableOverlay, key: Key): Buffer | null | undefined {
  const write = overlay.writes.get(key);
  if (write) return isDeletion(write) ? null : pendingBytes(write);
  return isCleared(overlay, key) ? null : undefined;
}

export function releaseWrite(write: PendingWrite): void {
  if (write.table.writes.get(write.key) === write) write.table.writes.delete(write.key);
}

export function releaseClear(clear: PendingClear): void {
  const at = clear.table.clears.indexOf(clear);
  if (at >= 0) clear.table.clears.splice(at, 1);
}

const isEmpty = (overlay: TableOverlay): boolean => overlay.writes.size === 0 && overlay.clears.length === 0;

/** The rows of a range as they are with the overlay laid over the disk's. */
export function mergedRange(
  overlay: TableOverlay | undefined,
  range: DriverRange,
  disk: (range: DriverRange) => DriverRow[],
): DriverRow[] {
  if (range.from >= range.before || range.limit <= 0) return [];
  if (!overlay || isEmpty(overlay)) return disk(range);
  const { reverse, limit } = range;
  const pending = [...overlay.writes.values()].filter(({ key }) => key >= range.from && key < range.before);
  if (pending.length === 0 && overlay.clears.length === 0) return disk(range);
  const order = reverse ? -1 : 1;
  pending.sort((a, b) => (a.key < b.key ? -order : order));
  const deletions = pending.filter(isDeletion).length;
  const rows: DriverRow[] = [];
  let next = 0;
  let { from, before } = range;
  for (;;) {
    const asked = limit - rows.length + deletions;
    const chunk = disk({ from, before, limit: asked, reverse });
    for (const row of chunk) {
      next = addPending(rows, pending, next, (key) => (reverse ? key >= row.key : key <= row.key));
      if (!overlay.writes.has(row.key) && !isCleared(overlay, row.key)) rows.push(row);
    }
    const last = chunk.at(-1);
    if (chunk.length < asked || last === undefined) break;
    if (rows.length >= limit) return rows.slice(0, limit);
    if (reverse) before = last.key;
    else from = `${last.key}\0` as Key;
  }
  addPending(rows, pending, next, () => true);
  return rows.length > limit ? rows.slice(0, limit) : rows;
}

/** Adds the pending rows from `next` on that come up to here; where the next one is. */
function addPending(
  rows: DriverRow[],
  pending: readonly PendingWrite[],
  next: number,
  upToHere: (key: Key) => boolean,
): number {
  for (let write = pending[next]; write && upToHere(write.key); write = pending[++next]) {
    if (!isDeletion(write)) rows.push({ key: write.key, value: pendingBytes(write) });
  }
  return next;
}
