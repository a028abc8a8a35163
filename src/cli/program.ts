/** The program itself: its version and where it lies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const programRoot = join(import.meta.dirname, '../..');

// Our own package.json; read now, since a process that gives up root may not do so later.
const { version } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as { version: string };

export const programVersion = (): string => version;
