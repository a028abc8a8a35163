/**
 * What goes between two processes, either way: frames of `u32 length, sealed bytes`. The first is the call or its answer; those of a
 * stream follow, each with a letter in front of what it holds. The additional data of a seal is the number of the call, the way
 * and the number of the frame: nothing can be moved, repeated or left out.
 */
import { deserialize, serialize } from 'node:v8';
import type { Stream } from '#gateway/forward/packing.ts';
import { type Refusal, refusalOf, refused } from '#gateway/forward/refusal.ts';
import { assert } from '#platform/base/assert.ts';
import type { PurposeSealer } from '#platform/secrets/sealer.ts';

export type Way = 'call' | 'answer';

const LENGTH_BYTES = 4;
/** A message of the largest input, and its seal. */
export const LARGEST_FRAME = 16 * 2 ** 20;
/** Of a stream's bytes. */
const LARGEST_PIECE = 256 * 1024;

const BYTES = 1;
const VALUE = 2;
const END = 3;
const FAILED = 4;

/** Somebody else's, an altered one, or one that is not whole. */
export class BrokenFrame extends Error {
  override name = 'BrokenFrame';
}

/** Seals the frames of one way of one call. */
export class FrameWriter {
  readonly #sealer: PurposeSealer;
  readonly #place: string;
  #index = 0;

  constructor(sealer: PurposeSealer, number: string, way: Way) {
    this.#sealer = sealer;
    this.#place = `${number} ${way}`;
  }

  frame(plain: Uint8Array): Buffer {
    const sealed = this.#sealer.seal(plain, `${this.#place} ${this.#index++}`, LENGTH_BYTES);
    sealed.writeUInt32LE(sealed.length - LENGTH_BYTES, 0);
    return sealed;
  }

  /** One has been sent by another writer. */
  skip(): void {
    this.#index++;
  }

  /** A stream's frames, and how it ended. What it throws is a frame too. */
  async *frames(stream: Stream): AsyncGenerator<Buffer, void> {
    try {
      for await (const piece of stream) {
        if (!(piece instanceof Uint8Array)) yield this.#lettered(VALUE, serialize(piece));
        else
          for (let at = 0; at < piece.length; at += LARGEST_PIECE)
            yield this.#lettered(BYTES, piece.subarray(at, at + LARGEST_PIECE));
      }
    } catch (error) {
      yield this.#lettered(FAILED, serialize(refusalOf(error)));
      return;
    }
    yield this.#lettered(END, serialize('trailers' in stream ? { ...(stream.trailers as object) } : {}));
  }

  #lettered(letter: number, bytes: Uint8Array): Buffer {
    const plain = Buffer.allocUnsafe(bytes.length + 1);
    plain[0] = letter;
    plain.set(bytes, 1);
    return this.frame(plain);
  }
}

/** Opens the frames of one way of one call. */
export class FrameReader {
  readonly #sealer: PurposeSealer;
  readonly #place: string;
  readonly #source: AsyncIterator<Uint8Array>;
  #index = 0;
  #bytes: Buffer;
  /** What came after `#bytes`, until there is enough for a frame. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  /** `head`: what came of it so far. */
  constructor(
    sealer: PurposeSealer,
    number: string,
    way: Way,
    head: Buffer = NO_BYTES,
    source?: AsyncIterable<Uint8Array>,
  ) {
    this.#sealer = sealer;
    this.#place = `${number} ${way}`;
    this.#bytes = head;
    this.#source = source?.[Symbol.asyncIterator]() ?? NOTHING;
  }

  push(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
  }

  /** Undefined when it lies not here whole. */
  next(): Buffer | undefined {
    if (!this.#hasFrame()) return undefined;
    const length = this.#bytes.readUInt32LE(0);
    const end = LENGTH_BYTES + length;
    const plain = this.#sealer.open(this.#bytes.subarray(LENGTH_BYTES, end), `${this.#place} ${this.#index++}`);
    if (plain === undefined) throw new BrokenFrame('a frame was not sealed here for this');
    this.#bytes = this.#bytes.subarray(end);
    return plain;
  }

  /** Puts pieces together when they are enough for a frame: its length, then all of it. */
  #hasFrame(): boolean {
    for (let wanted = LENGTH_BYTES; ; ) {
      const here = this.#bytes.length + this.#piecesBytes;
      if (here < wanted) return false;
      if (this.#bytes.length < wanted) this.#join();
      const length = this.#bytes.readUInt32LE(0);
      if (length > LARGEST_FRAME) throw new BrokenFrame('a frame is too large');
      if (this.#bytes.length >= LENGTH_BYTES + length) return true;
      if (here < LENGTH_BYTES + length) return false;
      wanted = LENGTH_BYTES + length;
    }
  }

  #join(): void {
    const [first] = this.#pieces;
    const isAlone = this.#bytes.length === 0 && this.#pieces.length === 1 && first !== undefined;
    this.#bytes = isAlone ? first : Buffer.concat([this.#bytes, ...this.#pieces]);
    this.#pieces = [];
    this.#piecesBytes = 0;
  }

  async read(): Promise<Buffer> {
    for (;;) {
      const frame = this.next();
      if (frame !== undefined) return frame;
      const { done, value } = await this.#source.next();
      if (done === true) throw new BrokenFrame('a message has no end');
      this.push(asBuffer(value));
    }
  }

  /** The stream that follows; its `trailers` are filled when it has ended. */
  stream(): Stream {
    const trailers: Record<string, string | undefined> = {};
    const frames = (): Promise<Buffer> => this.read();
    async function* pieces(): AsyncGenerator<unknown, void> {
      for (;;) {
        const frame = await frames();
        const rest = frame.subarray(1);
        if (frame[0] === BYTES) yield rest;
        else if (frame[0] === VALUE) yield deserialize(rest);
        else if (frame[0] === FAILED) throw refused(deserialize(rest) as Refusal);
        else {
          assert(frame[0] === END, 'a frame of a stream has one of four letters');
          Object.assign(trailers, deserialize(rest));
          return;
        }
      }
    }
    return Object.assign(pieces(), { trailers });
  }
}

const NO_BYTES = Buffer.alloc(0);
const NOTHING: AsyncIterator<Uint8Array> = { next: async () => ({ done: true, value: undefined }) };

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
