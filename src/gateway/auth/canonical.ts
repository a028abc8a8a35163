/**
 * The canonical request of Signature Version 4: method, path, query, headers and payload hash, written the one way that
 * client and server agree on (IAM User Guide, "Create a signed AWS API request").
 *
 * Whatever the handlers later read must be what was signed. So the query is decoded as the decoders do it (`+` is a
 * space) and encoded afresh; two raw queries share a canonical form only if they mean the same.
 */

import { wireEncoding } from '#gateway/auth/digest.ts';
import type { Headers, WireRequest } from '#gateway/wire/protocol.ts';

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const PLAIN_PATH = /^[A-Za-z0-9\-._~/]*$/;
const NEEDS_NORMALISING = /\/\/|\/\./;
const PERCENT = 0x25;
const PLUS = 0x2b;
const SLASH = 0x2f;

/** How each byte stands in a canonical component. */
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

const hexDigit = (byte: number | undefined): number => {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

interface Encoding {
  /** Whether `%41` is a byte written twice over (then it becomes `A`) or text that is encoded again (`%2541`). */
  readonly decodes: boolean;
  readonly plusIsSpace: boolean;
  readonly keepsSlash: boolean;
}
const QUERY: Encoding = { decodes: true, plusIsSpace: true, keepsSlash: false };
const PATH: Encoding = { decodes: false, plusIsSpace: false, keepsSlash: true };
const OBJECT_PATH: Encoding = { decodes: true, plusIsSpace: false, keepsSlash: true };

function encode(text: string, form: Encoding): string {
  const bytes = Buffer.from(text, wireEncoding(text));
  let result = '';
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes[index] as number; // index is in range
    if (byte === SLASH && form.keepsSlash) {
      result += '/';
      continue;
    }
    if (byte === PLUS && form.plusIsSpace) byte = 0x20;
    else if (byte === PERCENT && form.decodes) {
      const high = hexDigit(bytes[index + 1]);
      const low = hexDigit(bytes[index + 2]);
      // A percent sign without two hexadecimal digits stands for itself.
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        index += 2;
      }
    }
    result += ENCODED[byte];
  }
  return result;
}

const encodeQueryPart = (text: string): string => (UNRESERVED.test(text) ? text : encode(text, QUERY));

/** S3 takes the path as it is, encoded once; all others take dot segments and double slashes out and encode it again. */
function canonicalPath(path: string, normalises: boolean): string {
  if (path === '' || path === '/') return '/';
  if (!normalises) return PLAIN_PATH.test(path) ? path : encode(path, OBJECT_PATH);
  const normal = NEEDS_NORMALISING.test(path) ? removeDotSegments(path) : path;
  return PLAIN_PATH.test(normal) ? normal : encode(normal, PATH);
}

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept.length === 0 ? '/' : `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** Sorted by name, then value, after encoding; `leaveOut` names a parameter that the signature does not cover. */
function canonicalQuery(query: string, leaveOut: ((name: string) => boolean) | undefined): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = encodeQueryPart(equals < 0 ? piece : piece.slice(0, equals));
    if (leaveOut?.(name)) continue;
    pairs.push([name, equals < 0 ? '' : encodeQueryPart(piece.slice(equals + 1))]);
  }
  if (pairs.length > 1) pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The names of a SignedHeaders list. */
export interface SignedHeaders {
  /** Sorted, lower case, joined: the form that stands in the canonical request. */
  readonly text: string;
  readonly names: readonly string[];
  has(name: string): boolean;
}

/** Clients send the same few lists over and over: they are read once. */
const KEPT_LISTS = 500;
const KEPT_LENGTH = 1000;
const lists = new Map<string, SignedHeaders>();

export function signedHeaders(text: string): SignedHeaders {
  const known = lists.get(text);
  if (known) return known;
  // A copy: a slice would keep the whole head of the request in memory.
  const own = Buffer.from(text, 'utf8').toString('utf8');
  // With blanks or line ends in it, it is no list, and nothing counts as signed.
  const set = new Set(/^[!-~]*$/.test(own) ? own.toLowerCase().split(';') : []);
  set.delete('');
  const names = [...set].sort(compare);
  const list: SignedHeaders = { text: names.join(';'), names, has: (name) => set.has(name) };
  if (own.length <= KEPT_LENGTH) {
    if (lists.size >= KEPT_LISTS) lists.clear();
    lists.set(own, list);
  }
  return list;
}

const UNTRIMMED = /^[ \t\r\n\v\f]|[ \t\r\n\v\f]$|[\t\r\n\v\f]| {2}/;

/** Trimmed, runs of blanks as one space. Not `\s`: that takes byte A0, which is half of a UTF-8 character. */
function canonicalValue(value: string): string {
  if (!UNTRIMMED.test(value)) return value;
  return value.replace(/[ \t\r\n\v\f]+/g, ' ').replace(/^ | $/g, '');
}

function canonicalHeaders(headers: Headers, signed: SignedHeaders): string {
  let result = '';
  for (const name of signed.names) {
    // HTTP/2 names the host `:authority`; the reader of requests gives it as `host`.
    const value = headers[name === ':authority' ? 'host' : name];
    result += `${name}:${value === undefined ? '' : canonicalValue(value)}\n`;
  }
  return result;
}

export function canonicalRequest(
  request: WireRequest,
  signed: SignedHeaders,
  form: {
    readonly normalises: boolean;
    readonly payloadHash: string;
    readonly leaveOut?: ((name: string) => boolean) | undefined;
  },
): string {
  const path = canonicalPath(request.path, form.normalises);
  const query = canonicalQuery(request.query, form.leaveOut);
  const headers = canonicalHeaders(request.headers, signed);
  return `${request.method}\n${path}\n${query}\n${headers}\n${signed.text}\n${form.payloadHash}`;
}
