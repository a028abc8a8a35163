/**
 * A connection's bytes, cut into requests. Pure: bytes are pushed in, the sink is told what they mean, nothing else
 * happens. They are lent to both: what is kept is copied. One request at a time: after a request's end the reader keeps what a client sends ahead and reads on when
 * `proceed` says that the answer is out. So pipelined requests are answered in order by construction.
 */
import { ChunkedDecoder } from './http1-chunked.ts';
import { CHUNKED, HeadParser, type Http1Head } from './http1-head.ts';
import type { HttpLimits } from './limits.ts';
import type { Refusal } from './refusal.ts';

export interface ReaderSink {
  onHead(head: Http1Head): void;
  /** A piece of the body; never empty. */
  onBody(lent: Buffer): void;
  onEnd(): void;
  /** What follows a head after which the reader was told to `pass`: all there is from then on. */
  onPassed?(lent: Buffer): void;
  /** The last that is heard of this reader. */
  onRefuse(refusal: Refusal): void;
}

type ReaderState = 'head' | 'body' | 'chunked' | 'held' | 'passing' | 'stopped';

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1');
const SMALLEST_STORE = 4096;

export class Http1Reader {
  readonly #limits: HttpLimits;
  readonly #parser: HeadParser;
  readonly #sink: ReaderSink;
  #state: ReaderState = 'head';
  #remaining = 0;
  #chunked: ChunkedDecoder | undefined;
  #running = false;
  /** An incomplete head, or what a client sent ahead; grows by doubling, so that single bytes are not copied each time. */
  #store: Buffer | undefined;
  #stored = 0;

  /** The parser may serve many readers: it keeps nothing between calls. */
  constructor(sink: ReaderSink, limits: HttpLimits, parser = new HeadParser(limits)) {
    this.#sink = sink;
    this.#limits = limits;
    this.#parser = parser;
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** Bytes that wait: of an incomplete head, or sent ahead. */
  get stored(): number {
    return this.#stored;
  }

  push(chunk: Buffer): void {
    if (this.#state === 'stopped') return;
    if (this.#stored === 0 && this.#state !== 'held') {
      this.#run(chunk);
      return;
    }
    this.#keep(chunk);
    if (this.#state !== 'held' && this.#mayHoldHead()) this.#run(this.#take());
  }

  /** The answer is out: on to the next request. */
  proceed(): void {
    if (this.#state !== 'held') return;
    this.#state = 'head';
    if (!this.#running && this.#stored > 0) this.#run(this.#take());
  }

  /** From inside `onHead`: what follows is not for this reader. */
  pass(): void {
    this.#state = 'passing';
  }

  /** Reads no further, whatever comes. */
  stop(): void {
    this.#state = 'stopped';
    this.#store = undefined;
    this.#stored = 0;
  }

  #run(bytes: Buffer): void {
    this.#running = true;
    let at = 0;
    while (at >= 0 && at < bytes.length) {
      if (this.#state === 'head') at = this.#readHead(bytes, at);
      else if (this.#state === 'body') at = this.#readBody(bytes, at);
      else if (this.#state === 'chunked') at = this.#readChunked(bytes, at);
      else if (this.#state === 'passing') at = this.#passOn(bytes, at);
      else break;
    }
    this.#running = false;
    if (this.#state === 'held' && at >= 0 && at < bytes.length) this.#keep(bytes.subarray(at));
  }

  /** Where to read on; -1 when all bytes are used up. */
  #readHead(bytes: Buffer, at: number): number {
    const head = this.#parser.parse(bytes, at);
    if (head === undefined) {
      this.#keep(at === 0 ? bytes : bytes.subarray(at));
      return -1;
    }
    if (!('headers' in head)) return this.#refuse(head);
    const { bodyLength } = head;
    this.#remaining = bodyLength;
    this.#chunked = bodyLength === CHUNKED ? new ChunkedDecoder(this.#limits) : undefined;
    this.#state = bodyLength === CHUNKED ? 'chunked' : bodyLength > 0 ? 'body' : 'held';
    this.#sink.onHead(head);
    // The sink may have stopped the reader in between.
    if (bodyLength === 0 && this.#state === 'held') this.#sink.onEnd();
    return at + head.byteLength;
  }

  #passOn(bytes: Buffer, at: number): -1 {
    this.#sink.onPassed?.(bytes.subarray(at));
    return -1;
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#sink.onBody(bytes.subarray(at, end));
    if (this.#remaining === 0) this.#endBody();
    return end;
  }

  #readChunked(bytes: Buffer, at: number): number {
    const decoder = this.#chunked;
    if (!decoder) return -1;
    const end = decoder.read(bytes, at, (chunk) => this.#sink.onBody(chunk));
    if (decoder.refusal) return this.#refuse(decoder.refusal);
    if (decoder.done) this.#endBody();
    return end;
  }

  #endBody(): void {
    if (this.#state === 'stopped') return;
    this.#chunked = undefined;
    this.#state = 'held';
    this.#sink.onEnd();
  }

  #refuse(refusal: Refusal): -1 {
    this.stop();
    this.#sink.onRefuse(refusal);
    return -1;
  }

  #keep(bytes: Buffer): void {
    const needed = this.#stored + bytes.length;
    if (!this.#store || this.#store.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST_STORE, needed * 2));
      this.#store?.copy(larger, 0, 0, this.#stored);
      this.#store = larger;
    }
    bytes.copy(this.#store, this.#stored);
    this.#stored = needed;
  }

  #take(): Buffer {
    const bytes = (this.#store ?? HEAD_END).subarray(0, this.#stored);
    this.#store = undefined;
    this.#stored = 0;
    return bytes;
  }

  /** Whether parsing the stored bytes can come to a result: a slow client's head is parsed once, not for each byte. */
  #mayHoldHead(): boolean {
    const stored = this.#store?.subarray(0, this.#stored) ?? HEAD_END;
    return stored.length >= this.#limits.headBytes || stored.indexOf(HEAD_END) >= 0;
  }
}
