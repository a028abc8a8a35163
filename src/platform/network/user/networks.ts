/**
 * Networks without root, where the system lets users make no namespaces of their own (namespaced.ts): each interface is a network of its own, inside QEMU, where its guest gets its private address and meets nobody. QEMU would
 * let it out to the world, but also to this machine's own services and to whatever answers at 169.254.169.254 here: so nothing leaves.
 * What is let in is a port that its security groups open to this machine, at the interface's public address: one of 127.0.0.0/8, which
 * every machine has.
 */
import type { Attendance, InterfaceId, InterfacePlan, Networks, VpcId, VpcPlan } from '#platform/network/network.ts';
import { LOCAL_PUBLIC_CIDR, openPorts, outerPort } from '#platform/network/user/local-addresses.ts';

const LACKS = [
  'without root, machines reach neither each other nor the world, nor the metadata address, and images that wait for it (cloud-init) ' +
    'learn neither keys nor user data: start as root for networks',
  'without root, public addresses are of this machine alone (127.77.0.0/16): TCP ports that security groups opened when the ' +
    'interface was attached are there, those below 1024 at 8000 more (ssh -p 8022)',
];

export class UserNetworks implements Networks {
  readonly lacks: readonly string[] = LACKS;
  readonly publicCidr = LOCAL_PUBLIC_CIDR;
  readonly #plans = new Map<VpcId, VpcPlan>();

  /** Nobody gets so far as to ask. */
  attend(_: Attendance): void {}

  async apply(plan: VpcPlan): Promise<void> {
    this.#plans.set(plan.id, plan);
  }

  async connect(): Promise<never> {
    throw new Error('without root, and without namespaces of users, nothing leads to a machine but its own ports');
  }

  async remove(id: VpcId): Promise<void> {
    this.#plans.delete(id);
  }

  async list(): Promise<readonly VpcId[]> {
    return [...this.#plans.keys()];
  }

  async tidy(): Promise<void> {}

  async close(): Promise<void> {}

  /** As QEMU's netdev_add takes it. */
  netdevOf(id: InterfaceId): Readonly<Record<string, unknown>> {
    for (const { interfaces, subnets } of this.#plans.values()) {
      const nic = interfaces.find((each) => each.id === id);
      const subnet = subnets.find((each) => each.id === nic?.subnet);
      if (nic !== undefined && subnet !== undefined) return userNetdev(nic, subnet.cidr);
    }
    throw new Error(`there is no interface ${id}`);
  }
}

function userNetdev({ addresses, hostName, ingress }: InterfacePlan, subnet: string) {
  const [primary] = addresses;
  if (primary === undefined) throw new Error('an interface has an address');
  const { privateIp, publicIp } = primary;
  const ports = publicIp === undefined ? [] : openPorts(ingress);
  return {
    type: 'user',
    restrict: true,
    ipv6: false,
    net: subnet,
    dhcpstart: privateIp,
    hostname: hostName,
    hostfwd: ports.map((port) => ({ str: `tcp:${publicIp}:${outerPort(port)}-${privateIp}:${port}` })),
  };
}
