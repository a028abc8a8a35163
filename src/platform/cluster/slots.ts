/** Accounts are hashed to slots, and a process holds slots: docs/decisions/0002-several-processes.md says why. */
import type { PartitionName } from '#platform/store/store.ts';

export const SLOTS = 256;

/** FNV-1a: short keys, spread evenly, the same in every process for ever. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // Its low bits depend on few of the input's: mixed as MurmurHash3 ends.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Of an account, of `global`, the account of the directories, or of what else is to be one process's. */
export const slotOf = (key: PartitionName['account'] | `writer ${number}`): number => fnv1a(key) % SLOTS;

/** Who should hold a slot: the process with the highest hash for it. Who comes or goes moves its own share, and no other. */
export function rightfulHolder<Node extends { readonly id: string; readonly isDraining: boolean }>(
  slot: number,
  nodes: readonly Node[],
): Node | undefined {
  let best: Node | undefined;
  let highest = -1;
  for (const node of nodes) {
    if (node.isDraining) continue;
    const hash = fnv1a(`${node.id}/${slot}`);
    if (hash > highest || (hash === highest && best !== undefined && node.id > best.id)) [best, highest] = [node, hash];
  }
  return best;
}
