/**
 * The published vectors of AWS's protocols and signatures, which come with botocore's source distribution (Apache-2.0).
 * They are fetched once, by pip, into .cache, and never committed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BOTOCORE_VERSION } from '../generate-models/services.ts';

const CACHE = join(import.meta.dirname, '../../.cache');

/** The folder `tests/unit` of the pinned botocore: `protocols` and `auth` are in it. */
export function vectorsFolder(): string {
  const unpacked = join(CACHE, 'vectors', `botocore-${BOTOCORE_VERSION}`);
  const unit = join(unpacked, 'tests/unit');
  if (existsSync(join(unit, 'protocols')) && existsSync(join(unit, 'auth'))) return unit;
  fill(unpacked, (partial) => {
    const options = ['--quiet', '--no-deps', '--no-binary', ':all:', '--dest', partial];
    run('pip', ['download', ...options, `botocore==${BOTOCORE_VERSION}`], 'the protocol and signature vectors');
    const archive = readdirSync(partial).find((name) => name.endsWith('.tar.gz'));
    if (archive === undefined) throw new Error('pip downloaded no source archive of botocore');
    const name = `botocore-${BOTOCORE_VERSION}`;
    const wanted = [`${name}/tests/unit/protocols`, `${name}/tests/unit/auth`];
    run('tar', ['-xzf', join(partial, archive), '-C', partial, '--strip-components=1', ...wanted], 'the archive');
    rmSync(join(partial, archive));
  });
  return unit;
}

/** A folder for PYTHONPATH in which botocore can be imported: the client whose parsers judge our responses. */
export function botocoreForPython(): string {
  const installed = join(CACHE, `python-botocore-${BOTOCORE_VERSION}`);
  if (existsSync(installed)) return installed;
  fill(installed, (partial) => {
    const options = ['--quiet', '--no-compile', '--only-binary', ':all:', '--target', partial];
    run('pip', ['install', ...options, `botocore==${BOTOCORE_VERSION}`], 'botocore with what it needs');
  });
  return installed;
}

/** Whole or not at all, and by several test processes at once: the last to finish leaves its own, complete copy. */
function fill(folder: string, work: (partial: string) => void): void {
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    work(partial);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function run(command: string, parameters: readonly string[], what: string): void {
  process.stderr.write(`${command}: fetching ${what} …\n`);
  execFileSync(command, parameters, { stdio: ['ignore', 'inherit', 'inherit'] });
}

if (import.meta.main) {
  process.stdout.write(`${vectorsFolder()}\n${botocoreForPython()}\n`);
}
