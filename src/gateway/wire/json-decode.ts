/**
 * JSON text to values, one compiled reader per shape: renames, converts blobs and timestamps, drops unknown members and
 * nulls, checks types. A null inside a list or map stays (sparse collections hold them; elsewhere validation says
 * "Member must not be null"). The messages are those of AWS's own framework: `NUMBER_VALUE can not be converted to a
 * String`, `Start of list found where not expected`.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { isInRange, longOf, readBase64, specialFloat, withArticle } from '#gateway/wire/scalar-text.ts';
import {
  DEPTH_LIMIT,
  listMember,
  malformed,
  mapValue,
  membersOf,
  memoized,
  type Resolved,
  resolve,
  tooDeep,
} from '#gateway/wire/shapes.ts';
import { parseTimestamp, timestampOfSeconds } from '#gateway/wire/timestamps.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

type JsonReader = (value: unknown, depth: number) => unknown;
type JsonObject = Record<string, unknown>;

/** Signals that a long does not fit a double, so that the text must be parsed again with exact integers. */
const INEXACT = Symbol('inexact');

export interface JsonDecoder {
  /** The reader of one shape, for protocols that hold JSON in parts. */
  reader(ref: ShapeRef): JsonReader;
  /** Of a structure; `keep` says which members belong to the body. */
  structure(shape: Resolved, keep?: (member: Resolved) => boolean): JsonReader;
  decode(text: string, reader: JsonReader): unknown;
}

export function jsonDecoder(model: ServiceModel): JsonDecoder {
  const reader = memoized<JsonReader>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (value, depth) => slot()(value, depth),
  );

  function compile(shape: Resolved): JsonReader {
    switch (shape.type) {
      case 'structure':
        return shape.document ? readDocument : structureReader(shape);
      case 'list':
        return listReader(reader(listMember(shape)));
      case 'map':
        return mapReader(reader(mapValue(shape)));
      default:
        return scalarReader(shape);
    }
  }

  function structureReader(shape: Resolved, keep: (member: Resolved) => boolean = () => true): JsonReader {
    const members = membersOf(model, shape).filter((member) => keep(member.shape));
    const names = members.map((member) => member.name);
    const wireNames = members.map((member) => member.shape.locationName ?? member.name);
    const readers = members.map((member) => reader(member.ref));
    return (value, depth) => {
      const source = objectOf(value);
      if (depth > DEPTH_LIMIT) tooDeep();
      const result: JsonObject = {};
      for (let i = 0; i < names.length; i++) {
        // The three arrays are of one length.
        const item = source[wireNames[i] as string];
        if (item === undefined || item === null) continue;
        result[names[i] as string] = (readers[i] as JsonReader)(item, depth + 1);
      }
      return result;
    };
  }

  return {
    reader,
    structure: structureReader,
    decode(text, read) {
      const value = parse(text);
      try {
        return read(value, 1);
      } catch (error) {
        if (error !== INEXACT) throw error;
        return readExactly(text, read);
      }
    },
  };
}

/** The text of a body; bytes that are not UTF-8 are refused rather than replaced. */
export function textOf(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  if (!isUtf8(body)) malformed('The body is not valid UTF-8');
  return body.toString('utf8');
}

function readExactly(text: string, read: JsonReader): unknown {
  try {
    return read(parse(text, exactIntegers), 1);
  } catch (error) {
    // Still not exact: beyond 64 bits.
    if (error === INEXACT) mismatch(0, 'long');
    throw error;
  }
}

/** The third argument is the source text of a number (TC39's JSON.parse source text access). */
function exactIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value) || !source) return value;
  // `1e18` is exact as it stands.
  return longOf(/^-?\d+$/.test(source) && source.length <= 20 ? source : BigInt(value).toString()) ?? value;
}

function parse(text: string, reviver?: typeof exactIntegers): unknown {
  try {
    return reviver ? JSON.parse(text, reviver) : JSON.parse(text);
  } catch {
    // AWS says nothing about what is wrong with the text.
    return malformed('');
  }
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  if (Array.isArray(value)) malformed('Start of list found where not expected');
  return malformed('Unexpected value type in payload');
}

function listReader(read: JsonReader): JsonReader {
  return (value, depth) => {
    if (!Array.isArray(value)) {
      malformed(
        typeof value === 'object' ? 'Start of structure or map found where not expected.' : 'Expected list or null',
      );
    }
    if (depth > DEPTH_LIMIT) tooDeep();
    return value.map((item) => (item === null ? null : read(item, depth + 1)));
  };
}

function mapReader(read: JsonReader): JsonReader {
  return (value, depth) => {
    const source = objectOf(value);
    if (depth > DEPTH_LIMIT) tooDeep();
    const result: JsonObject = Object.create(null);
    for (const key of Object.keys(source)) {
      const item = source[key];
      result[key] = item === null ? null : read(item, depth + 1);
    }
    return result;
  };
}

/** Any JSON, as it is, but for its depth and the bigints of a second parse. JSON.parse made it, so it is ours to change. */
function readDocument(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_LIMIT) tooDeep();
  const container = value as JsonObject;
  for (const key of Object.keys(container)) {
    const item = container[key];
    // Only what changes is assigned: `__proto__` is an own property here and assigning it would not be.
    if (typeof item === 'bigint') Object.defineProperty(container, key, { value: Number(item), enumerable: true });
    else readDocument(item, depth + 1);
  }
  return value;
}

function scalarReader(shape: Resolved): JsonReader {
  switch (shape.type) {
    case 'string':
    case 'character':
      return (value) => (typeof value === 'string' ? value : mismatch(value, 'string'));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : mismatch(value, 'boolean'));
    case 'blob':
      return (value) => (typeof value === 'string' ? readBase64(value) : mismatch(value, 'blob'));
    case 'float':
    case 'double':
    case 'bigdecimal':
      return floatReader(shape.type);
    case 'timestamp':
      return timestampReader(shape);
    default:
      return integerReader(shape.type);
  }
}

function floatReader(type: string): JsonReader {
  return (value) => {
    if (typeof value === 'number') return value;
    // Of a second parse, for the sake of a long elsewhere.
    if (typeof value === 'bigint') return Number(value);
    return (typeof value === 'string' ? specialFloat(value) : undefined) ?? mismatch(value, type);
  };
}

function integerReader(type: string): JsonReader {
  const isLong = type === 'long' || type === 'biginteger';
  return (value) => {
    if (typeof value === 'bigint') return isLong ? value : mismatch(value, type);
    if (typeof value !== 'number' || !isInRange(type, value)) return mismatch(value, type);
    if (Number.isSafeInteger(value)) return value;
    // The second time round (exactIntegers) such a number is a bigint, unless it is beyond 64 bits.
    if (isLong && Math.abs(value) <= 2 ** 63) throw INEXACT;
    return mismatch(value, type);
  };
}

function timestampReader(shape: Resolved): JsonReader {
  const format = shape.timestampFormat ?? 'unixTimestamp';
  return (value) => {
    if (typeof value === 'number' || typeof value === 'bigint') return timestampOfSeconds(Number(value));
    if (typeof value !== 'string' || format === 'unixTimestamp') mismatch(value, 'milliseconds since epoch');
    return parseTimestamp(value, format);
  };
}

function mismatch(value: unknown, type: string): never {
  if (Array.isArray(value)) malformed('Start of list found where not expected');
  if (typeof value === 'object') malformed('Start of structure or map found where not expected.');
  const token =
    typeof value === 'boolean' ? (value ? 'TRUE' : 'FALSE') : typeof value === 'string' ? 'STRING' : 'NUMBER';
  malformed(`${token}_VALUE can not be converted to ${type.includes(' ') ? type : withArticle(type)}`);
}
