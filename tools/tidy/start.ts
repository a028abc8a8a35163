/** What a start loads: the files that the given ones import before anything is asked for, themselves among them. */
import type { SourceFile } from './source.ts';

export function loadedBy(files: readonly SourceFile[], roots: readonly string[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const loaded = new Set<string>();
  const load = (path: string): void => {
    const file = known.get(path);
    if (file === undefined || loaded.has(path)) return;
    loaded.add(path);
    for (const { target, isType, isLazy } of file.imports) if (!isType && !isLazy && target !== undefined) load(target);
  };
  for (const root of roots) load(root);
  return [...loaded];
}
