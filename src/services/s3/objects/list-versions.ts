/** ListObjectVersions: the newest version of each key and, behind it, its older ones. */
import type {
  DeleteMarkerEntry,
  ListObjectVersionsOutput,
  ListObjectVersionsRequest,
  ObjectVersion,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { afterPrefix, type Key, type Table, text } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { ownersOf } from '#services/s3/acl/ownership.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { invalidArgument } from '#services/s3/errors.ts';
import { lastModified } from '#services/s3/objects/conditions.ts';
import {
  type Asked,
  commonPrefix,
  limitOf,
  type OwnerOf,
  objectOf,
  prefixesOf,
  restoresAt,
  type Shown,
  shownNames,
  type Walk,
} from '#services/s3/objects/list.ts';
import { findVersion, olderKey, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, listedObjects, listedVersions, objects } from '#services/s3/state.ts';
import type { ListedRow } from '#services/s3/version-rows.ts';

type Entry<Row> = { readonly key: string; readonly row: Row; readonly isLatest: boolean } | { readonly prefix: string };

type Sequenced = Pick<ListedRow, 'sequence'>;

interface VersionWalk extends Walk {
  /** Only versions of the key `after` that are older than this one; none of them if undefined. */
  readonly olderThan: Sequenced | undefined;
}

/** The tables of versions, as the caller reads them. */
export interface VersionTables<Row> {
  readonly newest: Table<Row, [number, string]>;
  readonly older: Table<Row, [number, string, number]>;
}
const LISTED: VersionTables<ListedRow> = { newest: listedObjects, older: listedVersions };

const KEYS_AT_ONCE = 200;

/** All versions that a walk meets; its `limit` is the caller's to keep. */
export function* entriesOf<Row extends Sequenced>(
  tx: ReadTransaction,
  tables: VersionTables<Row>,
  bucket: BucketRow,
  walk: VersionWalk,
): Generator<Entry<Row>> {
  const { prefix, after, olderThan } = walk;
  const start = (beginsWith: string) => objects.keyPrefix(bucket.id) + text.encode(beginsWith).slice(0, -2);
  const before = afterPrefix(start(prefix));
  let from = start(prefix) as Key;
  if (after !== '') {
    if (olderThan !== undefined) yield* older(tx, tables, bucket, after, olderThan);
    const isPrefix = commonPrefix(after, walk) === after;
    const next = isPrefix ? afterPrefix(start(after)) : (`${objects.key(bucket.id, after)}\0` as Key);
    if (next > from) from = next;
  }
  for (;;) {
    const rows = tx.range(tables.newest, { prefix: [bucket.id], from, before, limit: KEYS_AT_ONCE });
    let leap: Key | undefined;
    for (const { key: at, row } of rows) {
      const [, key] = objects.parts(at);
      const shared = commonPrefix(key, walk);
      if (shared !== undefined) {
        yield { prefix: shared };
        leap = afterPrefix(start(shared));
        break;
      }
      yield { key, row, isLatest: true };
      yield* older(tx, tables, bucket, key, row);
    }
    const last = rows.at(-1);
    if (leap === undefined && (last === undefined || rows.length < KEYS_AT_ONCE)) return;
    from = leap ?? (`${last?.key}\0` as Key);
  }
}

function* older<Row>(
  tx: ReadTransaction,
  { older: table }: VersionTables<Row>,
  bucket: BucketRow,
  key: string,
  than: Sequenced,
): Generator<Entry<Row>> {
  if (bucket.versioning === undefined) return;
  let after = olderKey(bucket, key, than.sequence);
  for (;;) {
    const rows = tx.range(table, { prefix: [bucket.id, key], after, limit: KEYS_AT_ONCE });
    for (const { key: at, row } of rows) {
      yield { key, row, isLatest: false };
      after = at;
    }
    if (rows.length < KEYS_AT_ONCE) return;
  }
}

export const listObjectVersions =
  (parts: S3Parts) =>
  (input: ListObjectVersionsRequest, call: Call): ListObjectVersionsOutput => {
    const { Bucket, Prefix = '', Delimiter = '', KeyMarker = '', VersionIdMarker } = input;
    const show = shownNames(input.EncodingType);
    const limit = limitOf(input.MaxKeys, 'max-keys');
    if (VersionIdMarker !== undefined && KeyMarker === '') {
      invalidArgument(
        'version-id-marker',
        VersionIdMarker,
        'A version-id marker cannot be specified without a key marker.',
      );
    }
    const bucket = openBucket(call.tx, parts.sealer, Bucket);
    const olderThan = VersionIdMarker ? findVersion(call.tx, bucket, KeyMarker, VersionIdMarker) : undefined;
    const walk = { prefix: Prefix, delimiter: Delimiter, after: KeyMarker, limit, olderThan };
    const { entries, isTruncated } = firstOf(entriesOf(call.tx, LISTED, bucket, walk), limit);
    return {
      Name: Bucket,
      Prefix: show(Prefix),
      KeyMarker: show(KeyMarker),
      VersionIdMarker: VersionIdMarker ?? '',
      ...(Delimiter !== '' && { Delimiter: show(Delimiter) }),
      MaxKeys: limit,
      IsTruncated: isTruncated,
      ...(input.EncodingType !== undefined && { EncodingType: input.EncodingType }),
      ...(isTruncated && nextMarkers(entries.at(-1), show)),
      ...shownEntries(entries, show, {
        ownerOf: ownersOf(parts, bucket, call),
        restoresAt: restoresAt(input.OptionalObjectAttributes, call),
      }),
      CommonPrefixes: prefixesOf(entries as readonly { prefix?: string }[], show),
    };
  };

function firstOf<Each>(all: Generator<Each>, limit: number): { entries: Each[]; isTruncated: boolean } {
  const entries: Each[] = [];
  if (limit === 0) return { entries, isTruncated: false };
  for (const entry of all) {
    if (entries.length === limit) return { entries, isTruncated: true };
    entries.push(entry);
  }
  return { entries, isTruncated: false };
}

function nextMarkers(last: Entry<ListedRow> | undefined, show: Shown) {
  if (last === undefined) return {};
  if ('prefix' in last) return { NextKeyMarker: show(last.prefix) };
  return { NextKeyMarker: show(last.key), NextVersionIdMarker: shownVersionId(last.row) };
}

function shownEntries(entries: readonly Entry<ListedRow>[], show: Shown, asked: Asked & { readonly ownerOf: OwnerOf }) {
  const found: { Versions: ObjectVersion[]; DeleteMarkers: DeleteMarkerEntry[] } = { Versions: [], DeleteMarkers: [] };
  for (const entry of entries) {
    if ('prefix' in entry) continue;
    const { key, row, isLatest } = entry;
    const version = { VersionId: shownVersionId(row), IsLatest: isLatest };
    if (row.isDeleteMarker) {
      found.DeleteMarkers.push({
        Key: show(key),
        LastModified: lastModified(row),
        Owner: asked.ownerOf(row),
        ...version,
      });
    } else {
      found.Versions.push({ ...objectOf(key, row, show, asked), ...version });
    }
  }
  return found;
}
