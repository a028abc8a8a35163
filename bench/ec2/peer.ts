/** The other end of a guest's network: takes all that comes, or sends. `node bench/ec2/peer.ts PORT` prints a line when it listens. */
import { createServer, type Server, type Socket } from 'node:net';

export const SENT_BYTES = 64 * 2 ** 20;

/** A connection begins with what it is for: `up` and then bytes, or `down`. */
function serve(socket: Socket, told: (bytesPerSecond: number) => void): void {
  let from = 0;
  let bytes = 0;
  const finish = (): void => told(bytes / ((performance.now() - from) / 1000));
  socket.once('data', (first) => {
    from = performance.now();
    if (first.toString('latin1', 0, 4) === 'down') {
      bytes = SENT_BYTES;
      socket.end(Buffer.alloc(SENT_BYTES));
      socket.resume();
      return;
    }
    bytes = first.length;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
  });
  socket.on('error', () => {});
  socket.on('close', finish);
}

export const listenAsPeer = (port: number, told: (bytesPerSecond: number) => void): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((socket) => serve(socket, told)).listen(port, () => resolve(server));
  });

if (process.argv[1] === import.meta.filename) {
  await listenAsPeer(Number(process.argv[2]), (bytesPerSecond) => console.log(bytesPerSecond));
  console.log('listening');
}
