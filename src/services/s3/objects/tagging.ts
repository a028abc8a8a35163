/** Tags of objects: part of a version's row, since they are asked for with it and go with it. */
import type {
  DeleteObjectTaggingOutput,
  DeleteObjectTaggingRequest,
  GetObjectTaggingOutput,
  GetObjectTaggingRequest,
  PutObjectTaggingOutput,
  PutObjectTaggingRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { notify } from '#services/s3/notifications/notify.ts';
import { findObject, type ReadTarget } from '#services/s3/objects/find.ts';
import { checkTags, type Tags } from '#services/s3/objects/metadata.ts';
import { putVersion, shownVersionId } from '#services/s3/objects/versions.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { replicateChange } from '#services/s3/replication/queue.ts';

export const getObjectTagging =
  (parts: S3Parts) =>
  (input: GetObjectTaggingRequest, call: Call): GetObjectTaggingOutput => {
    const { bucket, row } = findObject(parts, input as ReadTarget, call);
    const tagSet = Object.entries(row.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
    return { TagSet: tagSet, ...(bucket.versioning !== undefined && { VersionId: shownVersionId(row) }) };
  };

export const putObjectTagging =
  (parts: S3Parts) =>
  (input: PutObjectTaggingRequest, call: Call): PutObjectTaggingOutput => {
    const tags = checkTags(input.Tagging.TagSet.map(({ Key, Value }) => [Key, Value] as const));
    return changeTags(parts, input as ReadTarget, call, tags);
  };

export const deleteObjectTagging =
  (parts: S3Parts) =>
  (input: DeleteObjectTaggingRequest, call: Call): DeleteObjectTaggingOutput =>
    changeTags(parts, input as ReadTarget, call, {});

function changeTags(parts: S3Parts, target: ReadTarget, call: Call, tags: Tags): { VersionId?: string } {
  const { bucket, row } = findObject(parts, target, call);
  const { tags: _, ...rest } = row;
  const isEmpty = Object.keys(tags).length === 0;
  const changed = isEmpty ? rest : { ...rest, tags };
  putVersion(call.tx, bucket, target.Key, replicateChange(call.tx, bucket, target.Key, changed, call.now));
  const name = isEmpty ? 'ObjectTagging:Delete' : 'ObjectTagging:Put';
  notify(call.tx, bucket, { name, key: target.Key, row }, call);
  return bucket.versioning === undefined ? {} : { VersionId: shownVersionId(row) };
}
