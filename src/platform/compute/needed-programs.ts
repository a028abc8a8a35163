/** The programs of the host that machines and their networks are made with, and the Debian packages that have them. */
import { spawnSync } from 'node:child_process';

export interface NeededProgram {
  readonly program: string;
  readonly package: string;
  readonly for: string;
  /** Only networks need it, which take root. */
  readonly takesRoot?: true;
}

export const NEEDED_PROGRAMS: readonly NeededProgram[] = [
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', for: 'virtual machines' },
  { program: 'qemu-img', package: 'qemu-utils', for: 'volumes and snapshots' },
  { program: 'setpriv', package: 'util-linux', for: 'virtual machines without rights' },
  { program: 'ip', package: 'iproute2', for: 'networks of virtual machines', takesRoot: true },
  { program: 'nft', package: 'nftables', for: 'security groups', takesRoot: true },
];

/** What images are built with: an image whose programs are missing is not built, and machines of others run. */
export const IMAGE_PROGRAMS: readonly NeededProgram[] = [
  { program: 'mkfs.ext4', package: 'e2fsprogs', for: 'images of machines' },
  { program: 'debugfs', package: 'e2fsprogs', for: 'images of machines' },
  { program: 'debootstrap', package: 'debootstrap', for: 'the image of Debian', takesRoot: true },
];

/** Of these, what is not on the PATH. */
export function missingPrograms(programs: readonly NeededProgram[]): NeededProgram[] {
  const script = 'for name in "$@"; do command -v "$name" > /dev/null || echo "$name"; done';
  const names = programs.map(({ program }) => program);
  const { stdout } = spawnSync('sh', ['-c', script, 'sh', ...names], { encoding: 'utf8' });
  const missing = new Set(stdout.split('\n'));
  return programs.filter(({ program }) => missing.has(program));
}

export const packagesOf = (programs: readonly NeededProgram[]): string[] => [
  ...new Set(programs.map((each) => each.package)),
];

export const installCommand = (missing: readonly NeededProgram[]): string =>
  `apt-get install ${packagesOf(missing).join(' ')}`;
