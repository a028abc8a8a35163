/** The answering end of a session (session.ts). */
import type { Duplex } from 'node:stream';
import { BrokenFrame, FrameReader, FrameWriter } from '#gateway/forward/frames.ts';
import { ANSWER, CALL, CANCEL, PING, PONG, Session } from '#gateway/forward/session.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';

/** Who calls, as far as a call asks: most never do. */
export class SessionClient {
  #isGone = false;
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isGone) this.#controller.abort();
    return this.#controller.signal;
  }

  leave(): void {
    this.#isGone = true;
    this.#controller?.abort();
  }
}

function opens(reader: FrameReader): boolean {
  try {
    return reader.next() !== undefined;
  } catch (error) {
    if (error instanceof BrokenFrame) return false;
    throw error;
  }
}

const TAKEN = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: makonis\r\n\r\n';

/** Undefined when what was sent to open it was not sealed for it. `answer` throws nothing. */
export function takeSession(
  hello: Buffer,
  sealer: PurposeSealer,
  number: string,
  answer: (bytes: Buffer, client: SessionClient) => Promise<Buffer>,
): ((socket: Duplex) => void) | undefined {
  const reader = new FrameReader(sealer, number, 'call', hello);
  if (!opens(reader)) return undefined;
  return (socket) => {
    const clients = new Map<number, SessionClient>();
    const session = new Session(socket, new FrameWriter(sealer, number, 'answer'), reader, {
      onMessage(kind, call, bytes) {
        if (kind === CANCEL) clients.get(call)?.leave();
        else if (kind === PING) session.send(PONG, 0);
        else if (kind === CALL) {
          const client = new SessionClient();
          clients.set(call, client);
          void answer(bytes, client).then((found) => {
            clients.delete(call);
            session.send(ANSWER, call, found);
          });
        }
      },
      onClose() {
        for (const client of clients.values()) client.leave();
      },
    });
    socket.write(TAKEN);
  };
}
