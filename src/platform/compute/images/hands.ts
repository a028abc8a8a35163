/**
 * Builds that need root, where the server has given it up: hostd does them. What is built of is Debian's, signed; its packages' scripts run as root
 * in the new system. So a build is a child in namespaces of its own (processes, mounts): when it ends, or hostd does, all that it started is
 * gone, and so are its mounts. Nothing but an image's name and id is said to it; the server gets files to read, in a folder of root's.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newInTurn } from '#platform/base/in-turn.ts';

/** By the names of their recipes. */
export const BUILT_BY_ROOT = ['debian-12'] as const;
export type BuiltByRoot = (typeof BUILT_BY_ROOT)[number];

export interface ImageHands {
  /** When it resolves the files are in the folder of the image's id, below that of builds. */
  build(image: BuiltByRoot, id: string, onProgress: (percent: number) => void): Promise<void>;
  /** They have served. */
  remove(id: string): Promise<void>;
}

export interface ImageHandsOptions {
  /** Root's own; nobody else changes it. */
  readonly folder: string;
  /** Who may read what is built. */
  readonly server: { readonly uid: number; readonly gid: number };
}

/** What a recipe leaves; all else has served. */
const RESULTS: readonly string[] = ['disk.raw', 'kernel', 'initrd'];
const LONGEST_COMPLAINT = 2000;

export function imageHands({ folder, server }: ImageHandsOptions): ImageHands {
  const inTurn = newInTurn();
  const placeOf = (id: string): string => join(folder, id);
  return {
    build: (image, id, onProgress) =>
      // One at a time: each takes a processor and the disk.
      inTurn('', async () => {
        const place = placeOf(id);
        rmSync(place, { recursive: true, force: true });
        mkdirSync(place, { mode: 0o700 });
        try {
          await buildIn(place, image, onProgress);
          for (const name of readdirSync(place)) {
            if (RESULTS.includes(name)) chownSync(join(place, name), server.uid, server.gid);
            else rmSync(join(place, name), { recursive: true });
          }
          chmodSync(place, 0o755);
        } catch (error) {
          rmSync(place, { recursive: true, force: true });
          throw error;
        }
      }),
    remove: async (id) => rmSync(placeOf(id), { recursive: true, force: true }),
  };
}

const ALONE = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];

function buildIn(folder: string, image: BuiltByRoot, onProgress: (percent: number) => void): Promise<void> {
  const program = [process.execPath, join(import.meta.dirname, 'build-child.ts'), image];
  const child = spawn('unshare', [...ALONE, '--', ...program], {
    // By a path it would be another folder there, if it is said by a descriptor of hostd's.
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', NODE_NO_WARNINGS: '1' },
  });
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-LONGEST_COMPLAINT);
    });
    // Our own child's words.
    child.on('message', (percent) => onProgress(Number(percent)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${image} was not built: ${complaint.trim() || `exit ${code}`}`));
    });
  });
}
