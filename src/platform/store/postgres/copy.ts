/**
 * Backups of a database, and a database from a backup. What lies between is SQLite's files, as in a data folder: rows as they lie, sealed
 * ones sealed. Numbers of partitions are a database's own; a restored partition gets another.
 */
import { mkdirSync } from 'node:fs';
import type { Client } from 'pg';
import { hours } from '#platform/base/clock.ts';
import type { Region } from '#platform/base/ids.ts';
import type { NewRowPlace, RowPlace } from '#platform/store/backup.ts';
import { type BatchOwner, BatchWriter } from '#platform/store/batch.ts';
import { DataFolderError, type Manifest, syncFolder } from '#platform/store/data-folder.ts';
import type { Key } from '#platform/store/keys.ts';
import { byteArrays } from '#platform/store/postgres/arrays.ts';
import { DEFAULT_PATIENCE } from '#platform/store/postgres/connect.ts';
import { openClient, readStoredManifest, writeStoredManifest } from '#platform/store/postgres/manifest.ts';
import { FileWriter } from '#platform/store/sqlite/apply.ts';
import { finishCopy } from '#platform/store/sqlite/copy.ts';
import { regionFile, regionsIn } from '#platform/store/sqlite/drivers.ts';
import { openForReading } from '#platform/store/sqlite/file.ts';
import { describeAddress, type StoreAddress } from '#platform/store/store-address.ts';

/** Rows go by so many, and not many more bytes than these. */
const PORTION_ROWS = 1000;
const PORTION_BYTES = 4 * 2 ** 20;
/** The transaction stays open while blobs are copied. */
const PATIENCE = { ...DEFAULT_PATIENCE, statement: hours(24) };

export const rowsInDatabase = (store: StoreAddress): RowPlace & NewRowPlace => ({
  name: describeAddress(store),
  manifest: () => within(store, 'READ ONLY', readStoredManifest),
  copyTo: (folder) => within(store, 'READ ONLY', (client) => copyOut(client, folder)),
  fillFrom: (folder, manifest, meanwhile) =>
    within(store, 'READ WRITE', (client) => copyIn(client, store, { folder, manifest, meanwhile })),
});

/** One transaction, which sees the database as it is at one moment. */
async function within<T>(
  store: StoreAddress,
  access: 'READ ONLY' | 'READ WRITE',
  action: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(store, PATIENCE);
  try {
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ ${access}`);
    const result = await action(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end().catch(() => {});
  }
}

interface StoredRow {
  readonly key: Buffer;
  readonly value: Buffer;
}

async function copyOut(client: Client, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { rows: partitions } = await client.query<BatchOwner & { readonly region: Region }>(
    'SELECT number, epoch::float8 AS epoch, name AS path, region FROM partitions ORDER BY number',
  );
  for (const region of new Set(partitions.map((each) => each.region))) {
    const file = regionFile(folder, region);
    const writer = new FileWriter(file, undefined);
    try {
      for (const owner of partitions.filter((each) => each.region === region))
        await copyPartition(client, owner, writer);
    } finally {
      writer.close();
    }
    finishCopy(file);
  }
  syncFolder(folder);
}

async function copyPartition(client: Client, owner: BatchOwner, writer: FileWriter): Promise<void> {
  const page = {
    name: 'page',
    text: 'SELECT key, value FROM rows WHERE partition = $1 AND key > $2 ORDER BY key LIMIT $3',
  };
  // Also one that has no rows is known.
  writer.apply(new BatchWriter().finish([owner]));
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const { rows } = await client.query<StoredRow>({ ...page, values: [owner.number, after, PORTION_ROWS] });
    const batch = new BatchWriter();
    for (const { key, value } of rows) batch.put(owner.number, key.toString('latin1') as Key, value);
    writer.apply(batch.finish([owner]));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PORTION_ROWS) return;
    after = last.key;
  }
}

interface Filling {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly meanwhile: () => Promise<void>;
}

async function copyIn(client: Client, store: StoreAddress, { folder, manifest, meanwhile }: Filling): Promise<void> {
  const { rows } = await client.query<{ held: boolean }>('SELECT EXISTS (SELECT FROM partitions) AS held');
  if (rows[0]?.held === true || (await readStoredManifest(client)) !== undefined) {
    throw new DataFolderError(`${describeAddress(store)} holds a cloud already: choose another schema`);
  }
  for (const region of regionsIn(folder)) await copyRegion(client, region, regionFile(folder, region));
  await writeStoredManifest(client, manifest);
  await meanwhile();
}

async function copyRegion(client: Client, region: Region, file: string): Promise<void> {
  const db = openForReading(file);
  try {
    const partitions = db.prepare('SELECT number, name, epoch FROM partitions ORDER BY number').all();
    const stored = db.prepare(
      'SELECT key, coalesce(large.value, rows.value) AS value FROM rows LEFT JOIN large ON large.id = rows.large WHERE partition = ? ORDER BY key',
    );
    for (const { number, name, epoch } of partitions) {
      const { rows } = await client.query<{ number: number }>(
        "INSERT INTO partitions VALUES (nextval('partition_numbers'), $1, $2, $3) RETURNING number",
        [region, name, epoch],
      );
      const insert = async ({ keys, values }: Portion): Promise<void> => {
        const text = 'INSERT INTO rows SELECT $1, * FROM unnest($2::bytea[], $3::bytea[])';
        await client.query({ name: 'insert', text, values: [rows[0]?.number, byteArrays(keys), byteArrays(values)] });
      };
      // The columns are those of the statement.
      for (const portion of portions(stored.iterate(number ?? 0) as Iterable<StoredRow>)) await insert(portion);
    }
  } finally {
    db.close();
  }
}

interface Portion {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}

function* portions(rows: Iterable<StoredRow>): Iterable<Portion> {
  let portion = { keys: [] as Uint8Array[], values: [] as Uint8Array[] };
  let bytes = 0;
  for (const { key, value } of rows) {
    portion.keys.push(key);
    portion.values.push(value);
    bytes += key.length + value.length;
    if (portion.keys.length < PORTION_ROWS && bytes < PORTION_BYTES) continue;
    yield portion;
    portion = { keys: [], values: [] };
    bytes = 0;
  }
  if (portion.keys.length > 0) yield portion;
}
