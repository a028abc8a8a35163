import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { driverConformance } from '#platform/store/conformance.ts';
import { jsonRows, table, u64 } from '#platform/store/keys.ts';
import { openStore } from '#platform/store/open-store.ts';
import { regionFile, sqliteDrivers } from '#platform/store/sqlite/drivers.ts';

driverConformance(
  'sqlite',
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'makonis-store-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return () => sqliteDrivers(folder);
  },
  50,
);

const note = table('note', [u64], jsonRows<{ body: string }>(1));

test('the WAL is moved into the file as it grows, and a reader that stays does not stop writers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const store = openStore({ drivers: sqliteDrivers(folder) });
  const region = 'us-east-1' as Region;
  const partition = store.partition({ service: 'sqs', account: '123456789012' as AccountId, region });
  const write = async (): Promise<void> => {
    for (let batch = 0; batch < 60; batch++) {
      partition.transact((tx) => {
        for (let i = 0; i < 20; i++) tx.put(note, note.key(i), { body: String(batch).repeat(20_000) });
      });
      await partition.durable();
    }
  };
  const walBytes = (): number => statSync(`${regionFile(folder, region)}-wal`).size;
  await write();
  // The checkpoint's 16 MiB and a batch; all that is written is twice that.
  const most = 20 * 2 ** 20;
  assert.ok(walBytes() < most, `the WAL has ${walBytes()} bytes`);

  const reader = new DatabaseSync(regionFile(folder, region), { readOnly: true });
  reader.exec('BEGIN; SELECT count(*) FROM rows');
  await write();
  assert.ok(walBytes() > most, 'the reader holds the WAL');
  reader.close();
  assert.equal(partition.read((tx) => tx.range(note)).length, 20);
  await store.close();
});
