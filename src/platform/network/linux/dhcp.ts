/**
 * DHCP (RFC 2131, 2132) as a VPC answers it: each interface has its address, for ever the same, so there is nothing to hand out and nothing
 * to remember. Answers go straight to the interface's own address: the namespace knows its MAC.
 */
import { addressAt, blockOf, ipOf, maskOf } from '#platform/network/ipv4.ts';
import type { DhcpPlan, InterfacePlan, VpcPlan } from '#platform/network/network.ts';

export interface DhcpAnswer {
  readonly to: string;
  readonly packet: Buffer;
}

const FIXED = 240;
const COOKIE = 0x63825363;
/** What every client takes (RFC 2131, section 2): systemd-networkd refuses longer answers that it did not offer room for. */
const LONGEST = 576;
const LEASE_SECONDS = 3600;
const MTU = 1500;

const REQUEST = { discover: 1, request: 3, inform: 8 } as const;
const ANSWER = { offer: 2, acknowledge: 5, refuse: 6 } as const;

const OPTION = {
  mask: 1,
  router: 3,
  nameServers: 6,
  hostName: 12,
  domainName: 15,
  mtu: 26,
  ntpServers: 42,
  requestedAddress: 50,
  leaseSeconds: 51,
  messageType: 53,
  server: 54,
  clientId: 61,
  end: 255,
} as const;

export function answerDhcp(plan: VpcPlan, request: Buffer): DhcpAnswer | undefined {
  // A request (1) by Ethernet (1, six bytes).
  if (request.length < FIXED || request[0] !== 1 || request[1] !== 1 || request[2] !== 6) return undefined;
  if (request.readUInt32BE(FIXED - 4) !== COOKIE) return undefined;
  const mac = [...request.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const nic = plan.interfaces.find((each) => each.mac === mac && each.machine !== undefined);
  const subnet = plan.subnets.find(({ id }) => id === nic?.subnet);
  const ip = nic?.addresses[0]?.privateIp;
  if (nic === undefined || subnet === undefined || ip === undefined) return undefined;
  const options = optionsOf(request);
  const type = answerType(options, ip);
  if (type === undefined) return undefined;
  const router = addressAt(subnet.cidr, 1);
  const told = type === ANSWER.refuse ? [] : configuration(subnet.cidr, router, nic, plan);
  const lease: Option[] =
    type === ANSWER.refuse || options.get(OPTION.messageType)?.[0] === REQUEST.inform
      ? []
      : [[OPTION.leaseSeconds, word(LEASE_SECONDS)]];
  const clientId = options.get(OPTION.clientId);
  const echoed: Option[] = clientId === undefined ? [] : [[OPTION.clientId, clientId]];
  const all: Option[] = [
    [OPTION.messageType, Buffer.of(type)],
    [OPTION.server, bytesOf(router)],
    ...lease,
    ...told,
    ...echoed,
  ];
  return { to: ip, packet: packetOf(request, type === ANSWER.refuse ? '0.0.0.0' : ip, router, all) };
}

/** A client that asks for another address than it has is told so, and begins anew. */
function answerType(options: ReadonlyMap<number, Buffer>, ip: string): number | undefined {
  switch (options.get(OPTION.messageType)?.[0]) {
    case REQUEST.discover:
      return ANSWER.offer;
    case REQUEST.inform:
      return ANSWER.acknowledge;
    case REQUEST.request: {
      const wanted = options.get(OPTION.requestedAddress);
      return wanted === undefined || wanted.equals(bytesOf(ip)) ? ANSWER.acknowledge : ANSWER.refuse;
    }
    default:
      return undefined;
  }
}

type Option = readonly [number, Buffer];

function configuration(cidr: string, router: string, nic: InterfacePlan, { cidrs, dhcp }: VpcPlan): Option[] {
  const resolver = addressAt(cidrs[0] ?? cidr, 2);
  const nameServers = dhcp.nameServers.map((server) => (server === 'vpc' ? resolver : server));
  const servers = (list: DhcpPlan['nameServers']): Buffer => Buffer.concat(list.map(bytesOf));
  return [
    [OPTION.mask, bytesOf(maskOf(blockOf(cidr)))],
    [OPTION.router, bytesOf(router)],
    ...(nameServers.length === 0 ? [] : [[OPTION.nameServers, servers(nameServers)] as const]),
    [OPTION.hostName, Buffer.from(nic.hostName.split('.')[0] ?? '')],
    ...(dhcp.domainName === '' ? [] : [[OPTION.domainName, Buffer.from(dhcp.domainName)] as const]),
    ...(dhcp.ntpServers.length === 0 ? [] : [[OPTION.ntpServers, servers(dhcp.ntpServers)] as const]),
    [OPTION.mtu, Buffer.of(MTU >> 8, MTU & 255)],
  ];
}

function optionsOf(request: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = FIXED; at < request.length; ) {
    const code = request[at] ?? OPTION.end;
    if (code === OPTION.end) break;
    if (code === 0) {
      at += 1;
      continue;
    }
    const length = request[at + 1] ?? 0;
    options.set(code, request.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return options;
}

function packetOf(request: Buffer, yours: string, server: string, options: readonly Option[]): Buffer {
  const packet = Buffer.alloc(LONGEST);
  packet[0] = 2;
  // Kind and length of addresses; transaction, seconds and flags; the client's own address; its hardware's.
  request.copy(packet, 1, 1, 4);
  request.copy(packet, 4, 4, 16);
  bytesOf(yours).copy(packet, 16);
  bytesOf(server).copy(packet, 20);
  request.copy(packet, 28, 28, 44);
  packet.writeUInt32BE(COOKIE, FIXED - 4);
  let at = FIXED;
  for (const [code, value] of options) {
    // What has no room is left out: the end must be told.
    if (value.length > 255 || at + 2 + value.length >= LONGEST) continue;
    packet[at] = code;
    packet[at + 1] = value.length;
    value.copy(packet, at + 2);
    at += 2 + value.length;
  }
  packet[at] = OPTION.end;
  return packet;
}

const bytesOf = (address: string): Buffer => word(ipOf(address));

function word(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
