/** How a connection's requests get to where they are served, when that is another thread: see front/. */
import type { Duplex } from 'node:stream';
import { roomIn } from './http1-body-writer.ts';
import type { Http1Head } from './http1-head.ts';
import type { Http1Request } from './http1-request.ts';

/** One of both is called, once. `closes`: the answer says that it is the connection's last. */
export interface CarriedAnswer {
  /** Head and body, as they are to be written; the bytes are nobody's else. */
  whole(bytes: Buffer, closes: boolean): void;
  /** The same as it comes. */
  stream(passage: Duplex, closes: boolean): void;
}

export interface Carrier {
  /** It is more than a request with a short body: the connection is passed on with it, for good. */
  mustPass(head: Http1Head): boolean;
  pass(remoteAddress: string): Duplex;
  carry(request: Http1Request, keepAlive: boolean, answer: CarriedAnswer): void;
}

/** A head as one that reads the same. */
export function headText({ method, path, query, headers }: Http1Head): string {
  let text = `${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  return `${text}\r\n`;
}

/** From here on all that either side says goes to the other; what came behind the head first of all. */
export function joinPassage(socket: Duplex, passage: Duplex, head: Http1Head, hasEnded: boolean): void {
  passage.write(headText(head), 'latin1');
  passage.on('close', () => {
    if (!passage.readableEnded) socket.destroy();
  });
  passage.pipe(socket);
  // The reader passes on what it has in this turn.
  queueMicrotask(() => {
    if (hasEnded) passage.end();
    else socket.pipe(passage);
  });
}

/** An answer as it comes; false when it breaks off. */
export async function relay(passage: Duplex, socket: Duplex, write: (bytes: Buffer) => boolean): Promise<boolean> {
  try {
    for await (const chunk of passage) if (!write(chunk)) await roomIn(socket);
    return true;
  } catch {
    return false;
  } finally {
    passage.destroy();
  }
}
