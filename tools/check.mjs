/** `npm run check`: types, lint and format, layout rules, generated documents, unused code. All are run, then the verdict. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../bin/runtime.mjs';
import { run, say, setUpNode, timed } from './set-up.mjs';

const bin = (...path) => join(root, 'node_modules', ...path);

const CHECKS = [
  ['types', [bin('typescript', 'bin', 'tsc'), '-p', '.']],
  ['types of the console', [bin('typescript', 'bin', 'tsc'), '-p', 'console']],
  ['lint and format', [bin('@biomejs', 'biome', 'bin', 'biome'), 'ci', '--colors=off', '.']],
  ['layout (tools/tidy)', ['tools/tidy/tidy.ts']],
  ['generated documents', ['tools/documents/documents.ts', '--check']],
  ['unused code', [bin('knip', 'bin', 'knip.js'), '--no-progress']],
];

export async function check({ node, env }) {
  const failed = [];
  for (const [name, args] of CHECKS) {
    if (!(await timed(name, () => run(node, args, env)))) failed.push(name);
  }
  if (failed.length > 0) say(`check failed: ${failed.join(', ')}`);
  return failed.length === 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = (await check(await setUpNode())) ? 0 : 1;
}
