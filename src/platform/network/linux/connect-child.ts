/**
 * Opens one connection inside of a VPC's namespace, hands it to its parent as the system's handle, and ends. Nothing is read of it: a
 * guest may speak first, and what was read here would be lost.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { type Milliseconds, seconds, systemClock } from '#platform/base/clock.ts';

const PATIENCE: Milliseconds = seconds(10);
const LOOK_AGAIN: Milliseconds = 200;

const [, , from = '', fromPort = '', to = '', toPort = ''] = process.argv;

function end(complaint: string): never {
  process.stderr.write(complaint);
  process.exit(1);
}

/** Who asked for it may end in between. */
function endIfAlone(): void {
  if (!process.connected) process.exit(1);
  systemClock.after(LOOK_AGAIN, endIfAlone);
}

/** Node hands no socket on without having begun to read it, but its handle. */
const handleOf = (socket: Socket) => (socket as unknown as { readonly _handle: Socket })._handle;

endIfAlone();
systemClock.after(PATIENCE, () => end('nobody answers'));
const socket = createConnection({ host: to, port: Number(toPort), localAddress: from, localPort: Number(fromPort) });
socket.pause();
socket.on('error', ({ message }) => end(message));
await once(socket, 'connect');
const answered = once(process, 'message');
process.send?.('connection', handleOf(socket));
await answered;
process.disconnect?.();
process.exit(0);
