/** RenameObject: another key for the same row, in one transaction. Neither bytes nor metadata, ETag or dates change. */
import type { RenameObjectOutput, RenameObjectRequest } from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { checkKey } from '#services/s3/names.ts';
import { checkSource, checkWrite, lastModified } from '#services/s3/objects/conditions.ts';
import { newest, removeVersion } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { objects, type VersionRow } from '#services/s3/state.ts';
import { laterBlobs } from '#services/s3/storage/later-blobs.ts';

export const renameObject =
  (parts: S3Parts) =>
  (input: RenameObjectRequest, call: Call): RenameObjectOutput => {
    const { Key: key, Bucket: name } = input;
    const from = sourceKey(input.RenameSource, name);
    checkKey(key);
    // "The RenameObject API operation will not succeed on objects that end with the slash (/) delimiter character."
    if (key.endsWith('/') || from.endsWith('/')) fail('InvalidRequest', { message: 'Directories can not be renamed.' });
    const { tx } = call;
    const bucket = openBucket(tx, parts.sealer, name);
    const row = newest(tx, bucket, from) ?? fail('NoSuchKey', { about: from });
    checkSource(row, sourceConditions(input), 'x-amz-rename-source-');
    const before = newest(tx, bucket, key);
    checkDestination(before, input);
    if (from === key) return {};
    if (before !== undefined) removeVersion(tx, laterBlobs(parts, call), bucket, key, before, call.now);
    tx.delete(objects, objects.key(bucket.id, from));
    tx.put(objects, objects.key(bucket.id, key), row);
    return {};
  };

/** `bucket/key`, percent-encoded, with a slash before it or not: the model's pattern, as for the source of a copy. */
function sourceKey(header: string, bucket: string): string {
  try {
    const source = decodeURIComponent(header).replace(/^\//, '');
    if (source.startsWith(`${bucket}/`)) return source.slice(bucket.length + 1);
  } catch {
    // Not percent-encoded: refused like every other form.
  }
  const message = 'Rename Source must mention the bucket of the request and the source key: bucket/sourcekey';
  return invalidArgument('x-amz-rename-source', header, message);
}

/** Absent members stay absent. */
const sourceConditions = (input: RenameObjectRequest) => ({
  ...(input.SourceIfMatch !== undefined && { IfMatch: input.SourceIfMatch }),
  ...(input.SourceIfNoneMatch !== undefined && { IfNoneMatch: input.SourceIfNoneMatch }),
  ...(input.SourceIfModifiedSince !== undefined && { IfModifiedSince: input.SourceIfModifiedSince }),
  ...(input.SourceIfUnmodifiedSince !== undefined && { IfUnmodifiedSince: input.SourceIfUnmodifiedSince }),
});

function checkDestination(row: VersionRow | undefined, input: RenameObjectRequest): void {
  const { DestinationIfMatch: IfMatch, DestinationIfNoneMatch: IfNoneMatch, Key } = input;
  checkWrite(
    row,
    { ...(IfMatch !== undefined && { IfMatch }), ...(IfNoneMatch !== undefined && { IfNoneMatch }) },
    Key,
  );
  const { DestinationIfModifiedSince: since, DestinationIfUnmodifiedSince: unmodifiedSince } = input;
  const modified = row && lastModified(row);
  // "Renames the object if the destination exists and if it has been modified since the specified time."
  if (since !== undefined && (modified === undefined || modified <= since)) {
    fail('PreconditionFailed', { about: 'If-Modified-Since' });
  }
  if (unmodifiedSince !== undefined && modified !== undefined && modified > unmodifiedSince) {
    fail('PreconditionFailed', { about: 'If-Unmodified-Since' });
  }
}
