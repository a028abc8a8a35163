/**
 * What the resolver of a VPC answers for EC2's own names. A private name is that of an address, or of an instance that asks for it; a
 * public one means the private address to those inside ("DNS attributes for your VPC"). Guests ask as often as they like, so nothing
 * is read for an answer: the names are made with each plan.
 */
import { readName } from '#services/ec2/network-interfaces/dns-names.ts';
import type { VpcRows } from '#services/ec2/networks/plan.ts';

/** Undefined: it is none of EC2's names. Empty: it is, and nobody has it. */
export type Resolve = (name: string) => readonly string[] | undefined;

export function namesOf({ region, vpc, interfaces, instances }: VpcRows): Resolve {
  if (!vpc.hasDnsSupport) return () => undefined;
  const addresses = interfaces.flatMap((row) => row.addresses);
  const privateIps = new Set(addresses.map(({ ip }) => ip));
  const insideOf = new Map(addresses.flatMap(({ ip, publicIp }) => (publicIp === undefined ? [] : [[publicIp, ip]])));
  const named = new Set(instances.filter(({ names }) => names.hasARecord).map(({ id }) => id));
  const ofInstance = new Map(
    interfaces.flatMap(({ attachment, addresses: [primary] }) =>
      attachment?.deviceIndex === 0 && primary && named.has(attachment.instance)
        ? [[attachment.instance, primary.ip]]
        : [],
    ),
  );
  return (name) => {
    const said = readName(region, name);
    if (said === undefined) return undefined;
    if ('privateIp' in said) return privateIps.has(said.privateIp) ? [said.privateIp] : [];
    if ('publicIp' in said) return [insideOf.get(said.publicIp) ?? said.publicIp];
    const ip = ofInstance.get(said.instance);
    return ip === undefined ? [] : [ip];
  };
}
