/** The other end of a guest's network: takes all that comes, or sends. `node bench/ec2/peer.ts PORT` prints a line when it listens. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export const SENT_MIB = 256;
const MIB = Buffer.alloc(2 ** 20);

async function send(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  for (let sent = 0; sent < SENT_MIB && !socket.destroyed; sent++) {
    if (!socket.write(MIB)) await Promise.race([once(socket, 'drain'), closed]);
  }
  socket.end();
}

/** A connection begins with what it is for: `up` and then bytes, or `down`. */
function serve(socket: Socket, told: (bytesPerSecond: number) => void): void {
  let from = 0;
  let bytes = 0;
  socket.once('data', (first) => {
    from = performance.now();
    if (first.toString('latin1', 0, 4) === 'down') {
      bytes = SENT_MIB * MIB.length;
      socket.resume();
      // Who goes away meanwhile is measured to there.
      send(socket).catch(() => {});
      return;
    }
    bytes = first.length;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
  });
  socket.on('error', () => {});
  socket.on('close', () => told(bytes / ((performance.now() - from) / 1000)));
}

export const listenAsPeer = (port: number, told: (bytesPerSecond: number) => void): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((socket) => serve(socket, told)).listen(port, () => resolve(server));
  });

if (process.argv[1] === import.meta.filename) {
  await listenAsPeer(Number(process.argv[2]), (bytesPerSecond) => console.log(bytesPerSecond));
  console.log('listening');
}
