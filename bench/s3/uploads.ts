/**
 * Many clients upload large objects at once: how fast, and how much memory the server has at most. With a time each client overwrites its
 * object until the time is up, so that more flows than the disk has room for.
 * Run: node bench/s3/uploads.ts [clients] [MiB each] [seconds]
 */
import { connect } from 'node:net';
import { sha256Hex } from '#gateway/auth/digest.ts';
import { startMakonis } from '../sqs/peers.ts';
import { s3Head, s3Request } from './request.ts';

const [clients = 64, mebibytes = 16, longest = 0] = process.argv.slice(2).map(Number);
const body = Buffer.alloc(mebibytes * 1024 * 1024, 'makonis ');
const digest = sha256Hex(body);

const peer = await startMakonis();

/** Resolves with the status. */
const send = (head: Buffer, content?: Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(peer.port, '127.0.0.1', () => {
      socket.write(head);
      if (content) socket.write(content);
    });
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1', 9, 12));
    });
  });

try {
  await send(s3Request(peer, 'PUT', '/objects'));
  const before = peer.residentMib();
  const cpu = peer.cpuSeconds();
  const begin = performance.now();
  const statuses: string[] = [];
  const client = async (at: number): Promise<void> => {
    do statuses.push(await send(s3Head(peer, 'PUT', `/objects/${at}`, digest, body.length), body));
    while (performance.now() - begin < longest * 1000);
  };
  await Promise.all(Array.from({ length: clients }, (_, at) => client(at)));
  const seconds = (performance.now() - begin) / 1000;
  const total = statuses.length * mebibytes;
  const cpuMilliseconds = ((peer.cpuSeconds() - cpu) * 1000) / total;
  console.log(
    `${clients} clients, ${mebibytes} MiB each: ${statuses.filter((status) => status === '200').length} of ${statuses.length} stored, ${(total / seconds).toFixed(0)} MiB/s, ` +
      `${cpuMilliseconds.toFixed(2)} ms CPU a MiB, memory ${before.toFixed(0)} -> at most ${peer.mostResidentMib().toFixed(0)} MiB`,
  );
} finally {
  await peer.stop();
}
