import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchWriter } from '#platform/store/batch.ts';
import type { Key } from '#platform/store/keys.ts';
import { type KeptTable, RowCache } from '#platform/store/row-cache.ts';

const key = (name: string): Key => name as Key;
const value = Buffer.alloc(1000);

test('what was not asked for in a while goes, and room is that of all tables together', () => {
  const cache = new RowCache(100_000);
  const [busy, quiet] = [cache.table(), cache.table()];
  quiet.keep(key('quiet'), value);
  busy.keep(key('asked for'), value);
  for (let i = 0; i < 500; i++) {
    busy.keep(key(`once ${i}`), value);
    assert.deepEqual(busy.get(key('asked for'))?.bytes, value);
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
  table.committed(writes, []);
  writer.memory.fill(0);
  assert.equal(table.get(key('a'))?.bytes.toString(), 'new');
  assert.equal(table.get(key('b')), null);
  assert.equal(table.get(key('c'))?.bytes.toString(), 'old c');
  assert.equal(table.get(key('long')), undefined);
  table.committed(new Map(), [{ from: key('c'), before: key('d') }]);
  assert.equal(table.get(key('c')), undefined);
  assert.equal(table.get(key('a'))?.bytes.toString(), 'new');
});

test('a table that is here whole knows what is not there, and answers ranges, until a row goes or too many come', () => {
  const row = (name: string) => ({ key: key(name), value: Buffer.from(name) });
  const names = (table: KeptTable, reverse = false, limit = 100) =>
    table.range({ from: key('a'), before: key('x'), limit, reverse })?.map(({ value }) => value.toString());
  const writer = new BatchWriter();
  const put = (name: string, length = 1) => [key(name), writer.put(1, key(name), Buffer.alloc(length, name))] as const;
  const table = new RowCache().table([row('b'), row('d'), row('y')]);
  assert.equal(table.get(key('c')), null);
  assert.deepEqual(names(table), ['b', 'd']);
  table.committed(new Map([put('c'), [key('d'), writer.delete(1, key('d'))]]), []);
  assert.deepEqual(names(table), ['b', 'c']);
  assert.deepEqual(names(table, true, 1), ['c']);
  table.committed(new Map([put('e')]), [{ from: key('a'), before: key('z') }]);
  assert.deepEqual(names(table), ['e']);
  table.committed(new Map([put('f', 100_000)]), []);
  assert.equal(names(table), undefined);

  const many = new RowCache().table([]);
  many.committed(new Map(Array.from({ length: 513 }, (_, i) => put(`a${i}`))), []);
  assert.equal(names(many), undefined);

  const cache = new RowCache(100_000);
  const [small, busy] = [cache.table([row('b')]), cache.table()];
  for (let i = 0; i < 500; i++) {
    busy.keep(key(`once ${i}`), value);
    assert.deepEqual(names(small), ['b'], 'what is asked for stays');
  }
  for (let i = 0; i < 500; i++) busy.keep(key(`again ${i}`), value);
  assert.equal(names(small), undefined);
});
