/**
 * The content encoding aws-chunked, decoded:
 *
 *     <hex size>[;chunk-signature=<signature>]\r\n <bytes> \r\n … 0[;chunk-signature=…]\r\n
 *     [<trailer>:<value>\r\n … [x-amz-trailer-signature:<signature>\r\n]] \r\n
 *
 * A machine that is fed buffers as they come and gives out decoded bytes. Of a signed body a chunk's bytes come out only
 * after its signature is found right, so it holds one chunk at most; unsigned bytes pass through. What the trailers say
 * of the body (checksums) is for the caller to check, before it believes the body.
 */
import type { ChunkSignatures } from '#gateway/auth/chunk-signatures.ts';
import type { Headers } from '#gateway/wire/protocol.ts';
import { ServiceError } from '#platform/error.ts';

export interface ChunkedOptions {
  /** The header x-amz-decoded-content-length. */
  readonly decodedLength: number;
  readonly hasTrailers: boolean;
  /** Undefined for an unsigned body. */
  readonly signatures: ChunkSignatures | undefined;
}

/** All but the last chunk must have this size (S3 API Reference). */
const SMALLEST_CHUNK = 8192;
/** A signed chunk waits in memory for its last byte. The SDKs send 64 to 128 KiB. */
const LARGEST_SIGNED_CHUNK = 16 * 1024 * 1024;
const LONGEST_LINE = 1024;
const LARGEST_TRAILERS = 8192;
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

const error = (status: number, code: string, message: string, fields?: Record<string, unknown>): ServiceError =>
  new ServiceError(code, message, fields ? { status, fields } : { status });

const incompleteBody = (): ServiceError => error(400, 'IncompleteBody', 'The request body terminated unexpectedly');
const wrongLength = (): ServiceError =>
  error(
    400,
    'IncompleteBody',
    'You did not provide the number of bytes specified by the x-amz-decoded-content-length header',
  );
const malformedTrailer = (): ServiceError =>
  error(
    400,
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
const badSignature = (): ServiceError =>
  error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
const chunkTooSmall = (chunk: number, size: number): ServiceError =>
  error(403, 'InvalidChunkSizeError', 'Only the last chunk is allowed to have a size less than 8192 bytes', {
    Chunk: String(chunk),
    BadChunkSize: String(size),
  });
const chunkTooLarge = (chunk: number, size: number): ServiceError =>
  error(400, 'InvalidChunkSizeError', `A signed chunk may have at most ${LARGEST_SIGNED_CHUNK} bytes`, {
    Chunk: String(chunk),
    BadChunkSize: String(size),
  });

/** The header's value as a number; throws as S3 does where it is missing or no number. */
export function decodedLengthOf(headers: Headers): number {
  const text = headers['x-amz-decoded-content-length'];
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  return Number(text);
}

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done';

export class ChunkedDecoder {
  readonly #options: ChunkedOptions;
  #state: State = 'size';
  /** A line that has not ended yet. */
  #line = '';
  #chunk = 0;
  #size = 0;
  #remaining = 0;
  #signature = '';
  /** The signed chunk that is being gathered; allocated as bytes come, never on the word of a size alone. */
  #held: Buffer[] = [];
  #total = 0;
  #trailerBytes = 0;
  readonly #trailers: [name: string, value: string][] = [];
  #trailerSignature: string | undefined;

  constructor(options: ChunkedOptions) {
    this.#options = options;
  }

  /** The decoded bytes that `input` completes, in order; views of `input` where nothing had to be held. */
  push(input: Buffer): Buffer[] {
    const output: Buffer[] = [];
    let at = 0;
    while (at < input.length) {
      if (this.#state === 'data') at = this.#takeData(input, at, output);
      else if (this.#state === 'done') throw malformedTrailer();
      else at = this.#takeLine(input, at, output);
    }
    return output;
  }

  /** The trailers, by lower-case name. To be called after the last byte. */
  end(): Headers {
    // The blank line after the last chunk or trailer is left out by some clients.
    if (this.#state === 'trailers' && this.#line === '') this.#finish();
    if (this.#state !== 'done') throw incompleteBody();
    const trailers: Headers = Object.create(null);
    for (const [name, value] of this.#trailers) trailers[name] = value;
    return trailers;
  }

  #takeData(input: Buffer, at: number, output: Buffer[]): number {
    const part = input.subarray(at, at + this.#remaining);
    this.#remaining -= part.length;
    if (this.#options.signatures) this.#held.push(part);
    else output.push(part);
    if (this.#remaining === 0) {
      this.#releaseHeld(output);
      this.#state = 'data-end';
    }
    return at + part.length;
  }

  #releaseHeld(output: Buffer[]): void {
    const { signatures } = this.#options;
    if (!signatures) return;
    const [only] = this.#held;
    const data = this.#held.length === 1 && only ? only : Buffer.concat(this.#held);
    this.#held = [];
    if (!signatures.acceptsChunk(data, this.#signature)) throw badSignature();
    if (data.length > 0) output.push(data);
  }

  #takeLine(input: Buffer, at: number, output: Buffer[]): number {
    const newline = input.indexOf(0x0a, at);
    const end = newline < 0 ? input.length : newline;
    if (this.#line.length + end - at > LONGEST_LINE) throw this.#malformed();
    this.#line += input.toString('latin1', at, end);
    if (newline < 0) return end;
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    if (this.#state === 'size') this.#startChunk(line, output);
    else if (this.#state === 'trailers') this.#takeTrailer(line);
    else if (line === '') this.#state = 'size';
    else throw incompleteBody();
    return newline + 1;
  }

  #malformed(): ServiceError {
    return this.#state === 'trailers' ? malformedTrailer() : incompleteBody();
  }

  #startChunk(line: string, output: Buffer[]): void {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{1,144}\**))?$/.exec(line);
    const { signatures, decodedLength } = this.#options;
    const isSigned = match?.[2] !== undefined;
    if (!match || isSigned !== (signatures !== undefined)) throw incompleteBody();
    const size = Number.parseInt(match[1] ?? '', 16);
    // Only now is it known that the chunk before this one was not the last.
    if (size > 0 && this.#chunk > 0 && this.#size < SMALLEST_CHUNK) throw chunkTooSmall(this.#chunk + 1, this.#size);
    if (signatures && size > LARGEST_SIGNED_CHUNK) throw chunkTooLarge(this.#chunk + 1, size);
    this.#total += size;
    if (this.#total > decodedLength || (size === 0 && this.#total !== decodedLength)) throw wrongLength();
    this.#chunk += 1;
    this.#size = size;
    this.#remaining = size;
    this.#signature = match[2] ?? '';
    this.#state = 'data';
    if (size > 0) return;
    this.#releaseHeld(output);
    this.#state = 'trailers';
  }

  #takeTrailer(line: string): void {
    if (line === '') {
      this.#finish();
      return;
    }
    this.#trailerBytes += line.length;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!this.#options.hasTrailers || this.#trailerBytes > LARGEST_TRAILERS || !/^[a-z0-9-]+$/.test(name)) {
      throw malformedTrailer();
    }
    const value = line.slice(colon + 1).trim();
    if (name === TRAILER_SIGNATURE) {
      if (this.#trailerSignature !== undefined) throw malformedTrailer();
      this.#trailerSignature = value;
      return;
    }
    // Nothing may follow the signature, and no name may come twice: which of two was signed would be a guess.
    if (this.#trailerSignature !== undefined || this.#trailers.some(([known]) => known === name))
      throw malformedTrailer();
    this.#trailers.push([name, value]);
  }

  #finish(): void {
    const { signatures, hasTrailers } = this.#options;
    if (signatures && hasTrailers) {
      const sorted = [...this.#trailers].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = sorted.map(([name, value]) => `${name}:${value}\n`).join('');
      if (!signatures.acceptsTrailers(text, this.#trailerSignature ?? '')) throw badSignature();
    } else if (this.#trailerSignature !== undefined) throw malformedTrailer();
    this.#state = 'done';
  }
}

/** A body that is wholly at hand. */
export function decodeChunked(body: Buffer, options: ChunkedOptions): { body: Buffer; trailers: Headers } {
  const decoder = new ChunkedDecoder(options);
  const parts = decoder.push(body);
  const trailers = decoder.end();
  const [only] = parts;
  return { body: parts.length === 1 && only ? only : Buffer.concat(parts), trailers };
}

/**
 * A body that streams in. `onTrailers` is called after the last byte has been given out and before the end: it throws
 * if a checksum is wrong, and the consumer sees that as the stream's error.
 */
export async function* decodeChunkedStream(
  source: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
  onTrailers: (trailers: Headers) => void,
): AsyncGenerator<Buffer> {
  const decoder = new ChunkedDecoder(options);
  for await (const bytes of source) {
    yield* decoder.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  onTrailers(decoder.end());
}
