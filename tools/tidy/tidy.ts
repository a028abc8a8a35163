/** The layout rules of ARCHITECTURE.md, held against a tree of source files: `node tools/tidy/tidy.ts`. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { effectViolations, staleEffects } from './effects.ts';
import { layerViolations } from './layers.ts';
import { operationViolations } from './operations.ts';
import { readSource, type SourceFile, type Violation } from './source.ts';
import { cycles, structureViolations } from './structure.ts';

const FILES = ['{src,test,bench,tools,bin}/**/*.{ts,mts,js,mjs}'];
const GENERATED = 'src/platform/model/generated/';

export function readTree(root: string): { files: SourceFile[]; dependencies: ReadonlySet<string> } {
  // Our own package.json, or a test's.
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports?: Record<string, string>;
    dependencies?: Record<string, string>;
  };
  const paths = globSync(FILES, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith(GENERATED));
  const files = paths.sort().map((path) => readSource(root, path, manifest.imports ?? {}));
  return { files, dependencies: new Set(Object.keys(manifest.dependencies ?? {})) };
}

/** Rules 1 to 5, for one tree. */
export function violationsIn(files: readonly SourceFile[], dependencies: ReadonlySet<string> = new Set()): Violation[] {
  return [
    ...files.flatMap((file) => [
      ...layerViolations(file, dependencies),
      ...effectViolations(file),
      ...structureViolations(file),
    ]),
    ...cycles(files),
  ];
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..');
  const { files, dependencies } = readTree(root);
  const found = [...violationsIn(files, dependencies), ...staleEffects(files), ...(await operationViolations(root))];
  for (const { path, line, rule, message } of found) console.log(`${path}:${line}: rule ${rule}: ${message}`);
  console.log(`tidy: ${files.length} files, ${found.length} violations`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
