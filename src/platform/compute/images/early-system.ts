/** What a kernel starts from here: busybox and the drivers of virtual disks and links, then the system on /dev/vda. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type InitramfsEntry, initramfs } from '#platform/compute/images/initramfs.ts';
import type { KernelModules } from '#platform/compute/images/kernel-modules.ts';

const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net'];
/** Read with the code, like all that images are built of: see micro.ts. */
const INIT = readFileSync(join(import.meta.dirname, 'init'));

export function earlySystem(modules: KernelModules, busybox: string): Buffer {
  const folders = ['bin', 'dev', 'proc', 'root', 'modules'].map((path): InitramfsEntry => ({ path }));
  return initramfs([
    ...folders,
    { path: 'init', file: INIT, isExecutable: true },
    { path: 'bin/busybox', file: busybox, isExecutable: true },
    // Their names are in the order in which they are to be loaded.
    ...modules.inOrder(MODULES).map((file, i) => ({ path: `modules/${10 + i}-${basename(file)}`, file })),
  ]);
}
