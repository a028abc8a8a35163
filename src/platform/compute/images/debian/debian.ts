/**
 * Debian 12 as cloud-init brings it up: debootstrap's smallest system, with systemd, OpenSSH, and cloud-init with its data source Ec2,
 * unpatched. Its kernel is started directly, like that of makonis-micro. Programs of packages run as root in the new system while it is
 * made, so root has to build it. What is set beyond Debian's own is here, each line for its reason.
 */
import { copyFile, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe, Workplace } from '#platform/compute/images/builder.ts';
import { earlySystem } from '#platform/compute/images/early-system.ts';
import { readModules } from '#platform/compute/images/kernel-modules.ts';
import { openApt, unpack } from '#platform/compute/images/packages.ts';
import { run } from '#platform/compute/images/programs.ts';
import { makeRootDisk } from '#platform/compute/images/root-disk.ts';

const USER = 'admin';
const RELEASE = 'bookworm';
const PACKAGES = [
  ...['systemd-sysv', 'udev', 'dbus', 'openssh-server', 'sudo', 'kmod', 'e2fsprogs', 'cloud-init', 'cloud-guest-utils'],
  ...['iproute2', 'iputils-ping', 'netbase', 'ca-certificates', 'curl', 'isc-dhcp-client'],
];

/** Asks the metadata service which keys were pushed for a user, when somebody wants to log in; as a user that may do nothing else. */
const ACTIVE_KEYS = '/usr/local/lib/ec2-instance-connect/active-keys';
const ASKS_FOR_KEYS = 'ec2-instance-connect';

/** While it is made no daemon starts; nothing that an instance never needs is unpacked. */
const WHILE_BUILDING = {
  'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 101\n',
  'etc/dpkg/dpkg.cfg.d/90-small':
    'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/info/*\npath-exclude /usr/share/locale/*\n',
  'etc/apt/apt.conf.d/90-small': 'APT::Install-Recommends "0";\nAcquire::Languages "none";\n',
} as const;

const FILES = {
  'etc/fstab': '/dev/vda / ext4 defaults,noatime 0 1\n',
  'etc/hostname': 'localhost\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  'etc/machine-id': '',
  // As Debian's own cloud images have it; where there is none, cloud-init wants en_US, which would have to be made first.
  'etc/default/locale': 'LANG=C.UTF-8\n',
  'etc/systemd/network/20-dhcp.network':
    '[Match]\nName=eth*\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n[DHCPv4]\nClientIdentifier=mac\nUseDomains=yes\n',
  // An RSA key takes as long to make as all else together where processors are emulated.
  'etc/cloud/cloud.cfg.d/90-ec2.cfg':
    'datasource_list: [ Ec2 ]\ndatasource: { Ec2: { max_wait: 30, timeout: 5 } }\nnetwork: { config: disabled }\nssh_genkeytypes: [ed25519]\n' +
    `system_info:\n  default_user:\n    name: ${USER}\n    sudo: ["ALL=(ALL) NOPASSWD:ALL"]\n    shell: /bin/bash\n`,
  // Debian 12 has no package of EC2 Instance Connect's own.
  'etc/ssh/sshd_config.d/60-ec2-instance-connect.conf': `AuthorizedKeysCommand ${ACTIVE_KEYS} %u\nAuthorizedKeysCommandUser ${ASKS_FOR_KEYS}\n`,
  'etc/systemd/journald.conf.d/90-small.conf': '[Journal]\nSystemMaxUse=32M\n',
} as const;

const ENABLED = ['systemd-networkd', 'systemd-resolved', 'serial-getty@ttyS0'];
const NOT_WANTED = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer'];

export const debian: Recipe = {
  image: {
    name: 'debian-12',
    version: '1.1.1',
    user: USER,
    sizeGiB: 2,
    boot: {
      kind: 'kernel',
      commandLine: 'root=/dev/vda rw console=tty0 console=ttyS0,115200 net.ifnames=0 quiet',
    },
    description: 'Debian 12 with cloud-init',
  },
  needs: ['debootstrap', 'chroot', 'apt-get', 'dpkg-deb', 'mkfs.ext4'],
  needsRoot: true,
  build,
};

async function build({ folder, onProgress, signal }: Workplace): Promise<void> {
  const root = join(folder, 'root');
  await run('debootstrap', ['--variant=minbase', '--force-check-gpg', RELEASE, root, await mirror(signal)], { signal });
  onProgress(35);
  await write(root, WHILE_BUILDING);
  await inside(root, signal, 'chmod', '755', '/usr/sbin/policy-rc.d');
  await inside(root, signal, 'apt-get', '-qq', 'install', '--yes', ...PACKAGES);
  await inside(root, signal, 'apt-get', '-qq', 'install', '--yes', 'systemd-resolved');
  onProgress(70);
  await takeKernel(folder, root, signal);
  onProgress(80);
  await inside(root, signal, 'systemctl', 'enable', ...ENABLED);
  await inside(root, signal, 'systemctl', 'mask', ...NOT_WANTED);
  await inside(root, signal, 'useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin', ASKS_FOR_KEYS);
  await tidyUp(root);
  await write(root, FILES);
  await cp(join(import.meta.dirname, 'guest'), root, { recursive: true });
  await inside(root, signal, 'chmod', '755', ACTIVE_KEYS);
  await makeRootDisk({ folder: root, path: join(folder, 'disk.raw'), sizeGiB: debian.image.sizeGiB, signal });
  onProgress(95);
}

/** The one that this system's packages come from, if it is Debian of the same release. */
async function mirror(signal: AbortSignal): Promise<string> {
  const wanted = ['--format', '$(REPO_URI)', `Codename: ${RELEASE}`, 'Component: main', 'Identifier: Packages'];
  const known = await run('apt-get', ['indextargets', ...wanted], { signal }).catch(() => '');
  return known.split('\n').find((uri) => /^https?:/.test(uri)) ?? 'http://deb.debian.org/debian';
}

const inside = (root: string, signal: AbortSignal, ...command: readonly string[]): Promise<string> =>
  run('chroot', [root, ...command], { signal });

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Modules lie in the system; the kernel and what it starts from beside the disk. */
async function takeKernel(folder: string, root: string, signal: AbortSignal): Promise<void> {
  const apt = await openApt(join(folder, 'apt'), signal);
  const [kernel, busybox] = [join(folder, 'kernel-package'), join(folder, 'busybox')];
  await unpack(await apt.alone(await apt.behind('linux-image-cloud-amd64')), kernel, signal);
  await unpack(await apt.alone('busybox-static'), busybox, signal);
  const [version = ''] = await readdir(join(kernel, 'lib/modules'));
  await copyFile(join(kernel, 'boot', `vmlinuz-${version}`), join(folder, 'kernel'));
  await cp(join(kernel, 'lib/modules'), join(root, 'usr/lib/modules'), { recursive: true });
  await inside(root, signal, 'depmod', version);
  const modules = await readModules(join(kernel, 'lib/modules', version, 'kernel'));
  await writeFile(join(folder, 'initrd'), earlySystem(modules, join(busybox, 'bin/busybox')));
}

/** What belongs to one instance, and what was of use for building alone. */
async function tidyUp(root: string): Promise<void> {
  const keys = (await readdir(join(root, 'etc/ssh'))).filter((name) => name.startsWith('ssh_host_'));
  const files = [
    ...keys.map((name) => `etc/ssh/${name}`),
    'usr/sbin/policy-rc.d',
    'var/cache/apt',
    'var/lib/apt/lists',
    'etc/resolv.conf',
  ];
  for (const path of files) await rm(join(root, path), { recursive: true, force: true });
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
  await mkdir(join(root, 'var/lib/apt/lists/partial'), { recursive: true });
  await symlink('/run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
}
