/**
 * A body that streams to its handler (an S3 object), as the gateway hands it on: decoded, and checked as it passes. What is
 * wrong with it (a hash, a chunk's signature, bytes that do not come) is thrown by the iteration, so a handler must see its
 * end before it believes it.
 */
export interface Payload extends AsyncIterable<Uint8Array> {
  /** The whole, where it is at hand and has been checked: then nothing need be iterated. */
  readonly whole: Uint8Array | undefined;
  /** As announced; undefined if it was not. */
  readonly announcedBytes: number | undefined;
  /** Names of trailers that the body ends with, as announced: a check sum that is still to come. */
  readonly trailerNames: readonly string[];
  /** Of an aws-chunked body, by lower-case name; complete when the iteration has ended. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** A payload of bytes that are at hand. */
export function payloadOf(whole: Uint8Array, trailers: Payload['trailers'] = {}): Payload {
  return {
    whole,
    announcedBytes: whole.length,
    trailerNames: Object.keys(trailers),
    trailers,
    async *[Symbol.asyncIterator]() {
      if (whole.length > 0) yield whole;
    },
  };
}
