/** Packages of Debian's, installed where that can be done: as root, where apt-get is. */
import { spawnSync } from 'node:child_process';

/** Somebody else may be installing at the same time. */
const LOCK_SECONDS = 300;

export const canInstallPackages = (): boolean =>
  process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;

/** Undefined when all are there; else what apt-get had to say. */
export function installPackages(packages: readonly string[]): string | undefined {
  return (
    apt('update') ??
    apt('install', '-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold', ...packages)
  );
}

/** Its hundred lines are shown only when it fails. */
function apt(command: string, ...args: readonly string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const all = ['-qq', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, command, ...args];
  const { status, error, stdout, stderr } = spawnSync('apt-get', all, { env, encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? `${stdout}${stderr}`.trim());
}
