/**
 * A cloud whose rows are in a database: its manifest is there, and the data folder keeps what is this machine's (run state, log,
 * certificates, machines). One process at a time has both: the folder by its lock, the database by an advisory one. Were that lost, as
 * when the database is restarted, the epochs of partitions still keep two processes from writing over each other.
 */
import type { Client } from 'pg';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import {
  checkFormat,
  type DataFolder,
  DataFolderError,
  type DataFolderOptions,
  lockFolder,
  type Manifest,
  makeFolder,
  readManifest,
  STORE_FORMAT,
} from '#platform/store/data-folder.ts';
import { connect, type Patience } from '#platform/store/postgres/connect.ts';
import { ensureLayout } from '#platform/store/postgres/schema.ts';
import { describeAddress, type StoreAddress } from '#platform/store/store-address.ts';

/** The session of a process that was killed ends when the server sees its connection closed. */
const LOCK_LIMIT = seconds(5);
const LOCK_PAUSE: Milliseconds = 100;

export interface DatabaseOptions extends DataFolderOptions {
  readonly store: StoreAddress;
  /** With other processes that share it too; who doesn't is kept out, and keeps out. */
  readonly isShared: boolean;
}

export async function openDatabase(options: DatabaseOptions): Promise<DataFolder> {
  const { path } = options;
  makeFolder(path);
  const lock = lockFolder(path);
  try {
    if (readManifest(path)) {
      throw new DataFolderError(
        `${path} holds a cloud of its own: choose another folder with --data, or move that cloud by backup and restore`,
      );
    }
    return await openManifest(options, () => lock.close());
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function openManifest(options: DatabaseOptions, unlock: () => void): Promise<DataFolder> {
  const { path, version, newestFormat = STORE_FORMAT, store, isShared } = options;
  const place = describeAddress(store);
  const client = await openClient(store);
  try {
    await lockDatabase(client, store, isShared);
    const stored = await readStoredManifest(client);
    if (stored) checkFormat(place, stored, { version, newestFormat });
    let manifest = stored ?? { cloudId: uuid(), format: newestFormat, version };
    if (!stored) await writeStoredManifest(client, manifest);
    const { rows } = await client.query<{ held: boolean }>('SELECT EXISTS (SELECT FROM partitions) AS held');
    return {
      path,
      cloudId: manifest.cloudId,
      isNew: stored === undefined,
      holdsRows: rows[0]?.held === true,
      get format() {
        return manifest.format;
      },
      async advance(format) {
        manifest = { ...manifest, format, version };
        await writeStoredManifest(client, manifest);
      },
      close() {
        void client.end().catch(() => {});
        unlock();
      },
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** For commands and at a start: what does not work is said to the user. */
export async function openClient(store: StoreAddress, patience?: Patience): Promise<Client> {
  try {
    const client = await connect(store, patience);
    await ensureLayout(client, store.schema);
    return client;
  } catch (error) {
    if (error instanceof DataFolderError) throw error;
    throw new DataFolderError(`${describeAddress(store)}: ${(error as Error).message || 'no connection'}`);
  }
}

async function lockDatabase(client: Client, store: StoreAddress, isShared: boolean): Promise<void> {
  const until = systemClock.monotonic() + LOCK_LIMIT;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock${isShared ? '_shared' : ''}(hashtextextended($1, 0)) AS locked`,
      [`makonis cloud in ${store.schema}`],
    );
    if (rows[0]?.locked === true) return;
    if (systemClock.monotonic() > until) {
      throw new DataFolderError(
        `${describeAddress(store)} is in use by another Makonis: stop it, or choose another schema${isShared ? '; or start it with --node too' : ''}`,
      );
    }
    await new Promise<void>((resolve) => void systemClock.after(LOCK_PAUSE, resolve));
  }
}

export async function readStoredManifest(client: Client): Promise<Manifest | undefined> {
  const { rows } = await client.query<Manifest>(
    'SELECT cloud_id AS "cloudId", format, version FROM manifest WHERE cloud_id IS NOT NULL',
  );
  return rows[0];
}

export async function writeStoredManifest(client: Client, { cloudId, format, version }: Manifest): Promise<void> {
  await client.query('UPDATE manifest SET cloud_id = $1, format = $2, version = $3', [cloudId, format, version]);
}
