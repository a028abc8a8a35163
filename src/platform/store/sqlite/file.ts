/**
 * One SQLite file per region. Rows are clustered by partition and key (WITHOUT ROWID); a value above `LARGE_BYTES` stands
 * in a table of its own and the row refers to it, so that walking keys doesn't drag bodies along. Triggers remove it with
 * its row. WAL with synchronous=FULL: a commit returns after its frames are synced and only then do readers see it.
 */
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '#platform/store/store.ts';

/**
 * A clustered row keeps about 1,000 bytes in its page and moves the rest to a page of its own: 1,100 bytes inline cost 33 us and
 * 6.2 KB of WAL a row, apart 20 us and 2.7 KB; at 800 both cost the same and reading is cheaper inline.
 */
export const LARGE_BYTES = 900;
const SCHEMA_VERSION = 1;
/** How long a statement waits for the other connection's lock: a checkpoint that ends, a recovery. */
const LOCK_WAIT_MS = 2_000;

const SCHEMA = `
BEGIN IMMEDIATE;
CREATE TABLE partitions (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE large (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE rows (
  partition INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, large INTEGER, PRIMARY KEY (partition, key)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER large_replaced AFTER UPDATE ON rows WHEN old.large IS NOT NULL BEGIN
  DELETE FROM large WHERE id = old.large;
END;
CREATE TRIGGER large_deleted AFTER DELETE ON rows WHEN old.large IS NOT NULL BEGIN
  DELETE FROM large WHERE id = old.large;
END;
PRAGMA user_version = ${SCHEMA_VERSION};
COMMIT;
`;

export function openForReading(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: LOCK_WAIT_MS, allowExtension: false });
  db.exec('PRAGMA cache_size = -8000');
  return db;
}

/** Opens for the one writer, and makes the file when it isn't there. */
export function openForWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS, allowExtension: false });
  try {
    // Checkpoints are made between batches (apply.ts), not inside a commit that somebody waits for.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');
    // On macOS a plain sync leaves the data in the drive's own cache; elsewhere these change nothing.
    db.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
    db.exec('PRAGMA cache_size = -16000');
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version === 0) db.exec(SCHEMA);
    else if (version > SCHEMA_VERSION) throw new Error(`${path} was written by a newer version of this program`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export const unavailable = (error: unknown): StoreUnavailable =>
  new StoreUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
