/**
 * The chunked transfer coding (RFC 9112 7.1), strictly: a size is one to eight hexadecimal digits and CRLF. Chunk
 * extensions are refused: no AWS client sends them, and parsers differ over them. Trailers are checked and dropped; the
 * trailers of `aws-chunked` are inside the body and not these.
 */
import { byteClass, NAME, VALUE } from './http1-head.ts';
import type { HttpLimits } from './limits.ts';
import { type Refusal, refusals } from './refusal.ts';

const CR = 13;
const LF = 10;
const COLON = 58;
const LONGEST_SIZE = 8;

type State =
  | 'size'
  | 'sizeEnd'
  | 'data'
  | 'dataCr'
  | 'dataLf'
  | 'line'
  | 'name'
  | 'value'
  | 'lineEnd'
  | 'lastLf'
  | 'done';

const hexDigit = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return digit;
});

export class ChunkedDecoder {
  readonly #limits: HttpLimits;
  #state: State = 'size';
  #remaining = 0;
  #digits = 0;
  #trailerBytes = 0;
  refusal: Refusal | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Reads on from `at`, until a piece of data is found, the body ends, the bytes do, or there is a refusal. */
  read(bytes: Buffer, start: number, onData: (chunk: Buffer) => void): number {
    let at = start;
    while (at < bytes.length && this.#state !== 'done' && !this.refusal) {
      if (this.#state !== 'data') {
        this.#step(bytes[at++] as number); // at < length
        continue;
      }
      const end = Math.min(bytes.length, at + this.#remaining);
      this.#remaining -= end - at;
      if (this.#remaining === 0) this.#state = 'dataCr';
      onData(bytes.subarray(at, end));
      return end;
    }
    return at;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#size(byte);
        return;
      case 'sizeEnd':
        if (byte !== LF) break;
        this.#digits = 0;
        this.#state = this.#remaining > 0 ? 'data' : 'line';
        return;
      case 'dataCr':
        if (byte !== CR) break;
        this.#state = 'dataLf';
        return;
      case 'dataLf':
        if (byte !== LF) break;
        this.#state = 'size';
        return;
      case 'lastLf':
        if (byte !== LF) break;
        this.#state = 'done';
        return;
      default:
        this.#trailer(byte);
        return;
    }
    this.refusal = refusals.chunk;
  }

  #size(byte: number): void {
    const digit = hexDigit[byte] as number; // a byte is below 256
    if (digit >= 0 && this.#digits < LONGEST_SIZE) {
      this.#digits++;
      this.#remaining = this.#remaining * 16 + digit;
    } else if (byte === CR && this.#digits > 0) this.#state = 'sizeEnd';
    else this.refusal = refusals.chunk;
  }

  #trailer(byte: number): void {
    if (++this.#trailerBytes > this.#limits.trailerBytes) this.refusal = refusals.headSize;
    else if (this.#state === 'line' && byte === CR) this.#state = 'lastLf';
    else if (this.#state === 'name' && byte === COLON) this.#state = 'value';
    else if (this.#state === 'value' && byte === CR) this.#state = 'lineEnd';
    else if (this.#state === 'lineEnd' && byte === LF) this.#state = 'line';
    else if (this.#state === 'value' && ((byteClass[byte] as number) & VALUE) !== 0)
      return; // a byte is below 256
    else if ((this.#state === 'line' || this.#state === 'name') && ((byteClass[byte] as number) & NAME) !== 0) {
      this.#state = 'name';
    } else this.refusal = refusals.chunk;
  }
}
