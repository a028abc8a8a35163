/**
 * One connection for all calls between two processes that have no long bodies, each way. What is said in a turn of the event loop goes as one
 * sealed frame (frames.ts), so that a busy pair of processes seals, writes and reads about once a turn, however many calls that are.
 * Answers come in any order. The session has a key of its own.
 *
 *     message   u32 length of what follows, u32 number of the call, u8 kind, bytes
 */
import type { Duplex } from 'node:stream';
import { BrokenFrame, type FrameReader, type FrameWriter } from '#gateway/forward/frames.ts';

export const CALL = 1;
export const ANSWER = 2;
/** Whoever called has gone. */
export const CANCEL = 3;
/** Asks for a PONG, to see whether anybody is there. */
export const PING = 4;
export const PONG = 5;

const NOTHING = Buffer.alloc(0);
const LENGTH_BYTES = 4;
const HEAD_BYTES = 5;
/** A message may be longer, and is a frame alone then. */
const FRAME_BYTES = 256 * 1024;

export interface SessionEnd {
  onMessage(kind: number, call: number, bytes: Buffer): void;
  onClose(): void;
}

interface Message {
  readonly kind: number;
  readonly call: number;
  readonly bytes: Buffer;
}

export class Session {
  readonly #socket: Duplex;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #end: SessionEnd;
  #messages: Message[] = [];

  constructor(socket: Duplex, writer: FrameWriter, reader: FrameReader, end: SessionEnd) {
    this.#socket = socket;
    this.#writer = writer;
    this.#reader = reader;
    this.#end = end;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('end', () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => end.onClose());
  }

  send(kind: number, call: number, bytes: Buffer = NOTHING): void {
    if (this.#messages.push({ kind, call, bytes }) === 1) setImmediate(() => this.#flush());
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #flush(): void {
    const messages = this.#messages;
    this.#messages = [];
    if (this.#socket.destroyed) return;
    for (let first = 0; first < messages.length; ) {
      let end = first;
      let length = 0;
      for (; end < messages.length && (end === first || length < FRAME_BYTES); end++)
        length += LENGTH_BYTES + HEAD_BYTES + (messages[end]?.bytes.length ?? 0);
      this.#socket.write(this.#writer.frame(joined(messages.slice(first, end), length)));
      first = end;
    }
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) this.#open(frame);
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error;
      this.#socket.destroy();
    }
  }

  #open(frame: Buffer): void {
    for (let at = 0; at < frame.length; ) {
      const end = at + LENGTH_BYTES + frame.readUInt32LE(at);
      const call = frame.readUInt32LE(at + LENGTH_BYTES);
      const kind = frame.readUInt8(at + LENGTH_BYTES + HEAD_BYTES - 1);
      this.#end.onMessage(kind, call, frame.subarray(at + LENGTH_BYTES + HEAD_BYTES, end));
      at = end;
    }
  }
}

function joined(messages: readonly Message[], length: number): Buffer {
  const frame = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { kind, call, bytes } of messages) {
    frame.writeUInt32LE(HEAD_BYTES + bytes.length, at);
    frame.writeUInt32LE(call, at + LENGTH_BYTES);
    frame.writeUInt8(kind, at + LENGTH_BYTES + HEAD_BYTES - 1);
    frame.set(bytes, at + LENGTH_BYTES + HEAD_BYTES);
    at += LENGTH_BYTES + HEAD_BYTES + bytes.length;
  }
  return frame;
}
