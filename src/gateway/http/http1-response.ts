/** The head of an answer. Small answers are one string or one buffer, head and body together: one write, one packet. */
import { REASONS } from '#gateway/http/reasons.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { AssertionFailure, assert } from '#platform/base/assert.ts';
import type { Clock } from '#platform/base/clock.ts';
import type { Refusal } from './refusal.ts';

/** Bodies up to this size are copied behind their head; a larger one is a write of its own, without a copy. */
const COPIED_BODY_BYTES = 16 * 1024;

/** The listener's own: what a handler says of them is not sent. */
export const ownHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

const nameForm = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Anything else would let a value end its line and begin another: response splitting. */
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;

const statusLines = new Map<number, string>();

function statusLine(status: number): string {
  const known = statusLines.get(status);
  if (known) return known;
  assert(Number.isInteger(status) && status >= 200 && status <= 599, 'a final status is between 200 and 599');
  const line = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Unknown'}\r\n`;
  statusLines.set(status, line);
  return line;
}

/** `date` and `connection` lines, made once a second: formatting a date costs more than the rest of a head. */
export class HeadTail {
  readonly #clock: Clock;
  #second = Number.NaN;
  #keepAlive = '';
  #close = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lines(keepAlive: boolean): string {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      const date = `date: ${new Date(second * 1000).toUTCString()}\r\n`;
      this.#second = second;
      this.#keepAlive = `${date}connection: keep-alive\r\n\r\n`;
      this.#close = `${date}connection: close\r\n\r\n`;
    }
    return keepAlive ? this.#keepAlive : this.#close;
  }
}

/** Throws AssertionFailure for a header that must not be sent. */
export function checkHeader(name: string, value: string): void {
  if (nameForm.test(name) && valueForm.test(value)) return;
  throw new AssertionFailure(`the answer's header ${JSON.stringify(name)} can't be sent`);
}

/** Status line and headers, open for framing and the tail. */
export function openHead(response: WireResponse): string {
  let head = statusLine(response.status);
  const { headers } = response;
  for (const name in headers) {
    if (ownHeaders.has(name)) continue;
    const value = headers[name];
    if (typeof value === 'string') {
      checkHeader(name, value);
      head += `${name}: ${value}\r\n`;
      continue;
    }
    for (const item of value ?? []) {
      checkHeader(name, item);
      head += `${name}: ${item}\r\n`;
    }
  }
  return head;
}

/** An answer to these has no body, and 204 no length either. */
export const isBodiless = (status: number): boolean => status === 204 || status === 304;

/** The length that a handler gives for HEAD or a stream; undefined if it gives none. */
export function givenLength(response: WireResponse): number | undefined {
  const given = response.headers['content-length'];
  if (given === undefined) return undefined;
  const length = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  assert(Number.isSafeInteger(length), "the answer's content-length is a number");
  return length;
}

interface WholeAnswer {
  /** In latin1 when it is a string. */
  readonly first: string | Uint8Array;
  readonly second?: Uint8Array;
}

/** An answer whose body is at hand, as one write or, with a large body, two. */
export function wholeAnswer(
  response: WireResponse,
  body: string | Uint8Array,
  isHead: boolean,
  tail: string,
): WholeAnswer {
  const head = openHead(response);
  if (isBodiless(response.status)) return { first: head + tail };
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (isHead) return { first: `${head}content-length: ${givenLength(response) ?? length}\r\n${tail}` };
  const full = `${head}content-length: ${length}\r\n${tail}`;
  if (length === 0) return { first: full };
  if (typeof body === 'string') {
    // As many bytes as characters: plain ASCII, where latin1 and UTF-8 agree.
    if (length === body.length) return { first: full + body };
    return joined(full, Buffer.from(body));
  }
  return joined(full, body);
}

function joined(head: string, body: Uint8Array): WholeAnswer {
  if (body.length > COPIED_BODY_BYTES) return { first: head, second: body };
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 0, 'latin1');
  bytes.set(body, head.length);
  return { first: bytes };
}

/** A refusal's answer, ready to be written. */
export const refusalAnswer = (refusal: Refusal, tail: string): string =>
  `${statusLine(refusal.status)}content-type: text/plain\r\ncontent-length: ${refusal.reason.length}\r\n${tail}${refusal.reason}`;
