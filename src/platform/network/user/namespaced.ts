/**
 * Networks in namespaces of an ordinary user: those of Linux's own parts, whose public addresses are this machine's alone. Outside they are of
 * 127.0.0.0/8, which every machine has and no network routes; inside others stand for them, and a port that security groups open to
 * everybody is led from the one to the other.
 */
import type { Duplex } from 'node:stream';
import type { LinuxNetworks } from '#platform/network/linux/networks.ts';
import {
  type Attendance,
  attachedTo,
  type InterfacePlan,
  type Networks,
  type TunnelWay,
  type VpcId,
  type VpcPlan,
} from '#platform/network/network.ts';
import { LOCAL_PUBLIC_CIDR, openPorts, outerPort } from '#platform/network/user/local-addresses.ts';
import type { Door, WayOut } from '#platform/network/user/way-out.ts';

/** Inside, for 127.77.0.0/16. */
export const INNER_PUBLIC_CIDR = '100.77.0.0/16';

const LACKS = [
  'without root, public addresses are of this machine alone (127.77.0.0/16): TCP ports that security groups open to everybody are there, ' +
    'those below 1024 at 8000 more (ssh -p 8022)',
  'without root, all machines are processes of this user, without shares of processors and memory: start as root to keep tenants apart',
];

export class NamespacedNetworks implements Networks {
  readonly lacks: readonly string[] = LACKS;
  readonly publicCidr = LOCAL_PUBLIC_CIDR;
  readonly #inner: LinuxNetworks;
  readonly #wayOut: WayOut;
  readonly #onFault: (error: unknown) => void;
  readonly #doors = new Map<VpcId, readonly Door[]>();

  constructor(inner: LinuxNetworks, wayOut: WayOut, onFault: (error: unknown) => void) {
    this.#inner = inner;
    this.#wayOut = wayOut;
    this.#onFault = onFault;
  }

  attend(attendance: Attendance): void {
    this.#inner.attend(attendance);
  }

  async apply(plan: VpcPlan): Promise<void> {
    await this.#inner.apply({ ...plan, interfaces: plan.interfaces.map(asInside) });
    await this.#open(plan.id, plan.hasInternetGateway ? attachedTo(plan).flatMap(doorsOf) : []);
  }

  connect(way: TunnelWay): Promise<Duplex> {
    return this.#inner.connect(way);
  }

  async remove(id: VpcId): Promise<void> {
    await this.#open(id, []);
    await this.#inner.remove(id);
  }

  list(): Promise<readonly VpcId[]> {
    return this.#inner.list();
  }

  tidy(): Promise<void> {
    return this.#inner.tidy();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #open(id: VpcId, doors: readonly Door[]): Promise<void> {
    this.#doors.set(id, doors);
    const refused = await this.#wayOut.open([...this.#doors.values()].flat());
    for (const { host_addr, host_port } of refused) this.#onFault(`${host_addr}:${host_port} can't be listened on`);
  }
}

const innerOf = (publicIp: string): string => publicIp.replace(/^127\./, '100.');

const asInside = (nic: InterfacePlan): InterfacePlan => ({
  ...nic,
  addresses: nic.addresses.map(({ privateIp, publicIp }) => ({
    privateIp,
    ...(publicIp !== undefined && { publicIp: innerOf(publicIp) }),
  })),
});

const doorsOf = ({ addresses, ingress }: InterfacePlan): Door[] =>
  addresses.flatMap(({ publicIp }) =>
    publicIp === undefined
      ? []
      : openPorts(ingress).map((port) => ({
          host_addr: publicIp,
          host_port: outerPort(port),
          guest_addr: innerOf(publicIp),
          guest_port: port,
        })),
  );
