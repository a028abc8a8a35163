/**
 * Accepted connections that lend their bytes: all are read into one buffer, and who listens looks at them until it returns. As a stream
 * each read costs a buffer of 64 KiB, a copy of what is in it and what streams do: a fifth of an echo's CPU. Node reads this way for sockets that one
 * opens (`onread`); an accepted one gives its handle to such a socket.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';

const lent = Buffer.allocUnsafeSlow(64 * 1024);

/** `onBytes` answers false for what is not its own: that goes through the socket as through any stream. */
export function lendingSocket(accepted: Socket, onBytes: (bytes: Buffer) => boolean): Socket {
  // Of both Node's types say nothing: that a socket has a handle, and that one can be made of a handle.
  const handled = accepted as unknown as { _handle: object | null };
  const handle = handled._handle;
  handled._handle = null;
  const callback = (count: number): boolean => {
    const bytes = lent.subarray(0, count);
    return onBytes(bytes) || socket.push(Buffer.from(bytes));
  };
  const options = { handle, allowHalfOpen: true, onread: { buffer: lent, callback } };
  // The server counts the accepted one as open for ever; nobody asks it.
  const socket = new Socket(options as SocketConstructorOpts);
  return socket;
}
