/**
 * A connection that a call has left in the process where its account is held (platform/connections.ts: a tunnel), carried to a client of
 * another process: by a connection between the two for that alone, in frames that are sealed by a key of its own.
 */
import { Duplex } from 'node:stream';
import { NotSent } from '#gateway/forward/connection.ts';
import { BrokenFrame, FrameReader, FrameWriter } from '#gateway/forward/frames.ts';
import { callUpgrade } from '#gateway/forward/upgrade-call.ts';
import type { TakeOver } from '#gateway/http/listener.ts';
import { type Clock, type Milliseconds, seconds } from '#platform/base/clock.ts';
import type { OpenConnection } from '#platform/connections.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';

export const CARRIED = '/carried';
/** Opening what is to be carried may take as long there as here. */
const OPENING_LIMIT: Milliseconds = seconds(30);
const NOTHING = Buffer.alloc(0);
const HEAD_END = '\r\n\r\n';
const TAKEN = `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: makonis${HEAD_END}`;
const UNREACHED = `HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0${HEAD_END}`;

/** Plain on this side, sealed frames on the other. An empty frame is its end; what ends without one was cut off. */
class Carried extends Duplex {
  readonly #socket: Duplex;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  /** All that there is has come. */
  #isWhole = false;

  constructor(socket: Duplex, writer: FrameWriter, reader: FrameReader) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#writer = writer;
    this.#reader = reader;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#isWhole || this.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.destroy());
    // What came with the head.
    this.#take(NOTHING);
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(this.#writer.frame(bytes), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(this.#writer.frame(NOTHING), done);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
      let hasRoom = true;
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next())
        hasRoom = this.#takeFrame(frame) && hasRoom;
      if (!hasRoom) this.#socket.pause();
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error;
      this.destroy();
    }
  }

  #takeFrame(frame: Buffer): boolean {
    this.#isWhole = frame.length === 0;
    return this.push(this.#isWhole ? null : frame);
  }
}

interface Carrying {
  readonly sealer: PurposeSealer;
  /** Of the call, among all of the two processes. */
  readonly number: string;
}

/** The end that asks for it, by the id of the request that has left it. Rejects with `NotSent` where nothing is known of it. */
export function carriedFrom(
  socket: Duplex,
  requestId: string,
  { sealer, number, clock }: Carrying & { readonly clock: Clock },
): Promise<Duplex> {
  const writer = new FrameWriter(sealer, number, 'call');
  const hello = writer.frame(Buffer.from(requestId));
  return new Promise((resolve, reject) => {
    callUpgrade(socket, { path: CARRIED, number, hello, limit: OPENING_LIMIT }, clock, {
      onHead(status, rest) {
        if (status === '101') {
          resolve(new Carried(socket, writer, new FrameReader(sealer, number, 'answer', rest)));
          return;
        }
        socket.destroy();
        reject(status === '502' ? new Error('it leads nowhere') : new NotSent('the other process knows of none'));
      },
      onGone: () => reject(new NotSent('the other process has left')),
    });
  });
}

/** The end that has it. Undefined: what was sent was not sealed for this, or nothing is left here under that id. */
export function carriedTo(
  hello: Buffer,
  { sealer, number }: Carrying,
  taken: (requestId: string) => OpenConnection | undefined,
): TakeOver | undefined {
  const reader = new FrameReader(sealer, number, 'call', hello);
  const open = taken(opened(reader) ?? '');
  if (open === undefined) return undefined;
  return async (socket) => {
    socket.pause();
    socket.on('error', () => socket.destroy());
    try {
      const connection = await open();
      socket.once('close', () => connection.destroy());
      if (socket.destroyed) return void connection.destroy();
      socket.write(TAKEN);
      const carried = new Carried(socket, new FrameWriter(sealer, number, 'answer'), reader);
      connection.on('error', () => carried.destroy());
      connection.on('close', () => carried.writableEnded || carried.destroy());
      carried.pipe(connection).pipe(carried);
    } catch {
      socket.end(UNREACHED);
    }
  };
}

function opened(reader: FrameReader): string | undefined {
  try {
    return reader.next()?.toString();
  } catch (error) {
    if (error instanceof BrokenFrame) return undefined;
    throw error;
  }
}
