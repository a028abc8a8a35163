/** The program itself: its version and where it lies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const programRoot = join(import.meta.dirname, '../..');

export const programVersion = (): string =>
  // Our own package.json.
  (JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as { version: string }).version;
