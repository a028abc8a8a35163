/**
 * A plan that comes to root is checked before anything of it becomes part of a command: each text is of a form that means nothing to a
 * program but what it says, each number in its range, each list of a bearable length. The process that sends plans speaks with strangers.
 */
import { isIPv4 } from 'node:net';
import type { RoutePlan, RulePlan, VpcPlan } from '#platform/network/network.ts';

class PlanError extends Error {}

const FORMS = {
  vpc: /^vpc-[0-9a-f]{8,17}$/,
  subnet: /^subnet-[0-9a-f]{8,17}$/,
  interface: /^eni-[0-9a-f]{8,17}$/,
  machine: /^i-[0-9a-f]{8,17}$/,
  set: /^(?:sg|pl)-[0-9a-f]{8,17}$/,
  mac: /^0[26ae](?::[0-9a-f]{2}){5}$/,
} as const;

const MOST = {
  cidrs: 50,
  subnets: 1000,
  routes: 1000,
  interfaces: 10_000,
  addresses: 256,
  rules: 10_000,
  members: 100_000,
  sets: 10_000,
};

export function checkPlan(plan: VpcPlan): void {
  form('vpc', plan.id);
  each(plan.cidrs, MOST.cidrs, checkCidr);
  each(plan.subnets, MOST.subnets, ({ id, cidr, routes }) => {
    form('subnet', id);
    checkCidr(cidr);
    each(routes, MOST.routes, checkRoute);
  });
  each(plan.sets, MOST.sets, ({ id, cidrs }) => {
    form('set', id);
    each(cidrs, MOST.members, checkCidr);
  });
  each(plan.interfaces, MOST.interfaces, (nic) => {
    form('interface', nic.id);
    form('subnet', nic.subnet);
    form('mac', nic.mac);
    if (nic.machine !== undefined) form('machine', nic.machine);
    if (nic.machine !== undefined && nic.isTunnelEnd) throw new PlanError(`${nic.id} has a machine`);
    if (nic.metadataHopLimit !== undefined) whole(nic.metadataHopLimit, 1, 64);
    each(nic.addresses, MOST.addresses, ({ privateIp, publicIp }) => {
      checkAddress(privateIp);
      if (publicIp !== undefined) checkAddress(publicIp);
    });
    if (nic.addresses.length === 0) throw new PlanError(`${nic.id} has no address`);
    each([...nic.ingress, ...nic.egress], MOST.rules, checkRule);
  });
}

export function checkVpcId(id: string): void {
  form('vpc', id);
}

function each<Item>(items: readonly Item[], most: number, check: (item: Item) => void): void {
  if (items.length > most) throw new PlanError(`${items.length} items, where ${most} are the most`);
  items.forEach(check);
}

function form(kind: keyof typeof FORMS, text: string): void {
  if (!FORMS[kind].test(text)) throw new PlanError(`no id of the kind ${kind}: ${JSON.stringify(text).slice(0, 80)}`);
}

function whole(number: number, least: number, most: number): void {
  if (!Number.isInteger(number) || number < least || number > most) throw new PlanError(`${number} is out of range`);
}

function checkAddress(text: string): void {
  if (!isIPv4(text)) throw new PlanError(`no IPv4 address: ${JSON.stringify(text).slice(0, 80)}`);
}

function checkCidr(text: string): void {
  const [address = '', bits = ''] = text.split('/', 2);
  // Rules of IPv6 come along, and match nothing here.
  if (/^[0-9a-f:.]+\/\d{1,3}$/.test(text) && address.includes(':')) return;
  checkAddress(address);
  if (!/^\d{1,2}$/.test(bits) || text !== `${address}/${bits}`)
    throw new PlanError(`no CIDR block: ${text.slice(0, 80)}`);
  whole(Number(bits), 0, 32);
}

function checkRoute({ destination, target }: RoutePlan): void {
  checkCidr(destination);
  if (typeof target === 'object') form('interface', target.interface);
  else if (!['local', 'internet', 'blackhole'].includes(target)) throw new PlanError('a route leads nowhere');
}

function checkRule({ protocol, fromPort, toPort, peer }: RulePlan): void {
  if (typeof protocol === 'number') whole(protocol, 0, 255);
  else if (!['all', 'tcp', 'udp', 'icmp'].includes(protocol)) throw new PlanError('a rule has no protocol');
  if (fromPort !== undefined) whole(fromPort, -1, 65_535);
  if (toPort !== undefined) whole(toPort, -1, 65_535);
  if ('set' in peer) form('set', peer.set);
  else checkCidr(peer.cidr);
}
