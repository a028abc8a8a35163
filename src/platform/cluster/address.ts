/** Where a process takes the calls of the others: `host:port`, of which the host is an address that this machine has. */
import { isIPv6 } from 'node:net';

export interface NodeAddress {
  readonly host: string;
  /** 0: one that the system chooses. */
  readonly port: number;
}

/** Undefined for what is none. */
export function parseNodeAddress(text: string): NodeAddress | undefined {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  if (Number(port) > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  const host = bracketed ?? plain;
  return host === undefined ? undefined : { host, port: Number(port) };
}

export const formatNodeAddress = ({ host, port }: NodeAddress): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
