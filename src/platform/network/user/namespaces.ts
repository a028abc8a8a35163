/** Words by which a command gets to namespaces where an ordinary user is root, and whether there can be any. */
import { spawnSync } from 'node:child_process';

/** The link that slirp4netns makes there. */
export const SLIRP_LINK = 'tap0';
/** What slirp4netns makes of it: 10.0.2.2 is this machine, 10.0.2.3 its resolver. */
export const SLIRP_NETWORK = '10.0.2.0/24';
/** Where VPCs lead out to, by the name that it has inside. */
const OUTSIDE = 'makonis-outside';

/**
 * A place for names of namespaces, which the system's own is not for users; then the settings of the one that VPCs lead out to: it forwards, and
 * answers slirp4netns's questions for all public addresses behind it.
 */
const SET_UP = [
  'mount -t tmpfs -o mode=755 tmpfs /run',
  `ip netns attach ${OUTSIDE} $$`,
  'ip link set lo up',
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'echo 1 > /proc/sys/net/ipv4/conf/default/proxy_arp',
  'exec "$@"',
].join(' && ');

const FLAGS = ['--user', '--map-root-user', '--net', '--mount', '--propagation', 'private'];

const make = ['unshare', ...FLAGS, '--', 'sh', '-c', SET_UP, 'sh'];

export const ownNamespaces = {
  make,
  /** Those of a machine that runs. */
  join: (pid: number): string[] => [
    ...['nsenter', '--target', `${pid}`, '--user', '--mount', '--preserve-credentials', '--'],
    ...['nsenter', `--net=/run/netns/${OUTSIDE}`, '--'],
  ],
  /** Systems may forbid it, wholly or for what their security module does not know. */
  areAllowed: (): boolean => spawnSync(make[0] ?? '', [...make.slice(1), 'true'], { stdio: 'ignore' }).status === 0,
};
