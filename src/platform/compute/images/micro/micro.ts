/**
 * Makonis Linux micro: Debian's cloud kernel, busybox and dropbear, of Debian's packages. It is small enough to be built in seconds and
 * to answer on SSH in seconds where processors are emulated. The kernel is started directly; the little that it starts from loads the
 * drivers of virtual disks and links, and goes on in the root disk, where all else is (guest/).
 *
 * Its user is ec2-user, without a password, who may do all by `sudo`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { Recipe, Workplace } from '#platform/compute/images/builder.ts';
import { earlySystem } from '#platform/compute/images/early-system.ts';
import { enterable } from '#platform/compute/images/kernel-entry.ts';
import { readModules } from '#platform/compute/images/kernel-modules.ts';
import { openApt, unpack } from '#platform/compute/images/packages.ts';
import { run } from '#platform/compute/images/programs.ts';
import { makeRootDisk } from '#platform/compute/images/root-disk.ts';

/** Where each file goes. They are read with the code: a server that has given up root may not get to them any more. */
const GUEST: ReadonlyMap<string, Buffer> = new Map([
  ...filesBelow('etc', join(import.meta.dirname, 'guest/etc')),
  ...filesBelow('usr/bin', join(import.meta.dirname, 'guest/bin')),
]);

function filesBelow(place: string, folder: string): [string, Buffer][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() ? [[join(place, relative(folder, path)), readFileSync(path)] as const] : [];
  });
}

const USER = 'ec2-user';
const USER_ID = 1000;
const AUTHORIZED_KEYS = `home/${USER}/.ssh/authorized_keys`;
const PACKAGES = ['busybox-static', 'dropbear-bin', 'e2fsprogs', 'ipsvd'];
/** What asks for names has to load libraries, which the static one can't. */
const WITH_LIBRARIES = 'busybox';
const NEEDS_NAMES = ['ftpget', 'ftpput', 'nslookup', 'ping', 'telnet', 'tftp', 'traceroute', 'wget'];

/** After the root disk is there: before SSH, and after. What they need comes with them. */
const MODULES = { '.': ['evdev', 'button'], late: ['virtio-rng', 'virtio_balloon'] } as const;

/** The files by which a kernel's own tracing is asked for are eleven thousand, which take 10 MiB: they are not made. */
const KERNEL_WORDS =
  'root=/dev/vda rw console=tty0 console=ttyS0,115200 quiet loglevel=4 net.ifnames=0 random.trust_cpu=on tsc=reliable no_timer_check cryptomgr.notests initcall_blacklist=tracer_init_tracefs';

export const micro: Recipe = {
  image: {
    name: 'makonis-micro',
    version: '1.5.0',
    user: USER,
    sizeGiB: 1,
    boot: {
      kind: 'kernel',
      commandLine: KERNEL_WORDS,
    },
    description: 'Makonis Linux micro: busybox and dropbear on Debian’s cloud kernel',
  },
  needs: ['apt-get', 'dpkg-deb', 'mkfs.ext4', 'debugfs'],
  build,
};

async function build({ folder, onProgress, signal }: Workplace): Promise<void> {
  const apt = await openApt(join(folder, 'apt'), signal);
  const [kernelFolder, root] = [join(folder, 'kernel-package'), join(folder, 'root')];
  const kernelPackage = await apt.alone(await apt.behind('linux-image-cloud-amd64'));
  onProgress(30);
  await unpack(kernelPackage, kernelFolder, signal);
  onProgress(45);
  await mkdir(root);
  for (const file of await apt.closure(PACKAGES)) await unpack(file, root, signal);
  const network = join(folder, 'network');
  await unpack(await apt.alone(WITH_LIBRARIES), network, signal);
  onProgress(60);
  await takeKernel(folder, kernelFolder, root);
  await arrange(root);
  await copyFile(join(network, 'bin/busybox'), join(root, 'usr/bin/busybox.net'));
  for (const name of NEEDS_NAMES) await symlink('busybox.net', join(root, 'usr/bin', name));
  onProgress(70);
  await makeRootDisk({
    folder: root,
    path: join(folder, 'disk.raw'),
    sizeGiB: micro.image.sizeGiB,
    becomes: {
      owners: { [`/home/${USER}`]: USER_ID },
      modes: {
        '/usr/lib/root/su': 0o4755,
        '/root': 0o700,
        [`/home/${USER}/.ssh`]: 0o700,
        [`/${AUTHORIZED_KEYS}`]: 0o600,
      },
    },
    signal,
  });
  onProgress(90);
}

/** The kernel, and what it starts from. */
async function takeKernel(folder: string, kernelFolder: string, root: string): Promise<void> {
  const [version = ''] = await readdir(join(kernelFolder, 'lib/modules'));
  const modules = await readModules(join(kernelFolder, 'lib/modules', version, 'kernel'));
  const packed = await readFile(join(kernelFolder, 'boot', `vmlinuz-${version}`));
  await writeFile(join(folder, 'kernel'), enterable(packed) ?? packed);
  await writeFile(join(folder, 'initrd'), earlySystem(modules, join(root, 'bin/busybox')));
  for (const [name, wanted] of Object.entries(MODULES)) {
    const place = join(root, 'lib/modules', name);
    await mkdir(place, { recursive: true });
    for (const [i, file] of modules.inOrder(wanted).entries()) {
      await copyFile(file, join(place, `${10 + i}-${basename(file)}`));
    }
  }
}

/** Packages as they were unpacked become a system. */
async function arrange(root: string): Promise<void> {
  for (const path of ['usr/share', 'usr/lib/x86_64-linux-gnu/gconv', 'lib/x86_64-linux-gnu/gconv', 'etc']) {
    await rm(join(root, path), { recursive: true, force: true });
  }
  // One folder each for programs and libraries, as Debian has it.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await cp(join(root, name), join(root, 'usr', name), { recursive: true, verbatimSymlinks: true, force: true }).catch(
      ifAbsent,
    );
    await rm(join(root, name), { recursive: true, force: true });
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  for (const path of [
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'root',
    'mnt',
    'var/lib',
    'var/log',
    'etc/dropbear',
    `home/${USER}/.ssh`,
  ]) {
    await mkdir(join(root, path), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  for (const [path, bytes] of GUEST) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, path), bytes);
  }
  for (const path of PROGRAMS) await chmod(join(root, path), 0o755);
  await linkApplets(join(root, 'usr/bin'));
  await symlink('/bin/busybox', join(root, 'usr/sbin/init'));
  await mkdir(join(root, 'usr/lib/root'));
  await copyFile(join(root, 'usr/bin/busybox'), join(root, 'usr/lib/root/su'));
  await symlink('/run/resolv.conf', join(root, 'etc/resolv.conf'));
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(root, path), text);
}

/** A name for each program that busybox is: making them when the guest first starts takes it a second. */
async function linkApplets(folder: string): Promise<void> {
  const taken = new Set([...(await readdir(folder)), ...NEEDS_NAMES]);
  const applets = (await run(join(folder, 'busybox'), ['--list'])).split('\n').filter((name) => name !== '');
  for (const name of applets) if (!taken.has(name)) await symlink('busybox', join(folder, name));
}

const PROGRAMS = [
  ...[
    'rc.boot',
    'rc.instance',
    'rc.late',
    'rc.ssh',
    'ssh-login',
    'pushed-keys',
    'rc.power',
    'rc.halt',
    'console-login',
    'new-link',
    'new-disk',
  ].map((name) => `etc/${name}`),
  'etc/udhcpc.script',
  'etc/acpi/PWRF/00000080',
  'usr/bin/imds',
  'usr/bin/sudo',
];

const FILES = {
  'etc/passwd': `root::0:0:root:/root:/bin/sh\n${USER}:-:${USER_ID}:${USER_ID}:${USER}:/home/${USER}:/bin/sh\n`,
  'etc/group': `root:x:0:\ntty:x:5:\ndisk:x:6:\n${USER}:x:${USER_ID}:\n`,
  'etc/shells': '/bin/sh\n',
  'etc/hostname': '',
  [AUTHORIZED_KEYS]: '',
  'etc/hosts': '127.0.0.1 localhost\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
  'etc/os-release': 'ID=makonis-micro\nNAME="Makonis Linux micro"\nPRETTY_NAME="Makonis Linux micro"\n',
  'etc/motd': '',
  'etc/profile': "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPS1='[\\u@\\h \\W]\\$ '\n",
} as const;

function ifAbsent(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
