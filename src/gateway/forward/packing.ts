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
  isPlain: boolean;
  stream: Stream | undefined;
}

export function pack(value: unknown): Packed {
  const walk: Walk = { isPlain: true, stream: undefined };
  const plain = flattened(value, walk);
  const body = walk.isPlain ? Buffer.from(JSON.stringify(plain)) : serialize(plain);
  const bytes = Buffer.allocUnsafe(body.length + 1);
  bytes[0] = walk.isPlain ? JSON_TEXT : STRUCTURED;
  body.copy(bytes, 1);
  return { bytes, stream: walk.stream };
}

/** `streamOf` makes what is read of the stream, if there is one. */
export function unpack(bytes: Buffer, streamOf: () => Stream): unknown {
  if (bytes[0] === JSON_TEXT) return JSON.parse(bytes.toString('utf8', 1));
  return restored(deserialize(bytes.subarray(1)), streamOf);
}

function flattened(value: unknown, walk: Walk): unknown {
  if (typeof value === 'bigint') walk.isPlain = false;
  // JSON has no words for these.
  if (typeof value === 'number' && !Number.isFinite(value)) walk.isPlain = false;
  assert(typeof value !== 'function', 'a value of an operation is plain data');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => flattened(item, walk));
  if (value instanceof Uint8Array) {
    walk.isPlain = false;
    return value;
  }
  if (Symbol.asyncIterator in value) return streamPlace(value as Stream, walk);
  const prototype = Object.getPrototypeOf(value);
  const entries = Object.entries(value).map(([key, item]) => [key, flattened(item, walk)] as const);
  if (prototype === null) {
    walk.isPlain = false;
    return new Map(entries);
  }
  return Object.fromEntries(entries);
}

function streamPlace(stream: Stream, walk: Walk): unknown {
  walk.isPlain = false;
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
