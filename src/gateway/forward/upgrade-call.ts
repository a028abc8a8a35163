/** The calling end of what becomes another protocol between two processes: it is asked for with a first frame, and an answer's head says what follows. */
import type { Duplex } from 'node:stream';
import type { Clock, Milliseconds } from '#platform/base/clock.ts';

const HEAD_END = '\r\n\r\n';
const MOST_HEAD_BYTES = 4096;
const NOTHING = Buffer.alloc(0);

export interface UpgradeCall {
  readonly path: string;
  /** The header line that numbers it. */
  readonly number: string;
  readonly hello: Buffer;
  readonly limit: Milliseconds;
}

/** One of both is called, once, before anything else is read: `rest` is what came with the head. */
export interface UpgradeAnswer {
  onHead(status: string, rest: Buffer): void;
  /** The socket is closed: by the other end, in time, or since this is no head. */
  onGone(): void;
}

export function callUpgrade(socket: Duplex, call: UpgradeCall, clock: Clock, { onHead, onGone }: UpgradeAnswer): void {
  const limit = clock.after(call.limit, () => socket.destroy());
  let head: Buffer = NOTHING;
  const end = (): void => {
    limit.cancel();
    socket.off('data', read);
    socket.off('close', fail);
  };
  const fail = (): void => {
    end();
    onGone();
  };
  const read = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    const at = head.indexOf(HEAD_END);
    if (at < 0) {
      if (head.length > MOST_HEAD_BYTES) socket.destroy();
      return;
    }
    end();
    const [, status = ''] = head.toString('latin1', 0, at).split(' ');
    onHead(status, head.subarray(at + HEAD_END.length));
  };
  socket.on('data', read);
  socket.on('close', fail);
  socket.on('error', () => {});
  socket.write(
    `POST ${call.path} HTTP/1.1\r\nhost: makonis\r\nx-makonis-call: ${call.number}\r\nconnection: upgrade\r\nupgrade: makonis\r\ncontent-length: ${call.hello.length}${HEAD_END}`,
  );
  socket.write(call.hello);
}
