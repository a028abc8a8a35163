/**
 * Lets Node run TypeScript inside node_modules, in this thread and in workers (they inherit --import). What was stripped is kept
 * beside Node's compile cache, by the hash of the source: stripping costs 300 ms and 20 MB at each start otherwise.
 */
import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = process.env.NODE_COMPILE_CACHE && join(process.env.NODE_COMPILE_CACHE, 'stripped');

process.removeAllListeners('warning');
registerHooks({
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
    const source = readFileSync(fileURLToPath(url), 'utf8');
    return { format: 'module', source: cache ? kept(source) : stripTypeScriptTypes(source), shortCircuit: true };
  },
});

function kept(source) {
  const file = join(cache, `${hash('sha256', source)}.js`);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const stripped = stripTypeScriptTypes(source);
    keep(file, stripped);
    return stripped;
  }
}

function keep(file, text) {
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, text);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A cache that can't be written, after root was given up for one, is no reason to fail.
  }
}
