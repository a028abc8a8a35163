import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { DriverRange, DriverRow } from '#platform/store/driver.ts';
import type { Key } from '#platform/store/keys.ts';
import { isCleared, mergedRange, newTableOverlay } from '#platform/store/overlay.ts';

const key = fc.constantFrom(...'abcdefghijklmnop').map((letter) => letter as Key);
const range = fc.record({ from: key, before: key, limit: fc.integer({ min: 0, max: 8 }), reverse: fc.boolean() });

function slice(rows: readonly DriverRow[], { from, before, limit, reverse }: DriverRange): DriverRow[] {
  const inside = rows.filter((row) => row.key >= from && row.key < before).sort((a, b) => (a.key < b.key ? -1 : 1));
  return (reverse ? inside.reverse() : inside).slice(0, limit);
}

test('a range is the disk with the overlay laid over it, and reads little more than it returns', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key),
      fc.uniqueArray(fc.tuple(key, fc.boolean()), { selector: ([each]) => each }),
      fc.array(fc.tuple(key, key), { maxLength: 2 }),
      range,
      (onDisk, written, cleared, asked) => {
        const disk = onDisk.map((each): DriverRow => ({ key: each, value: Buffer.from('disk') }));
        const overlay = newTableOverlay();
        for (const [from, before] of cleared) overlay.clears.push({ table: overlay, from, before });
        for (const [each, isDeleted] of written) {
          const span = isDeleted
            ? { bytes: Buffer.alloc(0), start: -1, end: -1 }
            : { bytes: Buffer.from('-new-'), start: 1, end: 4 };
          overlay.writes.set(each, { table: overlay, key: each, span });
        }
        const kept = disk.filter((row) => !overlay.writes.has(row.key) && !isCleared(overlay, row.key));
        const pending = written.filter(([, isDeleted]) => !isDeleted);
        const expected = slice(
          [...kept, ...pending.map(([each]) => ({ key: each, value: Buffer.from('new') }))],
          asked,
        );
        let reads = 0;
        const found = mergedRange(overlay, asked, (part) => {
          reads++;
          return slice(disk, part);
        });
        assert.deepEqual(found, expected);
        assert.ok(reads <= 1 + disk.length);
      },
    ),
    { numRuns: 5000 },
  );
});
