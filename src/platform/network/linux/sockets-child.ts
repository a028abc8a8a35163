/** Opens the sockets of a VPC inside of its namespace, hands them to its parent, and ends. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Milliseconds, systemClock } from '#platform/base/clock.ts';
import { DNS_ADDRESS, METADATA_ADDRESS } from '#platform/network/linux/names.ts';

const LOOK_AGAIN: Milliseconds = 200;

async function tcp(port: number, host: string): Promise<Server> {
  const server = createServer().listen({ port, host, backlog: 64 });
  await once(server, 'listening');
  return server;
}

async function udp(port: number, host: string): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, host);
  await once(socket, 'listening');
  return socket;
}

async function handOver(name: string, handle: Server | Socket): Promise<void> {
  const answered = once(process, 'message');
  process.send?.(name, handle);
  await answered;
}

/** Who asked for them may end in between, and Node tells nobody as long as a socket is not acknowledged: they would stay open. */
function endIfAlone(): void {
  if (!process.connected) process.exit(1);
  systemClock.after(LOOK_AGAIN, endIfAlone);
}

endIfAlone();
await handOver('metadata', await tcp(80, METADATA_ADDRESS));
await handOver('dhcp', await udp(67, '0.0.0.0'));
await handOver('dns', await udp(53, DNS_ADDRESS));
await handOver('dnsOverTcp', await tcp(53, DNS_ADDRESS));
process.disconnect?.();
process.exit(0);
