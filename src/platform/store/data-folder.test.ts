import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { copyBlobs } from '#platform/blobs/filesystem/copy.ts';
import { backupStore, blobsFolder, restoreStore } from '#platform/store/backup.ts';
import { DataFolderError, openDataFolder, regionsFolder } from '#platform/store/data-folder.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import { type MigrationStep, migrate } from '#platform/store/migrate.ts';
import { openStore } from '#platform/store/open-store.ts';
import { rowsInFolder } from '#platform/store/sqlite/copy.ts';
import { sqliteDrivers } from '#platform/store/sqlite/drivers.ts';
import type { PartitionName, Store } from '#platform/store/store.ts';

const note = table('note', [u64], jsonRows<{ text: string }>(1));
const sqs: PartitionName = { service: 'sqs', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
const iam: PartitionName = { ...sqs, service: 'iam', region: 'aws-global' as Region };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-data-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const storeOn = (path: string): Store => openStore({ drivers: sqliteDrivers(regionsFolder(path)) });

async function fill(store: Store, name: PartitionName, count: number): Promise<void> {
  const partition = store.partition(name);
  partition.transact((tx) => {
    for (let i = 0; i < count; i++) tx.put(note, note.key(i), { text: `${name.service} ${i}` });
  });
  await partition.durable();
}

const countIn = (store: Store, name: PartitionName): number =>
  store.partition(name).read((tx) => tx.range(note).length);

test('a folder keeps its cloud and is refused to a second opener', (t) => {
  const path = join(folderOf(t), 'new', 'data');
  const first = openDataFolder({ path, version: '1.0.0' });
  assert.equal(first.isNew, true);
  assert.throws(() => openDataFolder({ path, version: '1.0.0' }), new RegExp(`in use.*process ${process.pid}`));
  first.close();
  const second = openDataFolder({ path, version: '1.1.0' });
  assert.equal(second.isNew, false);
  assert.equal(second.cloudId, first.cloudId);
  second.close();
});

test('the lock ends with a process that is killed, and names it before', async (t) => {
  const path = folderOf(t);
  const module = fileURLToPath(new URL('./data-folder.ts', import.meta.url));
  const script = `const { openDataFolder } = await import(${JSON.stringify(module)});
    openDataFolder({ path: ${JSON.stringify(path)}, version: '1' });
    console.log('open');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.throws(() => openDataFolder({ path, version: '1' }), new RegExp(`process ${child.pid}`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  openDataFolder({ path, version: '1' }).close();
});

test('newer formats and damaged manifests are refused, and the folder is left free', (t) => {
  const path = folderOf(t);
  const manifest = join(path, 'manifest.json');
  writeFileSync(manifest, JSON.stringify({ cloudId: 'c', format: 7, version: '9.9.9' }));
  assert.throws(() => openDataFolder({ path, version: '1.0.0' }), /version 9\.9\.9 in store format 7.*version 1\.0\.0/);
  writeFileSync(manifest, '{"cloudId":');
  assert.throws(() => openDataFolder({ path, version: '1.0.0' }), DataFolderError);
  rmSync(manifest);
  mkdirSync(regionsFolder(path));
  assert.throws(() => openDataFolder({ path, version: '1.0.0' }), /no manifest/);
  rmSync(regionsFolder(path), { recursive: true });
  openDataFolder({ path, version: '1.0.0' }).close();
});

test('a backup of a store that is being written is whole and restores', async (t) => {
  const place = folderOf(t);
  const [path, target, restored] = ['data', 'backup', 'restored'].map((name) => join(place, name)) as [
    string,
    string,
    string,
  ];
  const folder = openDataFolder({ path, version: '1' });
  const store = storeOn(path);
  await fill(store, iam, 10);
  await fill(store, sqs, 500);
  let isCopying = true;
  const writing = (async () => {
    const partition = store.partition(sqs);
    // Two rows that always change together: a copy between them would show.
    for (let i = 0; isCopying; i++) {
      partition.transact((tx) => {
        tx.put(note, note.key(1000), { text: String(i) });
        tx.put(note, note.key(2000), { text: String(i) });
      });
      await partition.durable();
    }
  })();
  const source = { rows: rowsInFolder(path), blobs: blobsFolder(path), copyBlobs };
  await backupStore(target, source);
  isCopying = false;
  await writing;
  await assert.rejects(backupStore(target, source), /exists already/);
  await fill(store, sqs, 900);
  await store.close();
  folder.close();

  assert.deepEqual(readdirSync(regionsFolder(target)).sort(), ['aws-global.sqlite', 'us-east-1.sqlite']);
  const copyPlace = { data: restored, rows: undefined, blobs: undefined, copyBlobs };
  await restoreStore(target, rowsInFolder(target), copyPlace);
  await assert.rejects(restoreStore(target, rowsInFolder(target), copyPlace), /not empty/);
  const again = openDataFolder({ path: restored, version: '1' });
  assert.equal(again.cloudId, folder.cloudId);
  const copy = storeOn(restored);
  assert.equal(countIn(copy, iam), 10);
  const both = copy.partition(sqs).read((tx) => [1000, 2000].map((n) => tx.get(note, note.key(n))?.text));
  assert.equal(both[0], both[1]);
  await fill(copy, sqs, 700);
  assert.equal(countIn(copy, sqs) >= 700, true);
  await copy.close();
  again.close();
});

test('a migration that is cut off goes on where it stopped', async (t) => {
  const path = folderOf(t);
  openDataFolder({ path, version: '1', newestFormat: 1 }).close();
  const store = storeOn(path);
  await fill(store, sqs, 1200);
  await fill(store, iam, 3);
  const folder = openDataFolder({ path, version: '2', newestFormat: 2 });
  const renamed = table('memo', [text], jsonRows<{ text: string }>(1));
  let seen = 0;
  let failAt = 700;
  const step: MigrationStep = {
    format: 2,
    service: 'sqs',
    table: 'note',
    rewrite({ key, value }) {
      if (++seen === failAt) throw new Error('cut off');
      return [{ key: renamed.key(String(note.parts(key)[0])), value }];
    },
  };
  await assert.rejects(migrate(folder, store, [step]), /cut off/);
  assert.equal(folder.format, 1);
  assert.equal(countIn(store, sqs), 700, 'the first portion stays done');
  failAt = 0;
  await migrate(folder, store, [step]);
  assert.equal(seen, 700 + 700);
  assert.equal(folder.format, 2);
  assert.equal(countIn(store, sqs), 0);
  assert.equal(store.partition(sqs).read((tx) => tx.get(renamed, renamed.key('1199')))?.text, 'sqs 1199');
  assert.equal(countIn(store, iam), 3);
  await migrate(folder, store, [step]);
  assert.equal(seen, 1400);
  await store.close();
  folder.close();
  assert.equal(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')).format, 2);
});
