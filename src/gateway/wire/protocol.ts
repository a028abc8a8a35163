/**
 * What a protocol is: two functions for each operation, compiled once from the model, and one for errors. Decoding is
 * pure and bounded; encoding is the only place that knows status codes.
 *
 * Values are plain data: a structure is an object without its absent members, a map a null-prototype object, a blob a
 * Uint8Array, a timestamp a number of milliseconds since 1970, a long a number (a bigint beyond 2^53), a document JSON.
 * A streaming blob is an AsyncIterable<Uint8Array> on the way in; on the way out that or a Uint8Array, which its handler gives away.
 * An event stream is an AsyncIterable of unions.
 */
import type { ServiceError } from '#platform/error.ts';
import type { ProtocolName, ServiceModel } from '#platform/model/schema.ts';
import type { Payload } from '#platform/payload.ts';

/** Lower-case names; repeated headers joined with a comma, as in RFC 9110 5.2. No prototype. */
export type Headers = Record<string, string | undefined>;

export interface WireRequest {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without the question mark; empty if there is none. */
  readonly query: string;
  readonly headers: Headers;
  /** The whole body, or empty where `stream` carries it (streaming operations only). */
  readonly body: Buffer;
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Body or stream as the signature has it, for streaming members. */
  readonly payload?: Payload;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names, as in requests. */
  readonly headers: Record<string, string | readonly string[]>;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Bytes of the body are nobody's any more once they are sent: their memory may be given back. */
  readonly givesBody?: boolean;
}

export interface OperationCodec {
  /**
   * Throws ServiceError (SerializationException, MalformedQueryString …) for what is not well-formed. The path's labels
   * come from the router, percent-decoded.
   */
  decode(request: WireRequest, pathParameters: Readonly<Record<string, string>>): Record<string, unknown>;
  encode(output: Record<string, unknown>, requestId: string): WireResponse;
}

export interface ServiceCodec {
  readonly protocol: ProtocolName;
  /** Compiled at first use and kept. */
  operation(name: string): OperationCodec;
  /** `operation` is undefined when the error came before the operation was known. */
  encodeError(error: ServiceError, requestId: string, operation: string | undefined): WireResponse;
}

export interface Protocol {
  readonly name: ProtocolName;
  compile(model: ServiceModel): ServiceCodec;
}
