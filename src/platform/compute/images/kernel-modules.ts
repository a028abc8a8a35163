/** Modules of a kernel, and what they need of each other: each says so itself, in its section `.modinfo`. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface KernelModules {
  /** Files of these and of all that they need, each after what it needs. What the kernel has built in is left out. */
  inOrder(names: readonly string[]): string[];
}

/** In a file's name a hyphen is what an underscore is elsewhere. */
const nameOf = (text: string): string => basename(text, '.ko').replaceAll('-', '_');

export async function readModules(folder: string): Promise<KernelModules> {
  const files = await readdir(folder, { recursive: true });
  const byName = new Map(
    files.filter((file) => file.endsWith('.ko')).map((file) => [nameOf(file), join(folder, file)]),
  );
  return {
    inOrder(names) {
      const found = new Set<string>();
      const add = (name: string): void => {
        const file = byName.get(nameOf(name));
        if (file === undefined || found.has(file)) return;
        needsOf(readFileSync(file)).forEach(add);
        found.add(file);
      };
      names.forEach(add);
      return [...found];
    },
  };
}

function needsOf(module: Buffer): string[] {
  const at = module.indexOf('\0depends=');
  if (at < 0) return [];
  const start = at + '\0depends='.length;
  return module
    .toString('latin1', start, module.indexOf(0, start))
    .split(',')
    .filter((name) => name !== '');
}
