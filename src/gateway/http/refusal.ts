/** Why the HTTP front turns a request away before any handler sees it. The connection closes after each of them. */
export interface Refusal {
  readonly status: number;
  /** Said to the client as it stands; it never repeats what the client sent. */
  readonly reason: string;
}

const refusal = (status: number, reason: string): Refusal => ({ status, reason });

export const refusals = {
  malformed: refusal(400, 'malformed request'),
  requestLine: refusal(400, 'malformed request line'),
  target: refusal(400, 'invalid request target'),
  headerLine: refusal(400, 'malformed header line'),
  folded: refusal(400, 'folded header lines are not supported'),
  duplicate: refusal(400, 'a header that must not be repeated is repeated'),
  host: refusal(400, 'a valid Host header is required'),
  authority: refusal(400, 'the request target and the Host header differ'),
  contentLength: refusal(400, 'invalid Content-Length'),
  bothLengths: refusal(400, 'Content-Length and Transfer-Encoding exclude each other'),
  chunk: refusal(400, 'malformed chunked body'),
  truncated: refusal(400, 'the request ended early'),
  timeout: refusal(408, 'the request took too long'),
  bodySize: refusal(413, 'the body is too large'),
  targetSize: refusal(414, 'the request target is too long'),
  headSize: refusal(431, 'the request header is too large'),
  fault: refusal(500, 'internal failure'),
  method: refusal(501, 'the method is not supported'),
  transferEncoding: refusal(501, 'the transfer encoding is not supported'),
  overloaded: refusal(503, 'too many requests at once'),
  stopping: refusal(503, 'the server is stopping'),
  version: refusal(505, 'the protocol version is not supported'),
} as const satisfies Record<string, Refusal>;
