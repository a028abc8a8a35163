/** One request as a line of an access log. Pure. Source: S3 User Guide, "Amazon S3 server access log format". */
import type { AccountId } from '#platform/base/ids.ts';
import type { AnsweredRequest } from '#platform/web.ts';
import { canonicalUser } from '#services/s3/names.ts';

export interface LogFacts {
  readonly answered: AnsweredRequest;
  /** The owner's canonical id. */
  readonly owner: string;
  readonly bucket: string;
  readonly key: string | undefined;
  readonly region: string;
  /** The ARN of what the request came through. */
  readonly accessPoint: string | undefined;
}

/** What is not said. */
const NONE = '-';

/** Operations whose resource type is not the bucket or the object. */
const RESOURCE_TYPES: Readonly<Record<string, string>> = {
  CopyObject: 'REST.COPY.OBJECT',
  UploadPart: 'REST.PUT.PART',
  UploadPartCopy: 'REST.COPY.PART',
  CreateMultipartUpload: 'REST.POST.UPLOADS',
  CompleteMultipartUpload: 'REST.POST.UPLOAD',
  AbortMultipartUpload: 'REST.DELETE.UPLOAD',
  ListParts: 'REST.GET.UPLOAD',
  ListMultipartUploads: 'REST.GET.UPLOADS',
  ListObjectVersions: 'REST.GET.BUCKETVERSIONS',
  DeleteObjects: 'REST.POST.MULTI_OBJECT_DELETE',
  GetBucketPolicy: 'REST.GET.BUCKETPOLICY',
  PutBucketPolicy: 'REST.PUT.BUCKETPOLICY',
  DeleteBucketPolicy: 'REST.DELETE.BUCKETPOLICY',
  GetBucketVersioning: 'REST.GET.VERSIONING',
  PutBucketVersioning: 'REST.PUT.VERSIONING',
  GetBucketLogging: 'REST.GET.LOGGING_STATUS',
  PutBucketLogging: 'REST.PUT.LOGGING_STATUS',
  GetBucketLocation: 'REST.GET.LOCATION',
  GetBucketNotificationConfiguration: 'REST.GET.NOTIFICATION',
  PutBucketNotificationConfiguration: 'REST.PUT.NOTIFICATION',
  GetBucketWebsite: 'REST.GET.WEBSITE',
  PutBucketWebsite: 'REST.PUT.WEBSITE',
  DeleteBucketWebsite: 'REST.DELETE.WEBSITE',
  GetBucketTagging: 'REST.GET.TAGGING',
  PutBucketTagging: 'REST.PUT.TAGGING',
  GetObjectTagging: 'REST.GET.OBJECT_TAGGING',
  PutObjectTagging: 'REST.PUT.OBJECT_TAGGING',
  DeleteObjectTagging: 'REST.DELETE.OBJECT_TAGGING',
};

function operationOf({ operation, method, isSite }: AnsweredRequest, key: string | undefined): string {
  const type = key === undefined ? 'BUCKET' : 'OBJECT';
  return isSite ? `WEBSITE.${method}.OBJECT` : (RESOURCE_TYPES[operation] ?? `REST.${method}.${type}`);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

/** `[06/Feb/2019:00:00:38 +0000]` */
function timeText(time: number): string {
  const at = new Date(time);
  const date = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}`;
  return `[${date}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000]`;
}

/** What a client says may hold anything: a line must stay one, a quoted text too. */
const quoted = (text: string | undefined): string =>
  text === undefined || text === ''
    ? '"-"'
    : `"${text.replace(/[\s"\\]/g, (char) => (char === ' ' ? ' ' : encodeURIComponent(char)))}"`;
const plain = (text: string | undefined): string =>
  text === undefined || text === '' ? NONE : text.replace(/\s/g, (char) => encodeURIComponent(char));
const numeral = (value: number | undefined): string => (value === undefined || value === 0 ? NONE : String(value));

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.[0];

/** The root user is told by the account's canonical id, everybody else by the ARN. */
function requesterOf({ requester }: AnsweredRequest): string {
  const root = /^arn:aws:iam::(\d{12}):root$/.exec(requester);
  // Of the form of an account's id.
  return root ? canonicalUser(root[1] as AccountId) : requester;
}

/** "The total size of the object in question." */
function objectBytes({
  method,
  headers,
  contentLength,
  answerHeaders,
  status,
  labels,
}: AnsweredRequest): number | undefined {
  if (labels['Key'] === undefined || status >= 400) return undefined;
  const ofRange = textOf(answerHeaders['content-range'])?.split('/')[1];
  if (method === 'PUT') return Number(headers['x-amz-decoded-content-length'] ?? contentLength ?? 0);
  return Number(ofRange ?? textOf(answerHeaders['content-length']) ?? 0);
}

export function logLine({ answered, owner, bucket, key, region, accessPoint }: LogFacts): string {
  const { headers, milliseconds } = answered;
  const { signature } = answered;
  return [
    owner,
    bucket,
    timeText(answered.startedAt),
    answered.sourceAddress,
    plain(requesterOf(answered)),
    answered.requestId,
    operationOf(answered, key),
    key === undefined ? NONE : encodeURIComponent(key).replaceAll('%2F', '/'),
    quoted(`${answered.method} ${answered.target} HTTP/${answered.httpVersion}`),
    String(answered.status),
    plain(answered.errorCode),
    numeral(answered.bytesSent),
    numeral(objectBytes(answered)),
    String(milliseconds),
    answered.status < 400 ? String(milliseconds) : NONE,
    quoted(headers['referer']),
    quoted(headers['user-agent']),
    plain(textOf(answered.answerHeaders['x-amz-version-id'])),
    Buffer.from(answered.requestId).toString('base64'),
    signature === undefined ? NONE : signature.version,
    plain(answered.tls?.cipherSuite),
    signature === undefined ? NONE : signature.place,
    plain(headers['host']?.replace(/:\d+$/, '')),
    plain(answered.tls?.version),
    plain(accessPoint),
    NONE,
    region,
  ].join(' ');
}
