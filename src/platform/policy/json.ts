/**
 * A strict reader of JSON for policy documents. JSON.parse would take the last of two equal keys in silence, and a policy whose
 * two `Condition` blocks became one is not what its author wrote; so duplicates are refused, as AWS refuses them. Depth is
 * bounded; objects become Maps, so that `__proto__` is a key like any other.
 */
export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** A policy is six levels deep: document, statements, statement, condition, operator, values. */
const MAX_DEPTH = 12;

export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError';
}

/** Offsets into the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `spans` takes up where each object stands. */
export function readJson(text: string, spans?: Map<JsonObject, Span>): JsonValue {
  const reader = { text, at: 0, spans };
  const value = readValue(reader, 0);
  skipSpace(reader);
  if (reader.at < text.length) throw new JsonSyntaxError(`text after the document at ${reader.at}`);
  return value;
}

interface Reader {
  readonly text: string;
  at: number;
  readonly spans: Map<JsonObject, Span> | undefined;
}

function readValue(reader: Reader, depth: number): JsonValue {
  if (depth > MAX_DEPTH) throw new JsonSyntaxError('too deep');
  skipSpace(reader);
  const start = reader.text[reader.at];
  if (start === '{') return readObject(reader, depth);
  if (start === '[') return readList(reader, depth);
  if (start === '"') return readString(reader);
  return readScalar(reader);
}

function readObject(reader: Reader, depth: number): JsonObject {
  const members = new Map<string, JsonValue>();
  const start = reader.at++;
  if (!take(reader, '}')) {
    do {
      skipSpace(reader);
      const key = readString(reader);
      if (members.has(key)) throw new JsonSyntaxError(`duplicate key ${key}`);
      expect(reader, ':');
      members.set(key, readValue(reader, depth + 1));
    } while (take(reader, ','));
    expect(reader, '}');
  }
  reader.spans?.set(members, { start, end: reader.at });
  return members;
}

function readList(reader: Reader, depth: number): readonly JsonValue[] {
  const values: JsonValue[] = [];
  reader.at++;
  if (take(reader, ']')) return values;
  do values.push(readValue(reader, depth + 1));
  while (take(reader, ','));
  expect(reader, ']');
  return values;
}

/** Finds the closing quote and leaves escapes and forbidden characters to JSON.parse. */
function readString(reader: Reader): string {
  const { text, at } = reader;
  if (text[at] !== '"') throw new JsonSyntaxError(`string expected at ${at}`);
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) throw new JsonSyntaxError('string without an end');
  reader.at = end + 1;
  return parsed(text.slice(at, end + 1)) as string; // it begins with a quote
}

const SCALAR = /[^\s,\]}]*/y;

function readScalar(reader: Reader): JsonValue {
  SCALAR.lastIndex = reader.at;
  const scalar = SCALAR.exec(reader.text)?.[0] ?? '';
  if (!/^(?:-?\d|true$|false$|null$)/.test(scalar)) throw new JsonSyntaxError(`value expected at ${reader.at}`);
  reader.at += scalar.length;
  return parsed(scalar) as number | boolean | null; // by its first character
}

function parsed(token: string): unknown {
  try {
    return JSON.parse(token);
  } catch {
    throw new JsonSyntaxError(`bad token ${token.slice(0, 20)}`);
  }
}

function skipSpace(reader: Reader): void {
  let code = reader.text.charCodeAt(reader.at);
  while (code === 32 || code === 10 || code === 13 || code === 9) code = reader.text.charCodeAt(++reader.at);
}

function take(reader: Reader, mark: string): boolean {
  skipSpace(reader);
  if (reader.text[reader.at] !== mark) return false;
  reader.at++;
  return true;
}

function expect(reader: Reader, mark: string): void {
  if (!take(reader, mark)) throw new JsonSyntaxError(`${mark} expected at ${reader.at}`);
}
