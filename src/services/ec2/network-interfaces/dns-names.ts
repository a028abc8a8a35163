/**
 * Names that addresses and instances have inside a VPC, and public addresses everywhere ("DNS attributes for your VPC", "Amazon EC2
 * instance hostname types"). us-east-1 is named as it was before there were regions.
 */
import { formatIp, parseIp } from '#platform/network/ipv4.ts';

const FIRST_REGION = 'us-east-1';

/** `ec2.internal`; also what DHCP tells as the domain. */
export const privateDomain = (region: string): string =>
  region === FIRST_REGION ? 'ec2.internal' : `${region}.compute.internal`;

const publicDomain = (region: string): string =>
  region === FIRST_REGION ? 'compute-1.amazonaws.com' : `${region}.compute.amazonaws.com`;

const dashed = (ip: string): string => ip.replaceAll('.', '-');

export const ipName = (region: string, ip: string): string => `ip-${dashed(ip)}.${privateDomain(region)}`;
export const resourceName = (region: string, instance: string): string => `${instance}.${privateDomain(region)}`;
export const publicName = (region: string, ip: string): string => `ec2-${dashed(ip)}.${publicDomain(region)}`;

/** What a name of one of these forms says. */
export type Named = { readonly privateIp: string } | { readonly publicIp: string } | { readonly instance: string };

export function readName(region: string, name: string): Named | undefined {
  const lower = name.toLowerCase().replace(/\.$/, '');
  const dot = lower.indexOf('.');
  const [host, domain] = [lower.slice(0, dot), lower.slice(dot + 1)];
  if (domain === privateDomain(region)) {
    if (/^i-[0-9a-f]+$/.test(host)) return { instance: host };
    const ip = addressIn(host, 'ip-');
    return ip === undefined ? undefined : { privateIp: ip };
  }
  const ip = domain === publicDomain(region) ? addressIn(host, 'ec2-') : undefined;
  return ip === undefined ? undefined : { publicIp: ip };
}

function addressIn(host: string, prefix: string): string | undefined {
  if (!host.startsWith(prefix)) return undefined;
  const address = parseIp(host.slice(prefix.length).replaceAll('-', '.'));
  return address === undefined ? undefined : formatIp(address);
}
