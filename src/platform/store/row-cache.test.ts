import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchWriter } from '#platform/store/batch.ts';
import type { Key } from '#platform/store/keys.ts';
import { RowCache } from '#platform/store/row-cache.ts';

const key = (name: string): Key => name as Key;
const value = Buffer.alloc(1000);

test('what was not asked for in a while goes, and room is that of all tables together', () => {
  const cache = new RowCache(100_000);
  const [busy, quiet] = [cache.table(), cache.table()];
  quiet.keep(key('quiet'), value);
  busy.keep(key('asked for'), value);
  for (let i = 0; i < 500; i++) {
    busy.keep(key(`once ${i}`), value);
    assert.deepEqual(busy.get(key('asked for')), value);
  }
  assert.equal(quiet.get(key('quiet')), undefined);
  const left = Array.from({ length: 500 }, (_, i) => busy.get(key(`once ${i}`))).filter((kept) => kept !== undefined);
  assert.ok(left.length >= 20 && left.length <= 100, `${left.length} are left`);
});

test('a commit tells what the disk has now', () => {
  const table = new RowCache().table();
  for (const name of ['a', 'b', 'c', 'long']) table.keep(key(name), Buffer.from(`old ${name}`));
  const writer = new BatchWriter();
  const writes = new Map([
    [key('a'), writer.put(1, key('a'), 'new')],
    [key('b'), writer.delete(1, key('b'))],
    [key('long'), writer.put(1, key('long'), Buffer.alloc(100_000))],
  ]);
  table.committed(writes, false);
  writer.memory.fill(0);
  assert.equal(table.get(key('a'))?.toString(), 'new');
  assert.equal(table.get(key('b')), null);
  assert.equal(table.get(key('c'))?.toString(), 'old c');
  assert.equal(table.get(key('long')), undefined);
  table.committed(new Map(), true);
  assert.equal(table.get(key('c')), undefined);
});
