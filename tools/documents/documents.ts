/**
 * Documents that are made from the code: docs/coverage.md wholly, the options in docs/operate.md between their marks.
 * `node tools/documents/documents.ts` writes them; with --check it fails where a file is not current.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coverageText } from './coverage.ts';
import { optionsTable } from './options.ts';
import { declaredServices } from './services.ts';

const ROOT = join(import.meta.dirname, '../..');
const MARKS = /(<!-- options: .*?-->\n).*?(<!-- end of options -->)/s;

const read = (path: string): string => (existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '');

const wanted: Readonly<Record<string, string>> = {
  'docs/coverage.md': coverageText(await declaredServices()),
  'docs/operate.md': read('docs/operate.md').replace(MARKS, (_, open, close) => `${open}${optionsTable()}\n${close}`),
};
const stale = Object.entries(wanted).filter(([path, text]) => read(path) !== text);
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.log(`${path} is not current: node tools/documents/documents.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of stale) writeFileSync(join(ROOT, path), text);
}
