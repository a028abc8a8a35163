/** Asks the host's own resolvers what guests ask for, word for word; at most so many questions at once, and none for longer than a client waits. */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import { randomBytes } from '#platform/base/ids.ts';

export type Forward = (question: Buffer, over: 'udp' | 'tcp') => Promise<Buffer | undefined>;

const PATIENCE: Milliseconds = seconds(4);
const MOST_AT_ONCE = 500;
const MOST_BYTES = 65_535;
const PORT = 53;

/** `servers` says whom to ask: addresses, some with a port. Undefined: nobody answered. */
export function createForwarder(clock: Clock, servers: () => readonly string[]): Forward {
  let pending = 0;
  return async (question, over) => {
    const [server] = servers();
    if (server === undefined || pending >= MOST_AT_ONCE) return undefined;
    const [, address = server, port = String(PORT)] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(server) ?? [];
    const target = isIPv6(server) ? { address: server, port: PORT } : { address, port: Number(port) };
    pending += 1;
    try {
      return await (over === 'udp' ? overUdp(clock, target, question) : overTcp(clock, target, question));
    } finally {
      pending -= 1;
    }
  };
}

interface Target {
  readonly address: string;
  readonly port: number;
}

/** From a port and with a number that nobody can guess: an answer with another number is none. */
function overUdp(clock: Clock, { address, port }: Target, question: Buffer): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const timer = clock.after(PATIENCE, () => resolve(undefined));
  const asked = Buffer.concat([randomBytes(2), question.subarray(2)]);
  socket.on('error', () => resolve(undefined));
  socket.on('message', (answer) => {
    if (answer.length < 12 || !answer.subarray(0, 2).equals(asked.subarray(0, 2))) return;
    resolve(Buffer.concat([question.subarray(0, 2), answer.subarray(2)]));
  });
  socket.connect(port, address, () => socket.send(asked));
  return promise.finally(() => {
    timer.cancel();
    socket.close();
  });
}

function overTcp(clock: Clock, { address, port }: Target, question: Buffer): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const socket = connect(port, address, () => socket.write(framed(question)));
  const timer = clock.after(PATIENCE, () => resolve(undefined));
  let read = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    read = Buffer.concat([read, chunk]);
    const answer = unframed(read);
    if (answer !== undefined) resolve(answer);
  });
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(undefined));
  return promise.finally(() => {
    timer.cancel();
    socket.destroy();
  });
}

/** Over TCP a message comes after its length. */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Math.min(message.length, MOST_BYTES));
  return Buffer.concat([length, message]);
}

/** Undefined as long as it is not whole. */
export function unframed(read: Buffer): Buffer | undefined {
  if (read.length < 2) return undefined;
  const length = read.readUInt16BE();
  return read.length < 2 + length ? undefined : read.subarray(2, 2 + length);
}
