/**
 * The head of an HTTP/1.1 request, read as RFC 9112 writes it and no wider. Two passes: the first walks the bytes once,
 * checks each against a table and notes where names and values lie; the second makes one string of the head and cuts it.
 * Nothing is repaired: no bare LF, no folded line, no space before a colon, one Host, one length. What two parsers could
 * read in two ways is refused, as that is what request smuggling lives on.
 */
import type { Headers } from '#gateway/wire/protocol.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  hashStep,
  knownIndex,
  knownNames,
  LAST_SINGLE,
  lowerCase,
  TRANSFER_ENCODING,
} from './header-names.ts';
import type { HttpLimits } from './limits.ts';
import { type Refusal, refusals } from './refusal.ts';

/** The length of a body that comes in chunks. */
export const CHUNKED = -1;

export interface Http1Head {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  /** Bytes, or CHUNKED. */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  readonly expectContinue: boolean;
  /** Bytes of the head itself, up to where the body begins. */
  readonly byteLength: number;
}

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const COLON = 58;
const QUESTION = 63;

export const NAME = 1;
export const VALUE = 2;
const TARGET = 4;

/** What each byte may be part of: RFC 9110 5.6.2 (names), 5.5 (values); targets: visible ASCII but `#`, never sent. */
export const byteClass = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  const inName = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character) ? NAME : 0;
  const inValue = byte === TAB || (byte >= SP && byte !== 127) ? VALUE : 0;
  const inTarget = byte > SP && byte < 127 && character !== '#' ? TARGET : 0;
  return inName | inValue | inTarget;
});

/** What AWS's APIs use. CONNECT, TRACE and the rest have no business here. */
export const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const LONGEST_METHOD = 20;

const VERSION = Buffer.from('HTTP/1.1\r\n', 'latin1');
export const hostForm = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._~-]{1,255})(?::[0-9]{1,5})?$/i;
/** Nor after an offer to upgrade, which is not taken: what follows it others may read as the other protocol. */
const lastRequest = /(?:^|,)[ \t]*(?:close|upgrade)[ \t]*(?:,|$)/i;
const lengthForm = /^[0-9]{1,15}$/;

/**
 * As bare as `Object.create(null)` (no `constructor`, no `__proto__`), but of a class: who sends the same headers shares one hidden
 * class, where each bare object would be a hash table of its own.
 */
export const HeaderFields = function HeaderFields() {} as unknown as new () => Headers;
HeaderFields.prototype = Object.create(null);

/** Words of a mark: index of a known name or -1, start and end of the name, start and end of the value. */
const MARK = 5;

export class HeadParser {
  readonly #limits: HttpLimits;
  readonly #marks: Int32Array;
  #count = 0;
  #methodEnd = 0;
  #queryMark = 0;
  #targetEnd = 0;
  #refusal: Refusal | undefined;
  /** Hosts repeat: the last that was found valid is not checked again. */
  #lastHost = '';

  constructor(limits: HttpLimits) {
    this.#limits = limits;
    this.#marks = new Int32Array(limits.headers * MARK);
  }

  /** The head that begins at `start`; undefined while it is incomplete. */
  parse(bytes: Buffer, start: number): Http1Head | Refusal | undefined {
    const limit = Math.min(bytes.length, start + this.#limits.headBytes);
    this.#refusal = undefined;
    this.#count = 0;
    let at = this.#scanRequestLine(bytes, start, limit);
    while (at > 0 && bytes[at] !== CR) at = this.#scanHeader(bytes, at, limit);
    if (at > 0 && at + 1 < limit) {
      if (bytes[at + 1] === LF) return this.#build(bytes, start, at + 2);
      return refusals.headerLine;
    }
    if (this.#refusal) return this.#refusal;
    return limit - start >= this.#limits.headBytes ? refusals.headSize : undefined;
  }

  #refuse(refusal: Refusal): -1 {
    this.#refusal = refusal;
    return -1;
  }

  /** Where the first header begins; -1 if the line is incomplete or refused. */
  #scanRequestLine(bytes: Buffer, start: number, limit: number): number {
    let at = start;
    while (at < limit && (bytes[at] as number) >= 65 && (bytes[at] as number) <= 90) at++; // at < limit <= length
    if (at - start > LONGEST_METHOD) return this.#refuse(refusals.requestLine);
    if (at === limit) return -1;
    if (at === start || bytes[at] !== SP) return this.#refuse(refusals.requestLine);
    this.#methodEnd = at++;
    const targetStart = at;
    const targetLimit = targetStart + this.#limits.targetBytes;
    this.#queryMark = -1;
    for (; at < limit; at++) {
      const byte = bytes[at] as number; // at < limit <= length
      if (byte === SP) break;
      if (((byteClass[byte] as number) & TARGET) === 0) return this.#refuse(refusals.target); // a byte is below 256
      if (byte === QUESTION && this.#queryMark < 0) this.#queryMark = at;
      if (at >= targetLimit) return this.#refuse(refusals.targetSize);
    }
    if (at === limit) return -1;
    this.#targetEnd = at++;
    return this.#scanVersion(bytes, at, limit);
  }

  #scanVersion(bytes: Buffer, start: number, limit: number): number {
    for (let offset = 0; offset < VERSION.length; offset++) {
      const at = start + offset;
      if (at >= limit) return -1;
      if (bytes[at] === VERSION[offset]) continue;
      // `HTTP/1.0`, `HTTP/2.0`: a version, but not ours.
      const isDigit = (offset === 5 || offset === 7) && (bytes[at] as number) >= 48 && (bytes[at] as number) <= 57;
      return this.#refuse(isDigit ? refusals.version : refusals.requestLine);
    }
    return start + VERSION.length;
  }

  /** Where the next line begins; -1 if this one is incomplete or refused. */
  #scanHeader(bytes: Buffer, start: number, limit: number): number {
    let at = start;
    let hash = 0;
    for (; at < limit; at++) {
      const byte = bytes[at] as number; // at < limit <= length
      if (byte === COLON) break;
      if (((byteClass[byte] as number) & NAME) === 0) {
        return this.#refuse(at === start && (byte === SP || byte === TAB) ? refusals.folded : refusals.headerLine);
      }
      hash = hashStep(hash, lowerCase[byte] as number); // a byte is below 256
    }
    if (at === limit) return -1;
    if (at === start) return this.#refuse(refusals.headerLine);
    const nameEnd = at++;
    while (at < limit && (bytes[at] === SP || bytes[at] === TAB)) at++;
    const valueStart = at;
    while (at < limit && ((byteClass[bytes[at] as number] as number) & VALUE) !== 0) at++; // as above
    if (at + 1 >= limit) return at < limit && bytes[at] !== CR ? this.#refuse(refusals.headerLine) : -1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.#refuse(refusals.headerLine);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === TAB)) valueEnd--;
    if (this.#count === this.#limits.headers) return this.#refuse(refusals.headSize);
    const mark = this.#count++ * MARK;
    this.#marks[mark] = knownIndex(bytes, start, nameEnd, hash);
    this.#marks[mark + 1] = start;
    this.#marks[mark + 2] = nameEnd;
    this.#marks[mark + 3] = valueStart;
    this.#marks[mark + 4] = valueEnd;
    return at + 2;
  }

  #build(bytes: Buffer, start: number, end: number): Http1Head | Refusal {
    const text = bytes.toString('latin1', start, end);
    const method = text.slice(0, this.#methodEnd - start);
    if (!methods.has(method)) return refusals.method;
    const headers: Headers = new HeaderFields();
    const marks = this.#marks;
    let seen = 0;
    for (let mark = 0; mark < this.#count * MARK; mark += MARK) {
      const known = marks[mark] as number; // within the marks that the scan wrote, here and below
      const name =
        known >= 0
          ? (knownNames[known] as string)
          : text.slice((marks[mark + 1] as number) - start, (marks[mark + 2] as number) - start).toLowerCase();
      const value = text.slice((marks[mark + 3] as number) - start, (marks[mark + 4] as number) - start);
      const earlier = headers[name];
      if (earlier === undefined) headers[name] = value;
      else if (known >= 0 && known <= LAST_SINGLE) return refusals.duplicate;
      else headers[name] = `${earlier},${value}`;
      if (known >= 0 && known <= EXPECT) seen |= 1 << known;
    }
    return this.#frame(text, start, end, method, headers, seen);
  }

  /** What the headers say about the body and the connection. */
  #frame(text: string, start: number, end: number, method: string, headers: Headers, seen: number) {
    const host = headers.host;
    if (host === undefined) return refusals.host;
    if (host !== this.#lastHost) {
      if (!hostForm.test(host)) return refusals.host;
      this.#lastHost = host;
    }
    const bodyLength = bodyLengthOf(headers, seen);
    if (typeof bodyLength !== 'number') return bodyLength;
    // RFC 9110, 10.1.1: of other expectations nothing follows, and S3 takes them.
    const expectContinue = (seen & (1 << EXPECT)) !== 0 && headers.expect?.toLowerCase() === '100-continue';
    const keepAlive = (seen & (1 << CONNECTION)) === 0 || !lastRequest.test(`${headers.connection}`);

    let pathStart = this.#methodEnd + 1 - start;
    if (text.charCodeAt(pathStart) !== 47) {
      const origin = `http://${host.toLowerCase()}`;
      const pathAt = pathStart + origin.length;
      const given = text.slice(pathStart, pathAt).toLowerCase();
      if (!given.startsWith('http://')) return refusals.target;
      if (given !== origin || text.charCodeAt(pathAt) !== 47) return refusals.authority;
      pathStart = pathAt;
    }
    const targetEnd = this.#targetEnd - start;
    const pathEnd = this.#queryMark < 0 ? targetEnd : this.#queryMark - start;
    return {
      method,
      path: text.slice(pathStart, pathEnd),
      query: this.#queryMark < 0 ? '' : text.slice(pathEnd + 1, targetEnd),
      headers,
      bodyLength,
      keepAlive,
      expectContinue,
      byteLength: end - start,
    };
  }
}

function bodyLengthOf(headers: Headers, seen: number): number | Refusal {
  const hasLength = (seen & (1 << CONTENT_LENGTH)) !== 0;
  if ((seen & (1 << TRANSFER_ENCODING)) !== 0) {
    if (hasLength) return refusals.bothLengths;
    return headers['transfer-encoding']?.toLowerCase() === 'chunked' ? CHUNKED : refusals.transferEncoding;
  }
  if (!hasLength) return 0;
  const text = headers['content-length'] ?? '';
  return lengthForm.test(text) ? Number(text) : refusals.contentLength;
}
