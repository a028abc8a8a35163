/**
 * Nothing is removed while a backup copies. A backup, in a process of its own, holds a shared lock on the file `hold`; who wants
 * to remove something tries whether it can have the lock alone. The operating system takes a lock back when its process
 * dies, however it dies. A removal follows a commit that is on disk, and a backup takes the lock before it copies the rows: so
 * what is removed unhindered is named by no row of the copy.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const FILE = 'hold';
/** A removal has the lock for microseconds. */
const PATIENCE_MILLISECONDS = 10_000;

export interface Hold {
  release(): void;
}

/** For a backup of the blobs in `folder`; undefined if there are none. */
export function holdBlobs(folder: string): Hold | undefined {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  const lock = new DatabaseSync(path, { timeout: PATIENCE_MILLISECONDS, readOnly: true });
  lock.exec('BEGIN; SELECT count(*) FROM sqlite_master');
  return { release: () => lock.close() };
}

/** The remover's side. */
export class HoldWatch {
  readonly #lock: DatabaseSync;

  constructor(folder: string) {
    this.#lock = new DatabaseSync(join(folder, FILE), { timeout: 0 });
  }

  get isHeld(): boolean {
    try {
      this.#lock.exec('BEGIN EXCLUSIVE');
    } catch {
      // Held, or a disk that does not say: nothing is removed on a guess.
      return true;
    }
    this.#lock.exec('COMMIT');
    return false;
  }

  close(): void {
    if (this.#lock.isOpen) this.#lock.close();
  }
}
