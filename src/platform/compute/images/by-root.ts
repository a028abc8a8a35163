/** A recipe whose work another process does, which holds root: its files are linked to where the server's own would be. */
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from '#platform/compute/images/builder.ts';
import type { BuiltByRoot, ImageHands } from '#platform/compute/images/hands.ts';

/** `folder` is where the hands build. */
export const builtByRoot = ({ needsRoot: _, ...recipe }: Recipe, hands: ImageHands, folder: string): Recipe => ({
  ...recipe,
  async build({ id, folder: place, onProgress, signal }) {
    // Its hands end with the server: who stops need not wait.
    const stopped = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new Error('the build was stopped')), { once: true }),
    );
    // The hands know it by its recipe's name, and refuse others.
    await Promise.race([stopped, hands.build(recipe.image.name as BuiltByRoot, id, onProgress)]);
    for (const name of ['kernel', 'initrd']) await copyFile(join(folder, id, name), join(place, name));
    // As long as a disk: it is read where it is.
    await symlink(join(folder, id, 'disk.raw'), join(place, 'disk.raw'));
  },
  done: (id) => hands.remove(id),
});
