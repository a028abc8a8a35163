/** Lists of a directory bucket: S3's, with what they can't be asked for and what they show besides. */
import type {
  ListMultipartUploadsOutput,
  ListMultipartUploadsRequest,
  ListObjectsV2Output,
  ListObjectsV2Request,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { checkList } from '#services/s3/express/supported.ts';
import { listMultipartUploads } from '#services/s3/multipart/uploads.ts';
import { listObjectsV2 } from '#services/s3/objects/list.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export const listDirectory =
  (parts: S3Parts) =>
  (input: ListObjectsV2Request, call: Call): ListObjectsV2Output => {
    checkList(input);
    const page = listObjectsV2(parts)(input, call);
    if (input.Delimiter === undefined || page.IsTruncated) return page;
    const beside = prefixesOfUploads(parts, input, call, (page.MaxKeys ?? 0) - (page.KeyCount ?? 0));
    const all = [...(page.CommonPrefixes ?? []), ...beside];
    return { ...page, CommonPrefixes: all, KeyCount: (page.KeyCount ?? 0) + beside.length };
  };

/**
 * "the CommonPrefixes response parameter contains the prefixes that are associated with the in-progress multipart uploads" (API
 * Reference): those that no object has come last, as no order is promised.
 */
function prefixesOfUploads(parts: S3Parts, input: ListObjectsV2Request, call: Call, room: number) {
  const { Bucket, Prefix = '', EncodingType } = input;
  openBucket(call.tx, parts.sealer, Bucket);
  const asked = { Bucket, Prefix, Delimiter: '/', ...(EncodingType && { EncodingType }) };
  const { CommonPrefixes = [] } = listMultipartUploads(parts)(asked, call);
  const isAlone = ({ Prefix: prefix = '' }): boolean => {
    const below = EncodingType === undefined ? prefix : decodeURIComponent(prefix);
    return listObjectsV2(parts)({ Bucket, Prefix: below, MaxKeys: 1 }, call).KeyCount === 0;
  };
  return CommonPrefixes.filter(isAlone).slice(0, room);
}

export const listDirectoryUploads =
  (parts: S3Parts) =>
  (input: ListMultipartUploadsRequest, call: Call): ListMultipartUploadsOutput => {
    checkList(input);
    return listMultipartUploads(parts)(input, call);
  };
