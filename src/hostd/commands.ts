/** Everything that hostd does when it is told to: a command a line, with the form of what comes with it. */

import { type Form, list, oneOf, optional, record, text, whole } from '#hostd/forms.ts';
import { probe } from '#platform/compute/kvm-probe.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { kvmGroup } from '#platform/compute/qemu/confine.ts';
import type { MachineHands } from '#platform/compute/qemu/hands.ts';
import type { NetworkHands } from '#platform/network/linux/hands.ts';
import type { VpcPlan } from '#platform/network/network.ts';

/** `handles` are sockets, by their names. */
export interface Answer {
  readonly value?: unknown;
  readonly handles?: Readonly<Record<string, unknown>>;
}

export type Command = (input: unknown) => Promise<Answer>;

const MACHINE = text(/^i-[0-9a-f]{8,17}$/);
const VPC = text(/^vpc-[0-9a-f]{8,17}$/);
/** A layer is a file of this name in the folder of all layers. */
const LAYER = text(/^[0-9a-f]{24}\.qcow2$/);
const IMAGE = text(/^(?:ami|snap)-[0-9a-f]{1,40}$/);
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
const files = record({ id: MACHINE, files: list(LAYER, 1000) });
const nothing = record({});

const command =
  <Input>(form: Form<Input>, action: (input: Input) => Promise<unknown>): Command =>
  async (input) => ({ value: await action(form(input)) });

export const commandsOf = (machines: MachineHands, networks: NetworkHands): Readonly<Record<string, Command>> => ({
  'kvm.probe': command(nothing, () => probe('kvm', undefined, { uid: NOBODYS, gid: kvmGroup() ?? NOBODYS })),
  'machines.start': command(launch, machines.start),
  'machines.kill': command(MACHINE, machines.kill),
  'machines.list': command(nothing, machines.list),
  'machines.left': command(nothing, machines.left),
  'machines.lend': command(files, (input) => machines.lend(input.id, input.files)),
  'machines.takeBack': command(files, (input) => machines.takeBack(input.id, input.files)),
  'machines.forget': command(MACHINE, machines.forget),
  // It checks the plan itself (check-plan.ts), without which it does nothing.
  'networks.apply': command((plan) => plan as VpcPlan, networks.apply),
  'networks.remove': command(VPC, networks.remove),
  'networks.list': command(nothing, networks.list),
  'networks.tidy': command(nothing, networks.tidy),
  'networks.sockets': async (input) => ({ handles: { ...(await networks.sockets(VPC(input))) } }),
});
