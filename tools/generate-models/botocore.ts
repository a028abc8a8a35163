/**
 * botocore's data files, fetched once by pip (which knows from where) and kept in .cache. A wheel is unpacked, no code
 * of it runs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BOTOCORE_VERSION } from './services.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The folder `botocore/data` of the pinned version. */
export function botocoreData(): string {
  const unpacked = join(ROOT, '.cache', `botocore-${BOTOCORE_VERSION}`);
  if (!existsSync(unpacked)) {
    const partial = `${unpacked}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    const wanted = `botocore==${BOTOCORE_VERSION}`;
    const options = ['--quiet', '--no-deps', '--no-compile', '--only-binary', ':all:', '--target', partial];
    execFileSync('pip', ['install', ...options, wanted], { stdio: 'inherit' });
    renameSync(partial, unpacked);
  }
  return join(unpacked, 'botocore', 'data');
}

/** A data file of a service's newest API version; undefined if there is none of that name. */
export function readServiceFile(data: string, service: string, name: string): unknown {
  const newest = readdirSync(join(data, service)).sort().at(-1);
  if (newest === undefined) throw new Error(`botocore has no data for ${service}`);
  return readDataFile(join(data, service, newest, name));
}

export function readDataFile(path: string): unknown {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'));
  if (existsSync(`${path}.gz`)) return JSON.parse(gunzipSync(readFileSync(`${path}.gz`)).toString('utf8'));
  return undefined;
}
