/**
 * The master key file: the root of all sealing. It lies outside of the data folder and its backups, is readable by its
 * owner alone, and is read once at start. Keys carry small numbers; the highest seals, all of them open, so a rotation
 * adds a key and nothing has to be sealed anew at once.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { randomBytes } from '#platform/base/ids.ts';

export interface MasterKeys {
  /** The id of the key that seals. */
  readonly current: number;
  readonly keys: ReadonlyMap<number, Buffer>;
}

/** The program must not start: the file is missing, damaged, open to others, or does not belong to this data. */
export class MasterKeyError extends Error {
  override name = 'MasterKeyError';
}

const KEY_BYTES = 32;
/** A sealed value names its key in one byte. */
const LAST_KEY_ID = 255;

export function readMasterKeys(path: string): MasterKeys {
  let content: string;
  try {
    // Group access is left to operators (container secrets arrive that way); others have no business here.
    if ((statSync(path).mode & 0o007) !== 0) throw new MasterKeyError(`${path} can be read by others: chmod 600 it`);
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MasterKeyError) throw error;
    throw new MasterKeyError(`the master key ${path} can't be read: ${(error as Error).message}`);
  }
  const keys = parseKeys(content);
  if (!keys) throw new MasterKeyError(`${path} is not a master key file, or it is damaged`);
  return { keys, current: Math.max(...keys.keys()) };
}

/** For a new data folder only. An existing file is never overwritten: it may be the key of other data. */
export function createMasterKeys(path: string): MasterKeys {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeSynced(path, new Map([[1, randomBytes(KEY_BYTES)]]));
  return readMasterKeys(path);
}

/** Adds a key, which seals from the next start on. */
export function rotateMasterKeys(path: string): MasterKeys {
  const { keys, current } = readMasterKeys(path);
  if (current >= LAST_KEY_ID) throw new MasterKeyError(`${path} has all ${LAST_KEY_ID} keys that it can hold`);
  const temporary = `${path}.new`;
  writeSynced(temporary, new Map([...keys, [current + 1, randomBytes(KEY_BYTES)]]));
  renameSync(temporary, path);
  syncFolder(dirname(path));
  return readMasterKeys(path);
}

function parseKeys(content: string): Map<number, Buffer> | undefined {
  let file: { format?: unknown; keys?: unknown };
  try {
    file = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (file?.format !== 1 || typeof file.keys !== 'object' || file.keys === null) return undefined;
  const keys = new Map<number, Buffer>();
  for (const [id, encoded] of Object.entries(file.keys)) {
    const key = typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : Buffer.alloc(0);
    if (!/^[1-9]\d{0,2}$/.test(id) || Number(id) > LAST_KEY_ID || key.length !== KEY_BYTES) return undefined;
    keys.set(Number(id), key);
  }
  return keys.size > 0 ? keys : undefined;
}

function writeSynced(path: string, keys: ReadonlyMap<number, Buffer>): void {
  const encoded = Object.fromEntries([...keys].map(([id, key]) => [id, key.toString('base64')]));
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    throw new MasterKeyError(`the master key ${path} can't be made: ${(error as Error).message}`);
  }
  try {
    writeSync(file, `${JSON.stringify({ format: 1, keys: encoded }, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
