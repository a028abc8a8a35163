/** AWS's clients of other languages: from the environment that `npm test` prepares, else whatever the PATH has. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PREPARED = fileURLToPath(new URL('../../.cache/python/bin', import.meta.url));

export const findExecutable = (name: string): string | undefined => findExecutables(name)[0];

/** All that are there, the one that is found first in front. */
export function findExecutables(name: string): readonly string[] {
  const folders = new Set([PREPARED, ...(process.env['PATH'] ?? '').split(delimiter)]);
  return [...folders].map((folder) => join(folder, name)).filter((path) => existsSync(path));
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it with this environment alone, so that no setting of the developer's own takes part. */
export function run(file: string, args: readonly string[], env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 };
    execFile(file, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

export const NOT_FOUND = 'is neither in .cache/python nor on the PATH: npm test puts it there';
