/**
 * What things are called in the kernel. Names follow from ids, so that what is there can be told from what is not ours, after a crash
 * as well. Links have 15 characters; the last 12 digits of an id are random.
 */
import { hash } from 'node:crypto';
import type { InterfaceId, VpcId } from '#platform/network/network.ts';

const DIGITS = 12;

/** Of an interface, in its VPC's namespace. */
export const tapOf = (id: InterfaceId): string => `tap${id.slice(-DIGITS)}`;
/** The outer end of a VPC's way out; the inner one is GATEWAY. */
export const outerLinkOf = (id: VpcId): string => `${OUTER_LINK}${id.slice(-DIGITS)}`;
export const OUTER_LINK = 'mkv';
export const GATEWAY = 'igw0';
/** The rules of a cloud where its VPCs lead out to. */
export const outerTableOf = (tag: string): string => `inet makonis_${tag}`;

/** `tag` tells the clouds of one machine apart. */
export const namespaceOf = (tag: string, id: VpcId): string => `makonis-${tag}-${id}`;

export function vpcOf(tag: string, namespace: string): VpcId | undefined {
  const prefix = `makonis-${tag}-`;
  return namespace.startsWith(prefix) ? namespace.slice(prefix.length) : undefined;
}

/** A subnet's own routing table: its number, above all that people give. */
export const routingTableOf = (subnet: string): number =>
  0x10000000 + (hash('sha256', subnet, 'buffer').readUInt32BE(0) % 0x10000000);

/**
 * The ports that tunnels come from. Those below 1024 take a right that no machine's process has: so the rules know what comes out
 * of a tunnel from what somebody else sends in its name, without root too.
 */
export const TUNNEL_PORTS = [512, 1023] as const;
/** In a VPC's namespace: as what tunnels are seen. */
export const TUNNEL_TABLE = 'inet tunnels';

export const METADATA_ADDRESS = '169.254.169.254';
export const DNS_ADDRESS = '169.254.169.253';
