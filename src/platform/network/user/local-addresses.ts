/** Public addresses without root: of 127.0.0.0/8, which every machine has, and ports there. */
import type { RulePlan } from '#platform/network/network.ts';

export const LOCAL_PUBLIC_CIDR = '127.77.0.0/16';
/** Who is not root may not listen below. */
const FIRST_FREE_PORT = 1024;
const MOVED_BY = 8000;
/** A rule that opens more is not for one service. */
const MOST_PORTS = 32;

export const outerPort = (port: number): number => (port < FIRST_FREE_PORT ? port + MOVED_BY : port);

/** Of TCP, to which some rule lets this machine. */
export function openPorts(rules: readonly RulePlan[]): number[] {
  const ports = new Set<number>();
  for (const { protocol, fromPort = -1, toPort = -1, peer } of rules) {
    const isForUs = 'cidr' in peer && (peer.cidr === '0.0.0.0/0' || peer.cidr.startsWith('127.'));
    if (protocol !== 'tcp' || !isForUs || fromPort < 1 || toPort - fromPort >= MOST_PORTS) continue;
    for (let port = fromPort; port <= toPort && ports.size < MOST_PORTS; port++) ports.add(port);
  }
  return [...ports];
}
