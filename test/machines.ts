/** Why no test can boot a machine here; false if one can. */
import { missingPrograms, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';

/** What the image of Makonis micro is built with, too. */
const BUSYBOX = { program: 'busybox', package: 'busybox-static', for: 'images' } as const;
const missing = missingPrograms([...NEEDED_PROGRAMS, BUSYBOX]).map(({ program }) => program);

/** Whoever runs the test. */
export const noImage = missing.length > 0 && `no ${missing.join(', ')} here`;

export const noMachines = process.getuid?.() !== 0 ? 'needs root' : noImage;
