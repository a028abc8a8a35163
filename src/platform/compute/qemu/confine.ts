/** The words before a machine's command that take away what its process does not need; from then on it can gain nothing. */
import { statSync } from 'node:fs';

export interface Confinement {
  /** Undefined: the present user, who may be root in a namespace of users: it loses all that this means. */
  readonly uid?: number | undefined;
  /** The network namespace that it lives in. */
  readonly namespace: string;
}

/** Its memory is its guest's: no part of it goes to a file when it crashes. */
const LIMITS = ['prlimit', '--core=0', '--nofile=2048', '--'];

/** Undefined: it runs as the present user, in the host's own network. */
export function confined(command: readonly string[], to: Confinement | undefined): string[] {
  if (to === undefined) return [...LIMITS, 'setpriv', '--no-new-privs', '--', ...command];
  return [
    ...['nsenter', `--net=/run/netns/${to.namespace}`, '--', ...LIMITS, 'setpriv'],
    ...(to.uid === undefined ? [] : ofUser(to.uid)),
    ...['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs', '--', ...command],
  ];
}

function ofUser(uid: number): string[] {
  const groups = kvmGroup();
  const further = groups === undefined ? ['--clear-groups'] : ['--groups', `${groups}`];
  return ['--reuid', `${uid}`, '--regid', `${uid}`, ...further];
}

/** Distributions let a group of its own use KVM, if not everybody. */
export function kvmGroup(): number | undefined {
  const device = statSync('/dev/kvm', { throwIfNoEntry: false });
  const isForGroup = device !== undefined && device.gid !== 0 && (device.mode & 0o060) === 0o060;
  return isForGroup ? device.gid : undefined;
}
