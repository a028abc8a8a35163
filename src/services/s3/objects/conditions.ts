/**
 * Conditional requests: RFC 9110, 13.2, as S3 has it. On reads If-Match beats If-Unmodified-Since and If-None-Match beats
 * If-Modified-Since; on writes there are If-None-Match with `*` and If-Match with an ETag.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import { fail } from '#services/s3/errors.ts';
import type { VersionRow } from '#services/s3/state.ts';

export interface ReadConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
  readonly IfModifiedSince?: Milliseconds;
  readonly IfUnmodifiedSince?: Milliseconds;
}

export const quotedEtag = (row: { readonly etag: string }): string => `"${row.etag}"`;

const withoutQuotes = (tag: string): string =>
  tag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');

/** `"a", "b"` or `*`. */
const names = (header: string, row: VersionRow): boolean =>
  header.trim() === '*' || header.split(',').some((tag) => withoutQuotes(tag) === row.etag);

/** S3 tells times of objects in whole seconds, in documents as in headers. */
export const lastModified = ({ modifiedAt }: { readonly modifiedAt: Milliseconds }): Milliseconds =>
  modifiedAt - (modifiedAt % 1000);

/** Throws PreconditionFailed, or NotModified. */
export function checkRead(row: VersionRow, conditions: ReadConditions): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  const modified = lastModified(row);
  if (IfMatch !== undefined) {
    if (!names(IfMatch, row)) fail('PreconditionFailed', { about: 'If-Match' });
  } else if (IfUnmodifiedSince !== undefined && modified > IfUnmodifiedSince) {
    fail('PreconditionFailed', { about: 'If-Unmodified-Since' });
  }
  const { CacheControl, Expires } = row.headers ?? {};
  // What "would have been sent in a 200 (OK) response" (RFC 9110, 15.4.5).
  const fields = { ETag: quotedEtag(row), LastModified: row.modifiedAt, CacheControl, Expires };
  if (IfNoneMatch !== undefined) {
    if (names(IfNoneMatch, row)) fail('NotModified', { fields });
  } else if (IfModifiedSince !== undefined && modified <= IfModifiedSince) fail('NotModified', { fields });
}

export interface CopyConditions {
  readonly CopySourceIfMatch?: string;
  readonly CopySourceIfNoneMatch?: string;
  readonly CopySourceIfModifiedSince?: Milliseconds;
  readonly CopySourceIfUnmodifiedSince?: Milliseconds;
}

/** Absent members stay absent. */
export const copyConditions = (given: CopyConditions): ReadConditions => ({
  ...(given.CopySourceIfMatch !== undefined && { IfMatch: given.CopySourceIfMatch }),
  ...(given.CopySourceIfNoneMatch !== undefined && { IfNoneMatch: given.CopySourceIfNoneMatch }),
  ...(given.CopySourceIfModifiedSince !== undefined && { IfModifiedSince: given.CopySourceIfModifiedSince }),
  ...(given.CopySourceIfUnmodifiedSince !== undefined && { IfUnmodifiedSince: given.CopySourceIfUnmodifiedSince }),
});

/** Of the source of a copy or a new name all that fails is PreconditionFailed. `prefix` stands before the headers' names. */
export function checkSource(row: VersionRow, conditions: ReadConditions, prefix: string): void {
  const modified = lastModified(row);
  const {
    IfMatch: match,
    IfNoneMatch: noneMatch,
    IfModifiedSince: since,
    IfUnmodifiedSince: unmodifiedSince,
  } = conditions;
  const refuse = (header: string): never => fail('PreconditionFailed', { about: `${prefix}${header}` });
  if (match !== undefined && !names(match, row)) refuse('If-Match');
  if (match === undefined && unmodifiedSince !== undefined && modified > unmodifiedSince) refuse('If-Unmodified-Since');
  if (noneMatch !== undefined && names(noneMatch, row)) refuse('If-None-Match');
  if (noneMatch === undefined && since !== undefined && modified <= since) refuse('If-Modified-Since');
}

export interface WriteConditions {
  readonly IfMatch?: string;
  readonly IfNoneMatch?: string;
}

/** Who sets no condition spares the look at what is there. */
export const isConditional = ({ IfMatch, IfNoneMatch }: WriteConditions): boolean =>
  IfMatch !== undefined || IfNoneMatch !== undefined;

/** Inside the writing transaction. `current` is the key's newest version. */
export function checkWrite(
  current: VersionRow | undefined,
  { IfMatch, IfNoneMatch }: WriteConditions,
  key: string,
): void {
  const isThere = current !== undefined && current.isDeleteMarker === undefined;
  if (IfNoneMatch !== undefined) {
    if (IfNoneMatch.trim() !== '*') {
      fail('NotImplemented', {
        about: 'If-None-Match',
        fields: { additionalMessage: "We don't accept the provided value of If-None-Match header for this API" },
      });
    }
    if (isThere) fail('PreconditionFailed', { about: 'If-None-Match' });
  }
  if (IfMatch === undefined) return;
  if (!isThere) fail('NoSuchKey', { about: key });
  else if (!names(IfMatch, current)) fail('PreconditionFailed', { about: 'If-Match' });
}
