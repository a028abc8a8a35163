/**
 * Says which documented errors no SDK test has met. `SEEN_ANSWERS=seen.txt node --test test/sdk/kms-*.test.ts`, then
 * `node tools/met-errors/main.ts seen.txt [service…]`; `npm test` does it for the services of not-met.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { declaredServices } from '../documents/services.ts';
import { gapsOf, sourceOf } from './met-errors.ts';
import { NOT_MET } from './not-met.ts';

const root = join(import.meta.dirname, '../..');
const [file = '', ...named] = process.argv.slice(2);
const seen = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
const names = named.length > 0 ? named : Object.keys(NOT_MET);
let count = 0;
for (const service of (await declaredServices()).filter(({ entry }) => names.includes(entry.name))) {
  const { name } = service.entry;
  const { missing, needless, pairs } = gapsOf(service, sourceOf(root, name), seen, NOT_MET[name] ?? []);
  for (const pair of missing) console.log(`${name} ${pair}: met by no test in test/sdk`);
  for (const pair of needless) console.log(`${name} ${pair}: stands in not-met.ts, but is met or can't be`);
  console.log(`met-errors: ${name}: ${pairs - missing.length} of ${pairs} answers met or excused`);
  count += missing.length + needless.length;
}
process.exitCode = count === 0 ? 0 : 1;
