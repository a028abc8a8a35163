/** The doors of the program: which files may reach what comes from outside, and why. An entry that nothing needs is a violation. */
import type { Effect } from './effects.ts';

interface Allowed {
  readonly effects: readonly Effect[];
  readonly why: string;
}

export const EFFECTS_ALLOWED: Readonly<Record<string, Allowed>> = {
  'src/platform/base/clock.ts': { effects: ['clock', 'timers'], why: 'the clock that everything else is given' },
  'src/platform/base/ids.ts': { effects: ['randomness'], why: 'ids, keys and random bytes for everything else' },
  'src/platform/egress/egress.ts': { effects: ['outward'], why: 'the only way out for services' },
  'src/platform/egress/tls.ts': {
    effects: ['outward'],
    why: 'looks at the certificates of a server that no authority vouches for',
  },
  'src/platform/compute/images/programs.ts': { effects: ['processes'], why: 'apt, dpkg-deb and mkfs build images' },
  'src/platform/compute/images/hands.ts': {
    effects: ['processes'],
    why: 'starts the build of an image that needs root',
  },
  'src/platform/compute/volumes/qemu/qemu-img.ts': {
    effects: ['processes'],
    why: 'qemu-img makes and copies the layers of volumes',
  },
  'src/platform/compute/kvm-probe.ts': { effects: ['processes'], why: 'runs a guest of 512 bytes under QEMU' },
  'src/platform/compute/qemu/hands.ts': { effects: ['processes'], why: 'starts the processes of machines' },
  'src/platform/compute/needed-programs.ts': {
    effects: ['processes'],
    why: 'looks for the programs that machines need',
  },
  'src/platform/compute/qemu/qmp.ts': {
    effects: ['outward'],
    why: 'connects to a machine’s monitor, a socket in its folder',
  },
  'src/platform/compute/qemu/running-machine.ts': {
    effects: ['outward'],
    why: 'connects to a machine’s screen and serial line, sockets in its folder',
  },
  'src/platform/network/linux/commands.ts': { effects: ['processes'], why: 'runs ip and nft' },
  'src/platform/network/linux/sockets.ts': { effects: ['processes'], why: 'starts what opens sockets in a namespace' },
  'src/platform/network/linux/sockets-child.ts': { effects: ['outward'], why: 'opens sockets inside a namespace' },
  'src/platform/network/linux/connect-child.ts': {
    effects: ['outward'],
    why: 'opens a connection inside a namespace',
  },
  'src/platform/network/linux/networks.ts': { effects: ['outward'], why: 'takes connections that were opened inside' },
  'src/platform/network/linux/forwarder.ts': { effects: ['outward'], why: 'asks the host’s resolvers for guests' },
  'src/platform/network/user/namespaces.ts': {
    effects: ['processes'],
    why: 'tries whether a user may make namespaces',
  },
  'src/platform/network/user/way-out.ts': {
    effects: ['processes', 'outward'],
    why: 'starts slirp4netns and speaks to its socket',
  },
  'src/gateway/http/front/fronted-server.ts': { effects: ['clock'], why: 'how busy its own thread is' },
  'src/gateway/http/lending-socket.ts': {
    effects: ['outward'],
    why: 'makes sockets of accepted handles, and connects none',
  },
  'src/gateway/forward/connection.ts': { effects: ['outward'], why: 'calls the other processes of the cloud' },
  'src/hostd/hostd.ts': { effects: ['processes'], why: 'starts hostd' },
  'src/config.ts': { effects: ['environment'], why: 'options may come from the environment' },
  'src/cli/debian-packages.ts': {
    effects: ['processes', 'environment'],
    why: 'apt-get, with the environment of whoever runs it',
  },
  'src/cli/client.ts': { effects: ['clock', 'outward'], why: 'signed calls of our own API, dated' },
  'src/cli/admin.ts': { effects: ['outward'], why: 'asks the admin port of a cloud' },
  'src/cli/doctor.ts': {
    effects: ['clock', 'outward'],
    why: 'times the disk, resolves localhost',
  },
  'src/cli/privileges.ts': { effects: ['processes'], why: 'makes the user that the server runs as' },
  'src/cli/up.ts': { effects: ['processes'], why: '--detach starts the server in a process of its own' },
  'src/cli/wait.ts': { effects: ['clock', 'timers'], why: 'waits for another process' },
};
