/**
 * What AWS's models leave out or have wrong is mended by models/patches/<service>.json: a list of changes, each with its
 * reason and where that is written. A path is the way into the model, parts joined by slashes. A change that changes
 * nothing is an error: the fault is mended at its source, and the patch can go.
 */
import { isDeepStrictEqual } from 'node:util';

export interface Patch {
  readonly reason: string;
  readonly source: string;
  /** Path -> the value it gets. The parent must be there. */
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

export function applyPatches(model: unknown, patches: readonly Patch[]): void {
  for (const patch of patches) {
    if (!patch.reason || !patch.source) throw new Error('every patch says its reason and its source');
    for (const [path, value] of Object.entries(patch.set ?? {})) {
      const { parent, key } = find(model, path);
      if (isDeepStrictEqual(parent[key], value)) throw new Error(`patch ${path}: the model says so already`);
      parent[key] = value;
    }
    for (const path of patch.remove ?? []) {
      const { parent, key } = find(model, path);
      if (!(key in parent)) throw new Error(`patch ${path}: there is nothing to remove`);
      delete parent[key];
    }
  }
}

function find(model: unknown, path: string): { parent: Record<string, unknown>; key: string } {
  const parts = path.split('/');
  const key = parts.pop() as string; // split gives at least one part
  let parent = model as Record<string, unknown>;
  for (const part of parts) {
    const next = parent[part];
    if (typeof next !== 'object' || next === null) throw new Error(`patch ${path}: no "${part}"`);
    parent = next as Record<string, unknown>;
  }
  return { parent, key };
}
