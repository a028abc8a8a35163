import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DriverRange, DriverRow } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import {
  addLayer,
  clearRange,
  dropLayer,
  type Layer,
  mergedRange,
  newTableOverlay,
  pendingValue,
} from '#platform/store/overlay.ts';

const key = fc.constantFrom(...'abcdefghijklmnop').map((letter) => letter as Key);
const range = fc.record({ from: key, before: key, limit: fc.integer({ min: 0, max: 8 }), reverse: fc.boolean() });

function slice(rows: readonly DriverRow[], { from, before, limit, reverse }: DriverRange): DriverRow[] {
  const inside = rows.filter((row) => row.key >= from && row.key < before).sort((a, b) => (a.key < b.key ? -1 : 1));
  return (reverse ? inside.reverse() : inside).slice(0, limit);
}

const change = fc.oneof(
  fc.record({ kind: fc.constantFrom('put', 'delete'), key }),
  fc.record({ kind: fc.constant('clear'), key, before: key }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const PUT = { bytes: Buffer.from('-new-'), start: 1, end: 4 };
const DELETION = { bytes: Buffer.alloc(0), start: -1, end: -1 };

function make(layer: Layer, rows: Map<Key, Buffer>, one: Change): void {
  if ('before' in one) {
    clearRange(layer, { from: one.key, before: one.before });
    for (const each of rows.keys()) if (each >= one.key && each < one.before) rows.delete(each);
  } else if (one.kind === 'put') {
    layer.writes.set(one.key, PUT);
    rows.set(one.key, Buffer.from('new'));
  } else {
    layer.writes.set(one.key, DELETION);
    rows.delete(one.key);
  }
}

test('what is read is the disk with all layers laid over it; a range reads little more than it returns', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key),
      fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 2 }),
      range,
      (onDisk, batches, asked) => {
        const disk = onDisk.map((each): DriverRow => ({ key: each, value: Buffer.from('disk') }));
        const rows = new Map(disk.map((row) => [row.key, row.value]));
        const overlay = newTableOverlay();
        for (const changes of batches) {
          const layer = addLayer(overlay, {});
          for (const one of changes) make(layer, rows, one);
        }
        let reads = 0;
        const found = mergedRange(overlay, asked, (part) => {
          reads++;
          return slice(disk, part);
        });
        const expected = [...rows].map(([each, value]): DriverRow => ({ key: each, value }));
        assert.deepEqual(found, slice(expected, asked));
        assert.ok(reads <= 1 + disk.length);
        for (const letter of 'abcdefghijklmnop') {
          const pending = pendingValue(overlay, letter as Key);
          const stored = disk.find((row) => row.key === letter)?.value;
          assert.deepEqual(pending === undefined ? stored : (pending ?? undefined), rows.get(letter as Key));
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test('a deleted range is taken back', () => {
  const overlay = newTableOverlay();
  const layer = addLayer(overlay, {});
  layer.writes.set('b' as Key, PUT);
  const undo = clearRange(layer, { from: 'a' as Key, before: 'c' as Key });
  assert.equal(pendingValue(overlay, 'b' as Key), null);
  undo();
  assert.equal(pendingValue(overlay, 'b' as Key)?.toString(), 'new');
  assert.equal(pendingValue(overlay, 'a' as Key), undefined);
  dropLayer(layer);
  assert.equal(pendingValue(overlay, 'b' as Key), undefined);
});
