/**
 * A data folder as an older program left it: its files and what a test must know to use it, in one small compressed file of
 * test/data. tools/old-data/make.ts writes one, formats.test.ts opens each of them.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type RunningCloud, startCloud } from '#main';
import { type Clock, SimulatedClock } from '#platform/base/clock.ts';
import { createMasterKeys, readMasterKeys } from '#platform/secrets/master-key.ts';
import { openDataFolder } from '#platform/store/data-folder.ts';
import { migrate } from '#platform/store/migrate.ts';
import { PLAIN } from '#test/plain-cloud.ts';
import type { Credentials } from '#test/sdk/cloud.ts';

export interface Known {
  /** When it was stopped. */
  readonly at: number;
  readonly account: string;
  readonly administrator: Credentials;
  readonly ann: Credentials;
  /** A receipt handle of the message in flight. */
  readonly receipt: string;
}

/** A line of JSON, then the files one after the other. */
interface Head {
  readonly known: Known;
  readonly files: readonly (readonly [path: string, bytes: number])[];
}

export interface OpenFolder {
  readonly running: RunningCloud;
  readonly clock: Clock;
  stop(): Promise<void>;
}

export const KEPT_FOLDER = import.meta.dirname;

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'makonis-kept-'));

/** Starts a cloud on `<folder>/data` with the key beside it, both made if they are missing, as `makonis up` does. */
export async function openFolder(folder: string, offset = 0): Promise<OpenFolder> {
  const keyFile = join(folder, 'master-key.json');
  const masterKeys = statSync(keyFile, { throwIfNoEntry: false }) ? readMasterKeys(keyFile) : createMasterKeys(keyFile);
  const data = openDataFolder({ path: join(folder, 'data'), version: 'test' });
  const clock = new SimulatedClock();
  clock.advance(offset);
  const running = await startCloud({
    ...PLAIN,
    data: data.path,
    masterKeys,
    clock,
    migrate: (store) => migrate(data, store),
  });
  return {
    running,
    clock,
    async stop() {
      await running.stop(0);
      data.close();
    },
  };
}

export function pack(folder: string, known: Known): Buffer {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = names.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  const files = paths
    .filter((path) => !path.startsWith('data/lock'))
    .map((path) => ({ path, content: readFileSync(join(folder, path)) }));
  const head: Head = { known, files: files.map(({ path, content }) => [path, content.length]) };
  const parts = [Buffer.from(`${JSON.stringify(head)}\n`), ...files.map(({ content }) => content)];
  return gzipSync(Buffer.concat(parts), { level: 9 });
}

export function unpack(file: string, folder: string): Known {
  const content = gunzipSync(readFileSync(file));
  let at = content.indexOf('\n') + 1;
  // Written by `pack`.
  const { known, files } = JSON.parse(content.toString('utf8', 0, at)) as Head;
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content.subarray(at, at + bytes), { mode: 0o600 });
    at += bytes;
  }
  return known;
}

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });
