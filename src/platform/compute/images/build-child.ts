/** Builds an image in the folder that it is started in, as the first process of a namespace: all others end with it. */
import { debian } from '#platform/compute/images/debian/debian.ts';

// Without its parent nobody wants what it builds.
process.on('disconnect', () => process.exit(1));
// A system's folders are everybody's to read.
process.umask(0o022);
const recipe = [debian].find(({ image }) => image.name === process.argv[2]);
if (recipe === undefined) throw new Error('there is no such image');
await recipe.build({
  id: '',
  folder: process.cwd(),
  onProgress: (percent) => process.send?.(percent),
  signal: new AbortController().signal,
});
process.disconnect?.();
process.exit(0);
