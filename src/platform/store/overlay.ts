/**
 * What is written but not yet on disk, per partition and table, in layers: one for each batch that has not settled, so two at
 * most, besides those that are held (`HeldLayers`). A layer holds the newest value of each key in its batch, and ranges that were deleted; it is dropped whole with the batch.
 *
 * One map, which keys come to and go from, would be simpler, and dear. A map of JavaScript that has had its fill of them moves to a new
 * table, and the old one points there: if it lies among V8's old objects, it keeps alive all that the new one holds, and so
 * on from table to table, until a full collection. Each write became an old object that way.
 */
import { assert } from '#platform/base/assert.ts';
import type { Hold, Holder } from '#platform/store/again.ts';
import type { BatchSpan } from '#platform/store/batch.ts';
import type { DriverRange, DriverRow } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import type { KeptTable } from '#platform/store/row-cache.ts';

interface KeyRange {
  readonly from: Key;
  readonly before: Key;
}

interface Pending {
  readonly writes: Map<Key, BatchSpan>;
  readonly clears: KeyRange[];
}

export interface Layer extends Pending {
  readonly overlay: TableOverlay;
  /** It stays for who reads the disk meanwhile (`HeldLayers`). */
  isOnDisk: boolean;
  /** Whose writes these are. */
  readonly batch: object;
}

export interface TableOverlay {
  /** Of the oldest batch first. */
  readonly layers: Layer[];
  /** What the disk has, as far as it is kept in memory; undefined where the disk itself is near enough. */
  readonly kept: KeptTable | undefined;
}

export const newTableOverlay = (kept?: KeptTable): TableOverlay => ({ layers: [], kept });

export function addLayer(overlay: TableOverlay, batch: object): Layer {
  const layer: Layer = { overlay, batch, isOnDisk: false, writes: new Map(), clears: [] };
  overlay.layers.push(layer);
  return layer;
}

/** The layer of the oldest batch, which is on disk. */
export function dropLayer(layer: Layer): void {
  const { layers, kept } = layer.overlay;
  assert(layers[0] === layer, 'batches settle in their order');
  layers.shift();
  kept?.committed(layer.writes, layer.clears);
}

/** The layer of the oldest batch, which the disk has refused. */
export function withdrawLayer({ overlay: { layers }, batch }: Layer): void {
  assert(layers[0]?.batch === batch, 'batches settle in their order');
  layers.shift();
}

const isDeletion = (span: BatchSpan): boolean => span.end < 0;

/** A copy: the batch's memory serves another batch once this one is on disk. */
const pendingBytes = (span: BatchSpan): Buffer => Buffer.from(span.bytes.subarray(span.start, span.end));

const isWithin = (key: Key, { from, before }: KeyRange): boolean => key >= from && key < before;

const isCleared = ({ clears }: Pending, key: Key): boolean => clears.some((clear) => isWithin(key, clear));

/** The pending value, `null` for a pending deletion, undefined when the disk has the word. */
export function pendingValue({ layers }: TableOverlay, key: Key): Buffer | null | undefined {
  for (let at = layers.length - 1; at >= 0; at--) {
    const layer = layers[at] as Layer; // within the array
    const span = layer.writes.get(key);
    if (span !== undefined) return isDeletion(span) ? null : pendingBytes(span);
    if (isCleared(layer, key)) return null;
  }
  return undefined;
}

/** Whether the disk may not have the last word on something within the range. */
export const hasPending = ({ layers }: TableOverlay, range: KeyRange): boolean =>
  layers.some(
    ({ isOnDisk, writes, clears }) =>
      !isOnDisk &&
      (clears.some(({ from, before }) => from < range.before && range.from < before) ||
        [...writes.keys()].some((key) => isWithin(key, range))),
  );

/** Deletes a range in a layer; what undoes that. */
export function clearRange({ writes, clears }: Layer, range: KeyRange): () => void {
  const hidden = [...writes].filter(([key]) => isWithin(key, range));
  for (const [key] of hidden) writes.delete(key);
  clears.push(range);
  return () => {
    clears.pop();
    for (const [key, span] of hidden) writes.set(key, span);
  };
}

/** What all layers together say of a range. */
function pendingWithin({ layers }: TableOverlay, range: KeyRange): Pending {
  const pending: Pending = { writes: new Map(), clears: [] };
  for (const { writes, clears } of layers) {
    for (const clear of clears) {
      pending.clears.push(clear);
      for (const key of pending.writes.keys()) if (isWithin(key, clear)) pending.writes.delete(key);
    }
    for (const [key, span] of writes) if (isWithin(key, range)) pending.writes.set(key, span);
  }
  return pending;
}

/** The rows of a range as they are with the overlay laid over the disk's. */
export function mergedRange(
  overlay: TableOverlay | undefined,
  range: DriverRange,
  disk: (range: DriverRange) => DriverRow[],
): DriverRow[] {
  if (range.from >= range.before || range.limit <= 0) return [];
  if (!overlay || overlay.layers.length === 0) return disk(range);
  const { reverse, limit } = range;
  const changes = pendingWithin(overlay, range);
  if (changes.writes.size === 0 && changes.clears.length === 0) return disk(range);
  const order = reverse ? -1 : 1;
  const pending = [...changes.writes].sort(([a], [b]) => (a < b ? -order : order));
  const deletions = pending.filter(([, span]) => isDeletion(span)).length;
  const rows: DriverRow[] = [];
  let next = 0;
  let { from, before } = range;
  for (;;) {
    const asked = limit - rows.length + deletions;
    const chunk = disk({ from, before, limit: asked, reverse });
    for (const row of chunk) {
      next = addPending(rows, pending, next, (key) => (reverse ? key >= row.key : key <= row.key));
      if (!changes.writes.has(row.key) && !isCleared(changes, row.key)) rows.push(row);
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
  pending: readonly (readonly [Key, BatchSpan])[],
  next: number,
  upToHere: (key: Key) => boolean,
): number {
  let at = next;
  for (let write = pending[at]; write && upToHere(write[0]); write = pending[++at]) {
    const [key, span] = write;
    if (!isDeletion(span)) rows.push({ key, value: pendingBytes(span) });
  }
  return at;
}

interface Kept {
  /** Which batch. */
  readonly nth: number;
  readonly layers: readonly Layer[];
}

interface OpenHold extends Hold {
  isLost: boolean;
  /** The last batch that was on disk when it began. */
  readonly since: number;
}

/**
 * Layers whose batch is on disk. They go at once, unless somebody reads the disk without holding the thread (again.ts): what comes back may be
 * older than the batch, so its layer stays until all have ended who had begun before it was on disk.
 */
export class HeldLayers implements Holder {
  #batches = 0;
  #kept: Kept[] = [];
  /** The oldest first. */
  readonly #holds = new Set<OpenHold>();

  hold(): Hold {
    const hold: OpenHold = {
      isLost: false,
      since: this.#batches,
      release: () => {
        this.#holds.delete(hold);
        this.#drop();
      },
    };
    this.#holds.add(hold);
    return hold;
  }

  /** These are on disk. Whether they have gone, and so their memory may be used again. */
  settled(layers: readonly Layer[]): boolean {
    this.#batches++;
    for (const layer of layers) layer.isOnDisk = true;
    this.#kept.push({ nth: this.#batches, layers });
    this.#drop();
    return this.#kept.length === 0;
  }

  /** The overlay is forgotten, with what was kept of it. */
  lost(): void {
    for (const hold of this.#holds) hold.isLost = true;
    this.#holds.clear();
    this.#drop();
  }

  #drop(): void {
    const [oldest] = this.#holds;
    while (this.#kept[0] !== undefined && (oldest === undefined || this.#kept[0].nth <= oldest.since)) {
      for (const layer of this.#kept.shift()?.layers ?? []) dropLayer(layer);
    }
  }
}
