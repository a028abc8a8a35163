/** An answer whose body is a stream: with the length that the handler gives, or in chunks. */
import type { Duplex } from 'node:stream';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { assert } from '#platform/base/assert.ts';
import { givenLength, openHead } from './http1-response.ts';

interface AnswerFlow {
  onBegin(): void;
  /** False: wait for `drain`. */
  write(bytes: string | Uint8Array): boolean;
}

/** Rejects when the stream fails or does not keep to its length; returns early when the client is gone. */
export async function writeStream(
  socket: Duplex,
  response: WireResponse,
  body: AsyncIterable<Uint8Array>,
  tail: string,
  flow: AnswerFlow,
): Promise<void> {
  const length = givenLength(response);
  const head =
    openHead(response) + (length === undefined ? 'transfer-encoding: chunked\r\n' : `content-length: ${length}\r\n`);
  let sent = 0;
  // The head waits for the first piece: a stream that fails at once can still become an honest error.
  let pending = head + tail;
  for await (const chunk of body) {
    if (socket.destroyed) return;
    if (chunk.length === 0) continue;
    sent += chunk.length;
    assert(length === undefined || sent <= length, "an answer's stream is longer than its content-length");
    flow.onBegin();
    socket.cork();
    flow.write(length === undefined ? `${pending}${chunk.length.toString(16)}\r\n` : pending);
    let hasRoom = flow.write(chunk);
    if (length === undefined) hasRoom = flow.write('\r\n');
    socket.uncork();
    pending = '';
    if (!hasRoom) await roomIn(socket);
  }
  assert(length === undefined || sent === length, "an answer's stream is shorter than its content-length");
  flow.onBegin();
  flow.write(length === undefined ? `${pending}0\r\n\r\n` : pending);
}

/** Resolves when it takes more, or is closed. */
export function roomIn(socket: Duplex): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle);
      socket.off('close', settle);
      resolve();
    };
    socket.on('drain', settle);
    socket.on('close', settle);
  });
}
