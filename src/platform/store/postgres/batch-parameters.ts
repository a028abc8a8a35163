/**
 * A batch as sets: of each key the last word, and the ranges to delete before. What comes after a range's deletion stands in the sets,
 * what came before it and lies within is gone from them; so ranges, deletions and rows may be applied in this order.
 */
import { present } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { type BatchVisitor, batchOwners, visitBatch } from '#platform/store/batch.ts';
import { bigints, byteArrays, integers, keyArrays, texts } from '#platform/store/postgres/arrays.ts';
import type { RowSeals } from '#platform/store/row-seals.ts';

/** By partition and key; null is deleted. */
type LastWords = Map<number, Map<string, Uint8Array | null>>;

interface DeletedRange {
  readonly partition: number;
  readonly from: string;
  readonly before: string;
}

/** The parameters of `commit_batch` from the owners on. */
export function batchParameters(batch: Uint8Array, sealsOf: RowSeals | undefined): Buffer[] {
  const owners = batchOwners(batch);
  const words: LastWords = new Map();
  const ranges: DeletedRange[] = [];
  visitBatch(batch, collector(words, ranges, owners, sealsOf));
  const deleted = { partitions: [] as number[], keys: [] as string[] };
  const put = { partitions: [] as number[], keys: [] as string[], values: [] as Uint8Array[] };
  for (const [partition, keys] of words) {
    for (const [key, value] of keys) {
      const set = value === null ? deleted : put;
      set.partitions.push(partition);
      set.keys.push(key);
      if (value !== null) put.values.push(value);
    }
  }
  return [
    integers(owners.map(({ number }) => number)),
    texts(owners.map(({ path }) => path)),
    bigints(owners.map(({ epoch }) => epoch)),
    integers(ranges.map(({ partition }) => partition)),
    keyArrays(ranges.map(({ from }) => from)),
    keyArrays(ranges.map(({ before }) => before)),
    integers(deleted.partitions),
    keyArrays(deleted.keys),
    integers(put.partitions),
    keyArrays(put.keys),
    byteArrays(put.values),
  ];
}

function collector(
  words: LastWords,
  ranges: DeletedRange[],
  owners: readonly { readonly number: number; readonly path: string }[],
  sealsOf: RowSeals | undefined,
): BatchVisitor {
  const wordsOf = (partition: number) => getOrInsert(words, partition, () => new Map<string, Uint8Array | null>());
  const seals = new Map(owners.map(({ number, path }) => [number, sealsOf?.(path)]));
  return {
    put: (partition, key, value) => wordsOf(partition).set(key.toString('latin1'), value),
    putSealed(partition, key, value, day) {
      const place = key.toString('latin1');
      const seal = present(seals.get(partition), 'who has rows sealed gives the keys, and is among the owners');
      wordsOf(partition).set(place, seal.seal(value, place, day));
    },
    delete: (partition, key) => wordsOf(partition).set(key.toString('latin1'), null),
    deleteRange(partition, from, before) {
      const range = { partition, from: from.toString('latin1'), before: before.toString('latin1') };
      const keys = wordsOf(partition);
      for (const key of keys.keys()) if (key >= range.from && key < range.before) keys.delete(key);
      ranges.push(range);
    },
  };
}
