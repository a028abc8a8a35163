/** The programs that tests start, beside those of machines: Debian's packages are installed where that can be done, and what is missing is said. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { canInstallPackages, installPackages } from '#cli/debian-packages.ts';
import { IMAGE_PROGRAMS, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';

interface Wanted {
  readonly name: string;
  /** Succeeds where it is there. */
  readonly test: readonly [string, ...string[]];
  readonly loss: string;
}

/** A package that is there when its program is. */
const having = (name: string, program: string, loss: string): Wanted => ({
  name,
  test: ['sh', '-c', `command -v ${program}`],
  loss,
});

const ofMachines = [...NEEDED_PROGRAMS, ...IMAGE_PROGRAMS].map((needed) =>
  having(needed.package, needed.program, `the tests of ${needed.for} are left out`),
);

const WANTED: readonly Wanted[] = [
  ...ofMachines,
  {
    name: 'postgresql',
    test: ['sh', '-c', 'ls /usr/lib/postgresql/*/bin/initdb'],
    loss: 'the tests of the store over PostgreSQL are left out',
  },
  { name: 'haproxy', test: ['haproxy', '-v'], loss: 'no test follows docs/operate-a-farm.md' },
  { name: 'strace', test: ['strace', '-V'], loss: 'the tests that count fdatasync calls are left out' },
  { name: 'openssl', test: ['openssl', 'version'], loss: 'the tests of certificates are left out' },
  {
    name: 'python3-venv',
    test: ['python3', '-c', 'import ensurepip, venv'],
    loss: 'the tests by AWS CLI and boto3 and those of the published vectors are left out',
  },
  having('busybox', 'busybox', 'the tests of networks, and those that log in to a machine, are left out'),
  having('slirp4netns', 'slirp4netns', 'the tests of machines without root are left out'),
  having('binutils', 'objcopy', 'what starts kernels is not held against its source'),
  having('putty-tools', 'puttygen', 'PuTTY does not read our key pairs'),
  having('s3cmd', 's3cmd', 's3cmd is not tried against S3'),
  having('rclone', 'rclone', 'rclone is not tried against S3'),
  having('s3fs', 's3fs', 'no bucket is mounted as a folder'),
  having('chromium', 'chromium', 'the tests of the web console in a browser are left out'),
  having('openssh-client', 'ssh', 'no test goes into a machine by ssh'),
  {
    // Version 2 is not on PyPI; version 1 is, and comes from there. `aws login` needs 2.32: a newer one on the PATH is used for it.
    name: 'awscli',
    test: ['sh', '-c', 'for aws in $(which -a aws); do $aws --version; done 2>&1 | grep -q ^aws-cli/2'],
    loss: 'the tests by version 2 of the AWS CLI are left out',
  },
];

const isThere = ({ test: [command, ...args] }: Wanted): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Tests make clusters of their own: the package shall neither make one nor start it. */
function leaveOutMainCluster(): void {
  const settings = '/etc/postgresql-common/createcluster.conf';
  if (existsSync(settings)) return;
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, 'create_main_cluster = false\n');
}

const missing = WANTED.filter((wanted) => !isThere(wanted));
if (missing.length > 0 && canInstallPackages()) {
  if (missing.some(({ name }) => name === 'postgresql')) leaveOutMainCluster();
  const failure = installPackages([...new Set(missing.map(({ name }) => name))]);
  if (failure !== undefined) console.log(failure);
}
for (const { name, loss } of missing.filter((wanted) => !isThere(wanted))) {
  console.log(`   missing: ${name}. ${loss}. Install it: apt-get install ${name}`);
}
