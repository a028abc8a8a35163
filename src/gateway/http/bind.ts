/** The same port on several addresses. */
import type { AddressInfo, Server } from 'node:net';
import { present } from '#platform/base/assert.ts';

export const loopbackHosts: readonly string[] = ['127.0.0.1', '::1'];

/** An address that this host does not have: no IPv6 in a container, say. */
const absent = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);
const PORT_ATTEMPTS = 10;

interface Binding {
  readonly servers: readonly Server[];
  readonly port: number;
  readonly addresses: readonly string[];
}

/**
 * One server of `create` on each host. Port 0 lets the system choose for the first host; if a later one has that port taken,
 * another is tried. Rejects when a port is taken or no host can be bound. `isShared`: threads of this process may listen on it too.
 */
export async function bindAll(
  create: () => Server,
  hosts: readonly string[],
  port: number,
  isShared = false,
): Promise<Binding> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bindOnce(create, hosts, port, isShared);
    } catch (error) {
      if (port !== 0 || codeOf(error) !== 'EADDRINUSE' || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function bindOnce(
  create: () => Server,
  hosts: readonly string[],
  port: number,
  isShared: boolean,
): Promise<Binding> {
  const servers: Server[] = [];
  const addresses: string[] = [];
  let bound = port;
  let failure: unknown;
  try {
    for (const host of hosts) {
      const server = create();
      try {
        bound = await listen(server, host, bound, isShared);
      } catch (error) {
        if (!absent.has(codeOf(error))) throw error;
        failure = error;
        continue;
      }
      servers.push(server);
      addresses.push(host);
    }
    if (servers.length === 0) throw failure ?? new Error('no address to listen on');
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  return { servers, port: bound, addresses };
}

function listen(server: Server, host: string, port: number, reusePort: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024, reusePort }, () => {
      server.off('error', reject);
      // A TCP server that listens has an address, and it is no path.
      resolve((present(server.address(), 'a listening server has an address') as AddressInfo).port);
    });
  });
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? '';
