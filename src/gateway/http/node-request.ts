/** What Node's parsers read, as the head that handlers know; with the same refusals where Node is more generous. */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Headers } from '#gateway/wire/protocol.ts';
import { hostForm, methods } from './http1-head.ts';
import type { HttpLimits } from './limits.ts';
import type { IncomingRequest, TlsFacts } from './listener.ts';
import { type Refusal, refusals } from './refusal.ts';
import { remoteAddressOf } from './remote-address.ts';

export type NodeMessage = IncomingMessage | Http2ServerRequest;

const EMPTY = Buffer.alloc(0);
const singles = new Set(['host', 'content-length', 'transfer-encoding', 'authorization']);
const targetForm = /^\/[\x21\x22\x24-\x7e]*$/;

export class NodeRequest implements IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly contentLength: number | undefined;
  readonly remoteAddress: string;
  readonly secure = true;
  readonly tls: TlsFacts;
  readonly httpVersion: string;
  body: Buffer = EMPTY;
  declare stream?: AsyncIterable<Uint8Array>;
  #isAborted = false;
  #controller: AbortController | undefined;

  constructor(message: NodeMessage, headers: Headers) {
    const url = message.url ?? '/';
    const mark = url.indexOf('?');
    this.method = message.method ?? '';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
    this.headers = headers;
    const length = headers['content-length'];
    this.contentLength = length === undefined ? undefined : Number(length);
    this.remoteAddress = remoteAddressOf(message.socket);
    this.httpVersion = message.httpVersion;
    // This server speaks TLS only; HTTP/2's stand-in for the socket passes the questions on.
    const socket = message.socket as TLSSocket;
    this.tls = { version: socket.getProtocol() ?? '', cipherSuite: socket.getCipher().standardName };
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

/** From the raw headers: Node's own table drops a second Authorization without a word. */
export function readNodeHead(message: NodeMessage, limits: HttpLimits): NodeRequest | Refusal {
  const { rawHeaders } = message;
  const headers: Headers = Object.create(null);
  if (rawHeaders.length > limits.headers * 2) return refusals.headSize;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = (rawHeaders[index] as string).toLowerCase(); // names and values take turns
    const value = rawHeaders[index + 1] as string;
    const name = sent === ':authority' ? 'host' : sent;
    if (name.startsWith(':')) continue;
    const earlier = headers[name];
    // RFC 9113 8.3.1: Host may stand beside :authority if it says the same.
    if (name === 'host' && earlier === value && message.httpVersionMajor === 2) continue;
    if (earlier !== undefined && singles.has(name)) return refusals.duplicate;
    headers[name] = earlier === undefined ? value : `${earlier}${name === 'cookie' ? '; ' : ','}${value}`;
  }
  return check(message, headers, limits) ?? new NodeRequest(message, headers);
}

function check(message: NodeMessage, headers: Headers, limits: HttpLimits): Refusal | undefined {
  const url = message.url ?? '';
  const coding = headers['transfer-encoding'];
  if (message.httpVersion !== '1.1' && message.httpVersionMajor !== 2) return refusals.version;
  if (!methods.has(message.method ?? '')) return refusals.method;
  if (url.length > limits.targetBytes) return refusals.targetSize;
  if (!targetForm.test(url)) return refusals.target;
  if (!hostForm.test(headers['host'] ?? '')) return refusals.host;
  if (coding !== undefined && headers['content-length'] !== undefined) return refusals.bothLengths;
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return refusals.transferEncoding;
  return undefined;
}

/** Whether a body follows: HTTP/2 says so by the stream's state, HTTP/1.1 by its headers. */
export function hasBody(message: NodeMessage, headers: Headers): boolean {
  if ('stream' in message && message.httpVersionMajor === 2) return !message.stream.endAfterHeaders;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
