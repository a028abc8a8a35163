/** Everything that hostd does when it is told to: a command a line, with the form of what comes with it. */

import { type Form, ipv4, list, oneOf, optional, record, text, whole } from '#hostd/forms.ts';
import { BUILT_BY_ROOT, type ImageHands } from '#platform/compute/images/hands.ts';
import { probe } from '#platform/compute/kvm-probe.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { kvmGroup } from '#platform/compute/qemu/confine.ts';
import type { MachineHands } from '#platform/compute/qemu/hands.ts';
import type { NetworkHands } from '#platform/network/linux/hands.ts';
import { TUNNEL_PORTS } from '#platform/network/linux/names.ts';
import type { VpcPlan } from '#platform/network/network.ts';

/** `handles` are sockets, by their names. */
export interface Answer {
  readonly value?: unknown;
  readonly handles?: Readonly<Record<string, unknown>>;
}

export type Command = (input: unknown, onProgress: (percent: number) => void) => Promise<Answer>;

const MACHINE = text(/^i-[0-9a-f]{8,17}$/);
const VPC = text(/^vpc-[0-9a-f]{8,17}$/);
/** A layer is a file of this name in the folder of all layers. */
const LAYER = text(/^[0-9a-f]{24}\.qcow2$/);
const IMAGE = text(/^(?:ami|snap)-[0-9a-f]{1,40}$/);
const BUILT = text(/^ami-[0-9a-f]{17}$/);
/** It is one argument of QEMU's, to be told to a kernel inside of the guest. */
const KERNEL_WORDS = text(/^[\x20-\x7e]{0,2048}$/);

/** A user that machines could have, and none does. */
const NOBODYS = machineUid('');

const launch = record({
  id: MACHINE,
  accelerator: oneOf('kvm', 'tcg'),
  vcpus: whole(1, 255),
  memoryMiB: whole(16, 16 * 2 ** 20),
  product: text(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  uuid: text(/^ec2[0-9a-f]{5}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  vpc: VPC,
  kernel: optional(record({ image: IMAGE, commandLine: KERNEL_WORDS })),
});
const tunnel = record({
  vpc: VPC,
  from: ipv4,
  fromPort: whole(...TUNNEL_PORTS),
  to: ipv4,
  toPort: whole(1, 65_535),
  as: optional(ipv4),
});
const files = record({ id: MACHINE, files: list(LAYER, 1000) });
const build = record({ image: oneOf(...BUILT_BY_ROOT), id: BUILT });
const nothing = record({});

const command =
  <Input>(form: Form<Input>, action: (input: Input) => Promise<unknown>): Command =>
  async (input) => ({ value: await action(form(input)) });

export interface Hands {
  readonly machines: MachineHands;
  readonly networks: NetworkHands;
  readonly images: ImageHands;
}

export const commandsOf = ({ machines, networks, images }: Hands): Readonly<Record<string, Command>> => ({
  'kvm.probe': command(nothing, () => probe('kvm', undefined, { uid: NOBODYS, gid: kvmGroup() ?? NOBODYS })),
  'machines.start': command(launch, machines.start),
  'machines.kill': command(MACHINE, machines.kill),
  'machines.list': command(nothing, machines.list),
  'machines.left': command(nothing, machines.left),
  'machines.lend': command(files, (input) => machines.lend(input.id, input.files)),
  'machines.takeBack': command(files, (input) => machines.takeBack(input.id, input.files)),
  'machines.forget': command(MACHINE, machines.forget),
  'images.build': async (input, onProgress) => {
    const { image, id } = build(input);
    return { value: await images.build(image, id, onProgress) };
  },
  'images.remove': command(BUILT, images.remove),
  // It checks the plan itself (check-plan.ts), without which it does nothing.
  'networks.apply': command((plan) => plan as VpcPlan, networks.apply),
  'networks.remove': command(VPC, networks.remove),
  'networks.list': command(nothing, networks.list),
  'networks.tidy': command(nothing, networks.tidy),
  'networks.connect': async (input) => ({ handles: { connection: await networks.connect(tunnel(input)) } }),
  'networks.sockets': async (input) => ({ handles: { ...(await networks.sockets(VPC(input))) } }),
});
