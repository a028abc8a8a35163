/**
 * How versions are written, so that a list need not read all of them. A row is JSON; what lists tell of it goes first, in the order that
 * `encode` has, and a space before it says that this is so: JSON allows one and `JSON.stringify` makes none. Of such a row a list reads
 * the beginning, which is a fifth of what parsing the whole costs. Rows without the space, as they were written once, and whatever is not as it
 * is expected, are parsed.
 */
import type { RowCodec } from '#platform/store/keys.ts';
import type { Checksum, VersionRow } from '#services/s3/state.ts';

/** What lists tell of a version, and what finds its older ones. */
export interface ListedRow {
  readonly modifiedAt: number;
  readonly etag: string;
  readonly bytes: number;
  readonly sequence: number;
  readonly isDeleteMarker?: true | undefined;
  readonly checksum?: Pick<Checksum, 'name' | 'type'> | undefined;
  readonly storageClass?: string | undefined;
  readonly owner?: string | undefined;
  readonly restore?: VersionRow['restore'] | undefined;
  readonly versionId?: string | undefined;
}

const MARK = ' ';
const MARK_BYTE = 0x20;

export const versionRows: RowCodec<VersionRow> = {
  encode(row) {
    if (!isPlain(row)) return JSON.stringify(row);
    let text = toldOf(row);
    for (const name in row) {
      if (TOLD.has(name)) continue;
      const value = row[name as keyof VersionRow]; // a name of its own
      if (value !== undefined) text += `,"${name}":${JSON.stringify(value)}`;
    }
    return `${text}}`;
  },
  decode: (bytes) => JSON.parse(bytes.toString('utf8')) as VersionRow,
};

/** What lists tell, as the beginning of the row's JSON: `readListed` is its other half. */
function toldOf(row: VersionRow): string {
  const { modifiedAt, etag, bytes, sequence, isDeleteMarker, checksum, storageClass, owner, restore, versionId } = row;
  let text = `${MARK}{"modifiedAt":${modifiedAt},"etag":"${etag}","bytes":${bytes},"sequence":${sequence}`;
  if (isDeleteMarker) text += ',"isDeleteMarker":true';
  if (checksum) {
    text += `,"checksum":{"name":"${checksum.name}","type":"${checksum.type}","value":"${checksum.value}"}`;
  }
  if (storageClass !== undefined) text += `,"storageClass":"${storageClass}"`;
  if (owner !== undefined) text += `,"owner":"${owner}"`;
  if (restore) text += `,"restore":{"readyAt":${restore.readyAt},"expiresAt":${restore.expiresAt}}`;
  if (versionId !== undefined) text += `,"versionId":"${versionId}"`;
  return text;
}

const TOLD: ReadonlySet<string> = new Set<keyof ListedRow>([
  'modifiedAt',
  'etag',
  'bytes',
  'sequence',
  'isDeleteMarker',
  'checksum',
  'storageClass',
  'owner',
  'restore',
  'versionId',
]);

/** The texts that lists tell are written as they are, and read so. The words of a checksum are the model's and base 64. */
const isPlain = ({ etag, storageClass, owner, versionId }: VersionRow): boolean =>
  PLAIN.test(etag) &&
  (storageClass === undefined || PLAIN.test(storageClass)) &&
  (owner === undefined || PLAIN.test(owner)) &&
  (versionId === undefined || PLAIN.test(versionId));
const PLAIN = /^[\w-]*$/;

/** Of the same rows, by which nobody writes. */
export const listedRows: RowCodec<ListedRow> = {
  encode(): never {
    throw new Error('a list writes nothing');
  },
  decode: (bytes) =>
    bytes[0] === MARK_BYTE
      ? (readListed(bytes, READ_BYTES) ?? (readListed(bytes, bytes.length) as ListedRow)) // not cut off
      : versionRows.decode(bytes),
};

/** What lists tell mostly stands within the first so many bytes. */
const READ_BYTES = 240;
/** From the name of a member up to its value. */
const LONGEST_NAME = 32;

const MODIFIED_AT = MARK.length + '{"modifiedAt":'.length;
const ETAG = ',"etag":"'.length;
const BYTES = ',"bytes":'.length;
const SEQUENCE = ',"sequence":'.length;

/** Of the first `length` bytes; undefined where those may not be enough. */
function readListed(bytes: Buffer, length: number): ListedRow | undefined {
  const cursor: Cursor = { text: bytes.toString('latin1', 0, length), at: MODIFIED_AT };
  const row: ListedRow = {
    modifiedAt: readNumber(cursor),
    etag: readText(cursor, ETAG),
    bytes: readNumber(cursor, BYTES),
    sequence: readNumber(cursor, SEQUENCE),
    isDeleteMarker: skip(cursor, ',"isDeleteMarker":true') || undefined,
    checksum: skip(cursor, CHECKSUM) ? readChecksum(cursor) : undefined,
    storageClass: skip(cursor, ',"storageClass":"') ? readText(cursor) : undefined,
    owner: skip(cursor, ',"owner":"') ? readText(cursor) : undefined,
    restore: skip(cursor, RESTORE) ? readRestore(cursor) : undefined,
    versionId: skip(cursor, ',"versionId":"') ? readText(cursor) : undefined,
  };
  // What comes next may have been cut off.
  return bytes.length > length && cursor.at > length - LONGEST_NAME ? undefined : row;
}

/** Where it is in the text of a row. */
interface Cursor {
  readonly text: string;
  at: number;
}

/** Most rows have none of these, which the second letter of their names tells. */
function skip(cursor: Cursor, name: string): true | false {
  const { text, at } = cursor;
  if (text.charCodeAt(at + 2) !== name.charCodeAt(2) || !text.startsWith(name, at)) return false;
  cursor.at = at + name.length;
  return true;
}

/** It begins `after` so many characters, and ends at a quote, which is passed. */
function readText(cursor: Cursor, after = 0): string {
  const { text } = cursor;
  const begin = cursor.at + after;
  const end = text.indexOf('"', begin);
  cursor.at = end < 0 ? text.length : end + 1;
  return text.slice(begin, cursor.at - 1);
}

const CHECKSUM = ',"checksum":{"name":"';
const TYPE = ',"type":"'.length;

function readChecksum(cursor: Cursor): ListedRow['checksum'] {
  // Both are the model's words, and the value is in base 64: no escapes.
  const name = readText(cursor) as Checksum['name'];
  const type = readText(cursor, TYPE) as Checksum['type'];
  const end = cursor.text.indexOf('}', cursor.at);
  cursor.at = end < 0 ? cursor.text.length : end + 1;
  return { name, type };
}

const RESTORE = ',"restore":{"readyAt":';
const EXPIRES_AT = ',"expiresAt":'.length;

function readRestore(cursor: Cursor): ListedRow['restore'] {
  const readyAt = readNumber(cursor);
  const expiresAt = readNumber(cursor, EXPIRES_AT);
  cursor.at += 1;
  return { readyAt, expiresAt };
}

const COMMA = 0x2c;
const BRACE = 0x7d;
const ZERO = 0x30;

/** Digits are added up here, which spares a text; anything else is JavaScript's to read. */
function readNumber(cursor: Cursor, after = 0): number {
  const { text } = cursor;
  const begin = cursor.at + after;
  let at = begin;
  let value = 0;
  for (let digit = text.charCodeAt(at) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - ZERO) {
    value = value * 10 + digit;
  }
  cursor.at = at;
  const code = text.charCodeAt(at);
  if (code === COMMA || code === BRACE || at === text.length) return value;
  const [whole = ''] = /[^,}]*/y.exec(text.slice(begin)) ?? [];
  cursor.at = begin + whole.length;
  return Number(whole);
}
