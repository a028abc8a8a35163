/**
 * Listing keys: ListObjects, ListObjectsV2. One walk over the rows of a bucket in the order of UTF-8, which the store has
 * already; with a delimiter the walk leaps over what a common prefix stands for, so its cost is that of what it answers. Where
 * little is to be shown of much that is there (delete markers), a page ends early, as S3 may end it.
 */
import type {
  ListObjectsOutput,
  ListObjectsRequest,
  ListObjectsV2Output,
  ListObjectsV2Request,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { afterPrefix, type Key, type Table, text } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { ownersOf } from '#services/s3/acl/ownership.ts';
import { restoreStatus } from '#services/s3/archive/restore.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import type { ShownOwner } from '#services/s3/canonical-users.ts';
import { invalidArgument } from '#services/s3/errors.ts';
import { lastModified, quotedEtag } from '#services/s3/objects/conditions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, listedObjects, objects } from '#services/s3/state.ts';
import type { ListedRow } from '#services/s3/version-rows.ts';

const MOST_LISTED = 1000;
/** Rows that a page looks at: about 20 ms. */
const MOST_SCANNED = 10_000;

export interface Walk {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only what comes after this key, or after this common prefix. */
  readonly after: string;
  readonly limit: number;
}

export type Listed<Row> = { readonly key: string; readonly row: Row } | { readonly prefix: string };

export interface Page<Row> {
  readonly entries: readonly Listed<Row>[];
  /** Where the next page goes on, if there may be more: the last entry's key or prefix, or what was looked at last. */
  readonly next: string | undefined;
}

const nameOf = (entry: Listed<unknown>): string => ('prefix' in entry ? entry.prefix : entry.key);

/** Where the keys that begin so begin. */
const beginning = (bucket: BucketRow, prefix: string): string =>
  objects.keyPrefix(bucket.id) + text.encode(prefix).slice(0, -2);

/** The common prefix that a key is shown under, if it is. */
export function commonPrefix(
  key: string,
  { prefix, delimiter }: Pick<Walk, 'prefix' | 'delimiter'>,
): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Newest versions alone; keys whose newest is a delete marker are not there. `table`: the objects, as the caller reads them. */
export function walkKeys<Row extends Pick<ListedRow, 'isDeleteMarker'>>(
  tx: ReadTransaction,
  table: Table<Row, [number, string]>,
  bucket: BucketRow,
  walk: Walk,
): Page<Row> {
  const { prefix, delimiter, after, limit } = walk;
  const entries: Listed<Row>[] = [];
  const before = afterPrefix(beginning(bucket, prefix));
  let from = beginning(bucket, prefix) as Key;
  if (after !== '') {
    // All below the prefix that the last page ended with was in that page.
    const isPrefix = commonPrefix(after, walk) === after;
    const next = isPrefix ? afterPrefix(beginning(bucket, after)) : (`${objects.key(bucket.id, after)}\0` as Key);
    if (next > from) from = next;
  }
  if (limit === 0) return { entries, next: undefined };
  // Where the text begins in keys of the store: taking them apart whole costs more than reading the rows.
  const name = objects.keyPrefix(bucket.id).length;
  const step = delimiter === '' ? limit + 1 : 100;
  for (let scanned = 0; ; scanned += step) {
    const rows = tx.range(table, { prefix: [bucket.id], from, before, limit: step });
    let leap: Key | undefined;
    for (const { key: at, row } of rows) {
      if (row.isDeleteMarker) continue;
      if (entries.length === limit) {
        const last = entries.at(-1);
        return { entries, next: last && nameOf(last) };
      }
      const key = text.decode(at, name).value;
      const shared = commonPrefix(key, walk);
      if (shared === undefined) {
        entries.push({ key, row });
        continue;
      }
      entries.push({ prefix: shared });
      leap = afterPrefix(beginning(bucket, shared));
      break;
    }
    const last = rows.at(-1);
    if (leap === undefined && (last === undefined || rows.length < step)) return { entries, next: undefined };
    if (leap === undefined && last && scanned >= MOST_SCANNED) return { entries, next: objects.parts(last.key)[1] };
    from = leap ?? (`${last?.key}\0` as Key);
  }
}

/** Checked; above a thousand is a thousand. */
export function limitOf(given: number | undefined, parameter: string): number {
  if (given === undefined) return MOST_LISTED;
  if (given < 0)
    invalidArgument(parameter, String(given), `Argument ${parameter} must be an integer between 0 and 2147483647`);
  return Math.min(given, MOST_LISTED);
}

export type Shown = (name: string) => string;

/** XML can't hold every key: `encoding-type=url` is asked for by most clients. */
export function shownNames(encodingType: string | undefined): Shown {
  if (encodingType === undefined) return (name) => name;
  if (encodingType !== 'url')
    invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request');
  return (name) => (UNRESERVED.test(name) ? name : encoded(name));
}

/** What stays as it is; most names are of nothing else. */
const UNRESERVED = /^[\w\-./*]*$/;

const encoded = (name: string): string =>
  encodeURIComponent(name)
    .replaceAll('%2F', '/')
    .replace(/[!~'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export type OwnerOf = (row: ListedRow) => ShownOwner;

function contents(entries: readonly Listed<ListedRow>[], show: Shown, asked: Asked) {
  const shown = [];
  for (const entry of entries) if (!('prefix' in entry)) shown.push(objectOf(entry.key, entry.row, show, asked));
  return shown;
}

/** What is told to those alone who ask for it. */
export interface Asked {
  readonly ownerOf: OwnerOf | undefined;
  /** The time, where the status of restores is asked for. */
  readonly restoresAt: number | undefined;
}

export const restoresAt = (
  attributes: readonly string[] | undefined,
  { now }: Pick<Call, 'now'>,
): number | undefined => (attributes?.includes('RestoreStatus') ? now : undefined);

export function objectOf(key: string, row: ListedRow, show: Shown, { ownerOf, restoresAt: now }: Asked) {
  const { checksum, restore } = row;
  // Validated when the object was made: one of the model's.
  const StorageClass = (row.storageClass ?? 'STANDARD') as 'STANDARD';
  const Key = show(key);
  const LastModified = lastModified(row);
  const ETag = quotedEtag(row);
  const Size = row.bytes;
  const shown =
    checksum === undefined
      ? { Key, LastModified, ETag, Size, StorageClass }
      : {
          Key,
          LastModified,
          ETag,
          ChecksumAlgorithm: [checksum.name],
          ChecksumType: checksum.type,
          Size,
          StorageClass,
        };
  if (ownerOf === undefined && restore === undefined) return shown;
  return { ...shown, ...(ownerOf && { Owner: ownerOf(row) }), ...(now !== undefined && restoreStatus(row, now)) };
}

export function prefixesOf(entries: readonly { readonly prefix?: string }[], show: Shown): { Prefix: string }[] {
  const shown = [];
  for (const { prefix } of entries) if (prefix !== undefined) shown.push({ Prefix: show(prefix) });
  return shown;
}

export const listObjectsV2 =
  (parts: S3Parts) =>
  (input: ListObjectsV2Request, call: Call): ListObjectsV2Output => {
    const { Bucket, Prefix = '', Delimiter = '', MaxKeys, StartAfter, ContinuationToken: token } = input;
    const show = shownNames(input.EncodingType);
    const limit = limitOf(MaxKeys, 'maxKeys');
    const bound = [Bucket, Prefix, Delimiter];
    const refuse = () => invalidArgument('continuation-token', token, 'The continuation token provided is incorrect');
    // An empty token is that of the first page.
    const after = token ? parts.pages.open(call, bound, token, refuse) : (StartAfter ?? '');
    const bucket = openBucket(call.tx, parts.sealer, Bucket);
    const { entries, next } = walkKeys(call.tx, listedObjects, bucket, {
      prefix: Prefix,
      delimiter: Delimiter,
      after,
      limit,
    });
    return {
      Name: Bucket,
      Prefix: show(Prefix),
      ...(Delimiter !== '' && { Delimiter: show(Delimiter) }),
      MaxKeys: limit,
      KeyCount: entries.length,
      IsTruncated: next !== undefined,
      ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
      ...(token !== undefined && { ContinuationToken: token }),
      ...(StartAfter !== undefined && { StartAfter: show(StartAfter) }),
      ...(next !== undefined && { NextContinuationToken: parts.pages.seal(call, bound, next) }),
      Contents: contents(entries, show, {
        ownerOf: input.FetchOwner === true ? ownersOf(parts, bucket, call) : undefined,
        restoresAt: restoresAt(input.OptionalObjectAttributes, call),
      }),
      CommonPrefixes: prefixesOf(entries as readonly { prefix?: string }[], show),
    };
  };

export const listObjects =
  (parts: S3Parts) =>
  (input: ListObjectsRequest, call: Call): ListObjectsOutput => {
    const { Bucket, Prefix = '', Delimiter = '', MaxKeys, Marker = '' } = input;
    const show = shownNames(input.EncodingType);
    const limit = limitOf(MaxKeys, 'max-keys');
    const bucket = openBucket(call.tx, parts.sealer, Bucket);
    const { entries, next } = walkKeys(call.tx, listedObjects, bucket, {
      prefix: Prefix,
      delimiter: Delimiter,
      after: Marker,
      limit,
    });
    return {
      Name: Bucket,
      // Of all names in this older answer the prefix alone is not encoded: SDKs that decode it leave it as it is.
      Prefix,
      Marker: show(Marker),
      ...(Delimiter !== '' && { Delimiter: show(Delimiter) }),
      MaxKeys: limit,
      IsTruncated: next !== undefined,
      ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
      // "This element is returned only if you have the delimiter request parameter specified." And where the last key won't do.
      ...(next !== undefined && (Delimiter !== '' || entries.length < limit) && { NextMarker: show(next) }),
      Contents: contents(entries, show, {
        ownerOf: ownersOf(parts, bucket, call),
        restoresAt: restoresAt(input.OptionalObjectAttributes, call),
      }),
      CommonPrefixes: prefixesOf(entries as readonly { prefix?: string }[], show),
    };
  };
