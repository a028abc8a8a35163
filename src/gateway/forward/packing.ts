/**
 * Values of operations as bytes: plain data (wire/protocol.ts says which) with at most one stream in it, which goes apart. A map
 * has no prototype on either side, so that no key means more than it says.
 */
import { deserialize, serialize } from 'node:v8';
import { assert } from '#platform/base/assert.ts';
import { type Payload, payloadOf } from '#platform/payload.ts';

/** JSON where it can say all that there is, since it costs half as much. */
const JSON_TEXT = 1;
const STRUCTURED = 2;

export type Stream = AsyncIterable<unknown>;

export interface Packed {
  readonly bytes: Buffer;
  /** What goes apart. */
  readonly stream: Stream | undefined;
}

/** A set stands for what is not plain data, since no value of an operation is one: the stream, or a payload that is at hand. */
type Special =
  | ['stream', Pick<Payload, 'announcedBytes' | 'trailerNames'> | undefined]
  | ['payload', Uint8Array, Record<string, string | undefined>];

const special = (...parts: Special): ReadonlySet<unknown> => new Set<unknown>(parts);

interface Walk {
  stream: Stream | undefined;
}

export function pack(value: unknown): Packed {
  if (isPlain(value)) return { bytes: lettered(JSON_TEXT, Buffer.from(JSON.stringify(value))), stream: undefined };
  const walk: Walk = { stream: undefined };
  const plain = flattened(value, walk);
  return { bytes: lettered(STRUCTURED, serialize(plain)), stream: walk.stream };
}

function lettered(letter: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(body.length + 1);
  bytes[0] = letter;
  bytes.set(body, 1);
  return bytes;
}

/** `streamOf` makes what is read of the stream, if there is one. */
export function unpack(bytes: Buffer, streamOf: () => Stream): unknown {
  if (bytes[0] === JSON_TEXT) return JSON.parse(bytes.toString('utf8', 1));
  return restored(deserialize(bytes.subarray(1)), streamOf);
}

/** For what has come without one. */
export const noStream = (): never => {
  throw new BrokenValue('a value has a stream that did not come with it');
};

class BrokenValue extends Error {
  override name = 'BrokenValue';
}

/** Whether JSON can say all of it. Most calls and answers are so, and are not copied. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every(isPlain);
  if (Object.getPrototypeOf(value) !== Object.prototype || Symbol.asyncIterator in value) return false;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key])) return false;
  return true;
}

function flattened(value: unknown, walk: Walk): unknown {
  assert(typeof value !== 'function', 'a value of an operation is plain data');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => flattened(item, walk));
  if (value instanceof Uint8Array) return value;
  if (Symbol.asyncIterator in value) return streamPlace(value as Stream, walk);
  const prototype = Object.getPrototypeOf(value);
  const entries = Object.entries(value).map(([key, item]) => [key, flattened(item, walk)] as const);
  if (prototype === null) return new Map(entries);
  return Object.fromEntries(entries);
}

function streamPlace(stream: Stream, walk: Walk): unknown {
  // Whoever has names of trailers is a Payload.
  const payload = 'trailerNames' in stream ? (stream as Payload) : undefined;
  if (payload?.whole !== undefined) return special('payload', payload.whole, { ...payload.trailers });
  assert(walk.stream === undefined, 'a call has one stream each way');
  walk.stream = stream;
  return special('stream', payload && { announcedBytes: payload.announcedBytes, trailerNames: payload.trailerNames });
}

function restored(value: unknown, streamOf: () => Stream): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item) => restored(item, streamOf));
  // Made by `special`.
  if (value instanceof Set) return restoredSpecial([...value] as Special, streamOf);
  if (value instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>;
    for (const [key, item] of value) object[key] = restored(item, streamOf);
    return object;
  }
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === 'object' && item !== null) (value as Record<string, unknown>)[key] = restored(item, streamOf);
  }
  return value;
}

function restoredSpecial(parts: Special, streamOf: () => Stream): unknown {
  if (parts[0] === 'payload') return payloadOf(parts[1], parts[2]);
  const stream = streamOf();
  // Who reads a payload's stream to its end has filled its trailers (frames.ts).
  return parts[1] === undefined ? stream : Object.assign(stream, { whole: undefined, ...parts[1] });
}
