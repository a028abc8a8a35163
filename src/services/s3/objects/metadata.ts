/** What an object carries beside its bytes: content headers, user metadata, tags in a header, a storage class. */
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { isDirectoryBucketName } from '#services/s3/names.ts';
import { decodeMailSafe, encodeMailSafe } from '#services/s3/objects/mail-safe.ts';
import type { ContentHeaders } from '#services/s3/state.ts';

export interface GivenMetadata extends ContentHeaders {
  readonly Bucket: string;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly StorageClass?: string;
  readonly Tagging?: string;
}

const HEADERS = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'Expires',
  'WebsiteRedirectLocation',
] as const satisfies readonly (keyof ContentHeaders)[];

/** "the user-defined metadata is limited to 2 KB in size" (User Guide, "Working with object metadata"): names and values together. */
const MOST_METADATA_BYTES = 2048;
/** "The value must be prefixed by /, http://, or https://. The length of the value is limited to 2 KB." (API Reference, POST Object) */
const REDIRECT = /^(?:\/|https?:\/\/)/;
const MOST_REDIRECT_BYTES = 2048;
const STORAGE_CLASSES = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
]);
/** Directory buckets have one class, and no other bucket has it. */
const EXPRESS = 'EXPRESS_ONEZONE';
const MOST_TAGS = 10;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export type Tags = Readonly<Record<string, string>>;

export interface ObjectMetadata {
  readonly headers?: ContentHeaders;
  readonly metadata?: Tags;
  readonly tags?: Tags;
  readonly storageClass?: string;
}

/** Checked, and without what says nothing. */
export function metadataOf(given: GivenMetadata): ObjectMetadata {
  const headers = contentHeadersOf(given);
  const isDirectory = isDirectoryBucketName(given.Bucket);
  const { Metadata: metadata, Tagging: tagging } = given;
  const { StorageClass: storageClass = isDirectory ? EXPRESS : 'STANDARD' } = given;
  if (metadata !== undefined && sizeOf(metadata) > MOST_METADATA_BYTES) {
    fail('MetadataTooLarge', {
      fields: { Size: String(sizeOf(metadata)), MaxSizeAllowed: String(MOST_METADATA_BYTES) },
    });
  }
  if (isDirectory ? storageClass !== EXPRESS : !STORAGE_CLASSES.has(storageClass))
    fail('InvalidStorageClass', { about: storageClass });
  const tags = tagging === undefined ? undefined : tagsOfHeader(tagging);
  return {
    ...(headers && { headers }),
    ...(metadata && Object.keys(metadata).length > 0 && { metadata: mapValues(metadata, decodeMailSafe) }),
    ...(tags && Object.keys(tags).length > 0 && { tags }),
    ...(storageClass !== 'STANDARD' && { storageClass }),
  };
}

/** Metadata as an answer's headers carry it. */
export const shownMetadata = (metadata: Tags): Tags => mapValues(metadata, encodeMailSafe);

const mapValues = (metadata: Tags, change: (value: string) => string): Tags =>
  Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, change(value)]));

function contentHeadersOf(given: GivenMetadata): ContentHeaders | undefined {
  const headers: { -readonly [Name in keyof ContentHeaders]: ContentHeaders[Name] } = {};
  for (const name of HEADERS) {
    const value = name === 'ContentEncoding' ? withoutChunking(given.ContentEncoding) : given[name];
    if (value !== undefined && value !== '') headers[name] = value;
  }
  const { WebsiteRedirectLocation: redirect } = headers;
  if (redirect !== undefined && !REDIRECT.test(redirect)) fail('InvalidRedirectLocation');
  if (redirect !== undefined && Buffer.byteLength(redirect) > MOST_REDIRECT_BYTES) {
    fail('InvalidRedirectLocation', { message: 'The website redirect location is longer than 2 KB.' });
  }
  return Object.keys(headers).length > 0 ? headers : undefined;
}

/** `aws-chunked` is of the way here, not of the object. What is left keeps its blanks. */
const withoutChunking = (encoding: string | undefined): string | undefined =>
  encoding?.includes('aws-chunked')
    ? encoding
        .split(',')
        .filter((part) => part.trim() !== 'aws-chunked')
        .join(',')
        .trim()
    : encoding;

const sizeOf = (metadata: Tags): number =>
  Object.entries(metadata).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);

/** `key1=value1&key2=value2`, as in a URL's query. */
function tagsOfHeader(header: string): Tags {
  const pairs = [...new URLSearchParams(header)];
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) {
    invalidArgument(
      'x-amz-tagging',
      header,
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    );
  }
  return checkTags(pairs);
}

/** Throws as S3 does for object tags: ten at most, lengths, characters. */
export function checkTags(pairs: readonly (readonly [key: string, value: string])[]): Tags {
  const tags: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) {
    if (key in tags)
      fail('InvalidTag', { message: 'Cannot provide multiple Tags with the same key', fields: { TagKey: key } });
    if (key.length < 1 || key.length > 128 || !TAG_TEXT.test(key) || /^aws:/i.test(key)) {
      fail('InvalidTag', { message: 'The TagKey you have provided is invalid', fields: { TagKey: key } });
    }
    if (value.length > 256 || !TAG_TEXT.test(value)) {
      fail('InvalidTag', {
        message: 'The TagValue you have provided is invalid',
        fields: { TagKey: key, TagValue: value },
      });
    }
    tags[key] = value;
  }
  if (pairs.length > MOST_TAGS) fail('BadTagCount');
  return { ...tags };
}
