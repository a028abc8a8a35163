/**
 * Keys are byte strings kept as JavaScript strings of characters 0 to 255 ("binary strings"): they compare like their
 * bytes, serve as Map keys, and a driver writes them as latin1. Every part encodes so that the order of keys is the
 * order of values: integers big-endian, text ended by two zero bytes that its own zeros can't imitate.
 */
import { assert } from '#platform/base/assert.ts';
import type { Branded } from '#platform/base/ids.ts';

export type Key = Branded<'Key'>;

export interface KeyPart<T> {
  encode(value: T): string;
  /** The value that starts at `offset`, and where the next part starts. */
  decode(key: string, offset: number): { value: T; next: number };
}

const HIGH = 2 ** 32;
const word = (n: number): string => String.fromCharCode((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
const readWord = (key: string, offset: number): number =>
  ((key.charCodeAt(offset) << 24) |
    (key.charCodeAt(offset + 1) << 16) |
    (key.charCodeAt(offset + 2) << 8) |
    key.charCodeAt(offset + 3)) >>>
  0;

/** A whole number from 0 to 2^53 - 1, in eight bytes. */
export const u64: KeyPart<number> = {
  encode(value) {
    assert(Number.isSafeInteger(value) && value >= 0, 'a u64 key part is a whole number from 0 to 2^53 - 1');
    return word(Math.floor(value / HIGH)) + word(value % HIGH);
  },
  decode: (key, offset) => ({ value: readWord(key, offset) * HIGH + readWord(key, offset + 4), next: offset + 8 }),
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of characters that are their own UTF-8, but zero.
const PLAIN = /^[\x01-\x7f]*$/;

/** Any text, in the order of its UTF-8 bytes. A zero byte becomes 00 FF, the end is 00 00. */
export const text: KeyPart<string> = {
  encode(value) {
    if (PLAIN.test(value)) return `${value}\0\0`;
    return `${Buffer.from(value, 'utf8').toString('latin1').replaceAll('\0', '\0\xff')}\0\0`;
  },
  decode(key, offset) {
    let end = key.indexOf('\0', offset);
    while (end >= 0 && key[end + 1] === '\xff') end = key.indexOf('\0', end + 2);
    assert(end >= 0, 'a text key part has its end');
    const raw = key.slice(offset, end);
    if (PLAIN.test(raw)) return { value: raw, next: end + 2 };
    return { value: Buffer.from(raw.replaceAll('\0\xff', '\0'), 'latin1').toString('utf8'), next: end + 2 };
  },
};

/** The first key after every key that starts with `prefix`. */
export function afterPrefix(prefix: string): Key {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i);
    if (code < 255) return (prefix.slice(0, i) + String.fromCharCode(code + 1)) as Key;
  }
  return '\xff\xff\xff\xff\xff\xff\xff\xff' as Key;
}

export type PartValues<Parts> = { -readonly [I in keyof Parts]: Parts[I] extends KeyPart<infer T> ? T : never };
/** The first parts of a key: what a range over a table may fix. */
export type PrefixOf<Values extends readonly unknown[]> = Values extends readonly [...infer Rest, unknown]
  ? Values | PrefixOf<Rest>
  : Values;

export interface RowCodec<Row> {
  encode(row: Row): Uint8Array | string;
  decode(bytes: Buffer): Row;
}

/** What reading and writing single rows needs of a table. */
export interface RowTable<Row> {
  readonly name: string;
  /** All keys of the table start with it. */
  readonly prefix: string;
  readonly codec: RowCodec<Row>;
  /** Rows hold what users keep: they lie sealed (row-seals.ts). */
  readonly isSealed: boolean;
  /**
   * Single rows are asked for again and again: some are kept in memory, also where the disk is near (row-cache.ts), and decoded once. All
   * who ask get the same row: nobody may change it.
   */
  readonly isKept: boolean;
}

interface TableOptions {
  readonly isSealed?: boolean;
  readonly isKept?: boolean;
}

/** A kind of row within a partition: name, key parts, how a row is written. Declared once, in a service's state.ts. */
export interface Table<Row, Values extends readonly unknown[]> extends RowTable<Row> {
  key(...parts: Values): Key;
  keyPrefix(...parts: PrefixOf<Values>): string;
  parts(key: Key): Values;
}

/** JSON text. Versions: `version` is stored as `v`; `upgrade` turns a row of an older version into one of this. */
export function jsonRows<Row extends object>(
  version: number,
  upgrade?: (old: Record<string, unknown>, from: number) => Row,
): RowCodec<Row> {
  return {
    encode: (row) => (version === 1 ? JSON.stringify(row) : JSON.stringify({ ...row, v: version })),
    decode(bytes) {
      const row = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
      const from = typeof row['v'] === 'number' ? row['v'] : 1;
      if (from === version) return row as Row;
      assert(upgrade && from < version, `row of version ${from}, this program knows ${version}`);
      return upgrade(row, from);
    },
  };
}

/** `table('state', [u64, u64], jsonRows<MessageState>(1))`; `isSealed` is for what users keep, and costs some microseconds a row. */
export function table<Row, const Parts extends readonly KeyPart<unknown>[]>(
  name: string,
  parts: Parts,
  codec: RowCodec<Row>,
  { isSealed = false, isKept = false }: TableOptions = {},
): Table<Row, PartValues<Parts>> {
  const prefix = `${name}\0`;
  const keyPrefix = (...values: readonly unknown[]): string => {
    let key = prefix;
    for (let i = 0; i < values.length; i++) key += (parts[i] as KeyPart<unknown>).encode(values[i]);
    return key;
  };
  return {
    name,
    prefix,
    codec,
    isSealed,
    isKept,
    key: (...values) => keyPrefix(...(values as readonly unknown[])) as Key,
    keyPrefix: (...values) => keyPrefix(...(values as readonly unknown[])),
    parts(key) {
      let offset = prefix.length;
      // Part by part the types are those of the key's own values.
      return parts.map((part) => {
        const { value, next } = part.decode(key, offset);
        offset = next;
        return value;
      }) as unknown as PartValues<Parts>;
    },
  };
}
