/** A request's body as its signature says it is to be read: hashed, in signed or unsigned chunks, or as it comes. */
import { createHash } from 'node:crypto';
import {
  type ChunkedOptions,
  decodeChunked,
  decodeChunkedStream,
  decodedLengthOf,
} from '#gateway/auth/chunked-body.ts';
import type { Faults } from '#gateway/auth/faults.ts';
import type { SignedPayload } from '#gateway/auth/sigv4.ts';
import type { IncomingRequest } from '#gateway/http/listener.ts';
import { ServiceError } from '#platform/error.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';

export function openPayload(request: IncomingRequest, signed: SignedPayload, faults: Faults): Payload {
  const { stream, body, headers } = request;
  if (signed.kind === 'chunked') {
    const { hasTrailers, signatures } = signed;
    const options = { decodedLength: decodedLengthOf(headers), hasTrailers, signatures };
    if (stream !== undefined) return chunkedPayload(stream, options, trailerNamesOf(headers));
    const decoded = decodeChunked(body, options);
    return payloadOf(decoded.body, decoded.trailers);
  }
  if (stream === undefined) return payloadOf(body);
  const source = signed.kind === 'hashed' ? hashed(stream, signed.sha256, faults) : stream;
  return {
    whole: undefined,
    announcedBytes: request.contentLength,
    trailerNames: [],
    trailers: {},
    [Symbol.asyncIterator]: () => source[Symbol.asyncIterator](),
  };
}

const trailerNamesOf = (headers: IncomingRequest['headers']): readonly string[] =>
  (headers['x-amz-trailer'] ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
    .filter((name) => name !== '');

function chunkedPayload(
  stream: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
  trailerNames: readonly string[],
): Payload {
  const trailers: Record<string, string | undefined> = {};
  return {
    whole: undefined,
    announcedBytes: options.decodedLength,
    trailerNames,
    trailers,
    [Symbol.asyncIterator]: () => decodeChunkedStream(stream, options, (found) => void Object.assign(trailers, found)),
  };
}

async function* hashed(stream: AsyncIterable<Uint8Array>, sha256: string, faults: Faults): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256');
  for await (const chunk of stream) {
    digest.update(chunk);
    yield chunk;
  }
  const computed = digest.digest('hex');
  if (computed !== sha256) throw faults.bodyMismatch(sha256, computed);
}

/** For operations that read their input whole, when the listener could not know that. */
export async function gather(payload: Payload, limitBytes: number): Promise<Buffer> {
  if (payload.whole !== undefined)
    return Buffer.from(payload.whole.buffer, payload.whole.byteOffset, payload.whole.length);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of payload) {
    bytes += part.length;
    if (bytes > limitBytes) throw new ServiceError('RequestEntityTooLarge', 'The request body is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
