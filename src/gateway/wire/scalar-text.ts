/**
 * Scalars as text: what query parameters, XML elements, headers and labels hold. Numbers and base64 are read strictly,
 * because JavaScript's own readers take an empty string for zero and skip what is not base64.
 */
import { malformed, type Resolved } from '#gateway/wire/shapes.ts';
import { formatTimestamp, parseTimestamp, type TimestampFormat } from '#gateway/wire/timestamps.ts';

export type TextReader = (text: string) => unknown;
export type TextWriter = (value: unknown) => string;

const INTEGER = /^[+-]?\d{1,39}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Longer than any double needs; a bound on what the pattern above works through. */
const LONGEST_NUMBER = 400;

/** Inclusive bounds of the integer types that a double holds exactly. */
const BOUNDS: Readonly<Record<string, number>> = { byte: 2 ** 7, short: 2 ** 15, integer: 2 ** 31 };
const LONG_LIMIT = 2n ** 63n;

export function isInRange(type: string, value: number): boolean {
  const bound = BOUNDS[type];
  return Number.isInteger(value) && (bound === undefined || (value >= -bound && value < bound));
}

/** A number, or a bigint where a double would not be exact. Undefined beyond 64 bits. */
export function longOf(text: string): number | bigint | undefined {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return exact >= -LONG_LIMIT && exact < LONG_LIMIT ? exact : undefined;
}

function readInteger(type: string, text: string): number | bigint {
  const value = INTEGER.test(text) ? longOf(text) : undefined;
  if (value === undefined || (typeof value === 'number' && !isInRange(type, value))) invalid(text, type);
  if (typeof value === 'bigint' && type in BOUNDS) invalid(text, type);
  return value;
}

/** As they stand in JSON strings, XML and queries alike. */
export const specialFloat = (text: string): number | undefined =>
  text === 'NaN' ? Number.NaN : text === 'Infinity' ? Infinity : text === '-Infinity' ? -Infinity : undefined;

function readFloat(type: string, text: string): number {
  if (text.length <= LONGEST_NUMBER && DECIMAL.test(text)) return Number(text);
  return specialFloat(text) ?? invalid(text, type);
}

function readBoolean(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  return invalid(text, 'boolean');
}

export function readBase64(text: string): Uint8Array {
  // Clients of old wrap base64 in lines.
  const isPlain = BASE64.test(text);
  const plain = isPlain ? text : text.replace(/\s+/g, '');
  if (plain.length % 4 === 1 || !(isPlain || BASE64.test(plain))) malformed('The value is not valid base64');
  return Buffer.from(plain, 'base64');
}

export const base64Of = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('base64');

function invalid(text: string, type: string): never {
  malformed(`${JSON.stringify(text.slice(0, 64))} can not be converted to ${withArticle(type)}`);
}

/** `an Integer`, `a String`: AWS's messages name Java's types. */
export function withArticle(type: string): string {
  const name = type[0]?.toUpperCase() + type.slice(1);
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** Undefined for structures, lists and maps. */
export function textReader(shape: Resolved, timestampFormat: TimestampFormat): TextReader | undefined {
  switch (shape.type) {
    case 'string':
    case 'character':
      return (text) => text;
    case 'boolean':
      return readBoolean;
    case 'byte':
    case 'short':
    case 'integer':
    case 'long':
    case 'biginteger':
      return (text) => readInteger(shape.type, text);
    case 'float':
    case 'double':
    case 'bigdecimal':
      return (text) => readFloat(shape.type, text);
    case 'blob':
      return readBase64;
    case 'timestamp': {
      const format = shape.timestampFormat ?? timestampFormat;
      return (text) => parseTimestamp(text, format);
    }
    default:
      return undefined;
  }
}

/** Undefined for structures, lists and maps. Handlers give the types of the contract (protocol.ts), hence the casts. */
export function textWriter(shape: Resolved, timestampFormat: TimestampFormat): TextWriter | undefined {
  switch (shape.type) {
    case 'structure':
    case 'list':
    case 'map':
      return undefined;
    case 'blob':
      return (value) => base64Of(value as Uint8Array);
    case 'timestamp': {
      const format = shape.timestampFormat ?? timestampFormat;
      return (value) => formatTimestamp(value as number, format);
    }
    default:
      return String;
  }
}
