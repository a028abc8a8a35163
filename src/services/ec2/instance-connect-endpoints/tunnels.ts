/**
 * What goes through EC2 Instance Connect Endpoints. Who may open a tunnel is said by ec2-instance-connect (OpenTunnel); here is where one
 * leads, how many there are, and when they end: at their time, or with their endpoint.
 */
import { isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { blockOf, isInBlock, parseIp } from '#platform/network/ipv4.ts';
import type { TunnelWay } from '#platform/network/network.ts';
import type { MemorySlot, Partition, Store } from '#platform/store/store.ts';
import type { TunnelsApi } from '#services/ec2/api.ts';
import { instanceConnectEndpoints } from '#services/ec2/instance-connect-endpoints/state.ts';
import type { VpcNetworks } from '#services/ec2/networks/apply.ts';
import { type VpcRow, vpcs } from '#services/ec2/vpcs/state.ts';

/** "Each EC2 Instance Connect Endpoint can support up to 20 concurrent connections." */
const MOST_TUNNELS = 20;

/** One that is open, or about to. */
interface Tunnel {
  stream?: Duplex;
  isEnded?: true;
}

/** By endpoint. */
const slot: MemorySlot<Map<string, Set<Tunnel>>> = { name: 'tunnels', load: () => new Map() };

const tunnelsOf = (partition: Partition, endpoint: string): Set<Tunnel> =>
  getOrInsert(partition.memory(slot), endpoint, () => new Set());

export function endTunnels(partition: Partition, endpoint: string): void {
  for (const tunnel of tunnelsOf(partition, endpoint)) {
    tunnel.isEnded = true;
    tunnel.stream?.destroy();
  }
  partition.memory(slot).delete(endpoint);
}

interface TunnelParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Of the host, if there is one: opened when somebody wants to go through. */
  readonly networks: () => Promise<VpcNetworks | undefined>;
}

export const tunnelsApi = (parts: TunnelParts): TunnelsApi => ({
  tunnel({ account, region, id }, { address, port, client, lasts }) {
    const partition = parts.store.partition({ service: 'ec2', account, region });
    const { endpoint, vpc } = partition.read((tx) => {
      const row = instanceConnectEndpoints.find(tx, id);
      return { endpoint: row, vpc: row && vpcs.find(tx, row.vpc) };
    });
    if (endpoint === undefined || vpc === undefined) return 'no-endpoint';
    if (!isWithin(vpc, address)) return 'outside-vpc';
    const { preservesClientIp } = endpoint;
    if (preservesClientIp && !canBeShown(client)) return 'client-not-shown';
    if (tunnelsOf(partition, id).size >= MOST_TUNNELS) return 'too-many';
    const way = { vpc: vpc.id, interface: endpoint.interface, address, port, ...(preservesClientIp && { as: client }) };
    return () => opened(parts, partition, { endpoint: id, way, lasts });
  },
});

interface Opening {
  readonly endpoint: string;
  readonly way: TunnelWay;
  readonly lasts: Milliseconds;
}

async function opened(parts: TunnelParts, partition: Partition, { endpoint, way, lasts }: Opening): Promise<Duplex> {
  const networks = await parts.networks();
  const open = tunnelsOf(partition, endpoint);
  if (networks === undefined || open.size >= MOST_TUNNELS) throw new Error('there is no way through');
  const tunnel: Tunnel = {};
  open.add(tunnel);
  try {
    const stream = await networks.connect(partition, way);
    tunnel.stream = stream;
    const end = parts.clock.after(lasts, () => stream.destroy());
    stream.once('close', () => {
      end.cancel();
      open.delete(tunnel);
    });
    if (tunnel.isEnded) stream.destroy();
    return stream;
  } catch (error) {
    open.delete(tunnel);
    throw error;
  }
}

function isWithin({ cidrs }: VpcRow, address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && cidrs.some(({ cidr }) => isInBlock(blockOf(cidr), ip));
}

/** One that is this machine's alone means another one to who is to see it, and there is no IPv6. */
const canBeShown = (client: string): boolean => isIPv4(client) && !client.startsWith('127.');
