/**
 * The data folder of a cloud: `manifest.json` says which cloud it is and in what format its store is written; `lock` is held by
 * the one process that may use it. The lock is an exclusive transaction on an empty SQLite file, so the operating system
 * takes it back when the process dies, however it dies. Nobody else in this process may open that file.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { uuid } from '#platform/base/ids.ts';

/** Goes up by one with each step in migrate.ts. */
export const STORE_FORMAT = 1;

export interface Manifest {
  readonly cloudId: string;
  /** The store's format: what this program can't read, it refuses. */
  readonly format: number;
  /** The program that wrote the format. */
  readonly version: string;
}

export interface DataFolder {
  readonly path: string;
  readonly cloudId: string;
  readonly isNew: boolean;
  /** Something was committed. */
  readonly holdsRows: boolean;
  /** What the store's rows are written in now. */
  readonly format: number;
  /** Records that the store is in a newer format now. */
  advance(format: number): void | Promise<void>;
  /** Lets another process have it. */
  close(): void;
}

/** What a user can mend. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
}

export interface DataFolderOptions {
  readonly path: string;
  readonly version: string;
  readonly newestFormat?: number;
}

const manifestFile = (path: string): string => join(path, 'manifest.json');
export const regionsFolder = (path: string): string => join(path, 'regions');

/** Makes the folder, or opens one that was made before; a DataFolderError says why it can't. */
export function openDataFolder({ path, version, newestFormat = STORE_FORMAT }: DataFolderOptions): DataFolder {
  makeFolder(path);
  const lock = lockFolder(path);
  try {
    const stored = readManifest(path);
    if (!stored && existsSync(regionsFolder(path))) {
      throw new DataFolderError(`${path} holds a store but no manifest.json: bring it back from a backup`);
    }
    if (stored) checkFormat(path, stored, { version, newestFormat });
    let manifest = stored ?? { cloudId: uuid(), format: newestFormat, version };
    if (!stored) writeManifest(path, manifest);
    return {
      path,
      cloudId: manifest.cloudId,
      isNew: stored === undefined,
      holdsRows: existsSync(regionsFolder(path)),
      get format() {
        return manifest.format;
      },
      advance(format) {
        manifest = { ...manifest, format, version };
        writeManifest(path, manifest);
      },
      close: () => lock.close(),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** `place` is of a format that this program knows. */
export function checkFormat(
  place: string,
  stored: Manifest,
  { version, newestFormat }: { readonly version: string; readonly newestFormat: number },
): void {
  if (stored.format <= newestFormat) return;
  throw new DataFolderError(
    `${place} was written by version ${stored.version} in store format ${stored.format}; this is version ${version}, ` +
      `which knows formats up to ${newestFormat}: use the newer version`,
  );
}

/** Until it is closed. */
export function lockFolder(path: string): DatabaseSync {
  const holder = join(path, 'lock.pid');
  const lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!(error instanceof Error) || !error.message.includes('locked')) throw error;
    const pid = existsSync(holder) ? ` (process ${readFileSync(holder, 'utf8').trim()})` : '';
    throw new DataFolderError(
      `${path} is in use by another Makonis${pid}: stop it, or choose another folder with --data`,
    );
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
  return lock;
}

export function readManifest(path: string): Manifest | undefined {
  const file = manifestFile(path);
  if (!existsSync(file)) return undefined;
  try {
    const { cloudId, format, version } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Manifest>;
    if (typeof cloudId === 'string' && typeof format === 'number' && typeof version === 'string') {
      return { cloudId, format, version };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new DataFolderError(`${file} can't be read as the manifest of a data folder: bring it back from a backup`);
}

export function writeManifest(path: string, manifest: Manifest): void {
  const draft = `${manifestFile(path)}.new`;
  writeFileSync(draft, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, manifestFile(path));
  syncFolder(path);
}

/** For its owner alone, and on disk. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** A new name is on disk when its folder is. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
