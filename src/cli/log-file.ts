/** The log file: lines appended in one write a turn, rotated by size, never a reason to fail. */
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MAX_BYTES = 64 * 1024 * 1024;
const KEPT_FILES = 3;

export function openLogFile(folder: string): { readonly path: string; write(lines: Uint8Array): void } {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'makonis.log');
  let file = openSync(path, 'a', 0o600);
  let size = statSync(path).size;
  return {
    path,
    write(lines) {
      try {
        size += writeSync(file, lines);
        if (size < MAX_BYTES) return;
        for (let index = KEPT_FILES - 1; index > 0; index--) rotate(`${path}.${index}`, `${path}.${index + 1}`);
        rotate(path, `${path}.1`);
        closeSync(file);
        file = openSync(path, 'a', 0o600);
        size = 0;
      } catch {
        // A full disk must not stop the service for its log; what matters is refused by the store.
      }
    },
  };
}

function rotate(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // There are fewer files than may be kept.
  }
}
