/**
 * A browser's form that uploads a file (S3 API Reference, "POST Object"): its fields say what headers say elsewhere, and become an
 * ordinary call of the operation that the service names for it, so permissions, audit and bytes go the one way.
 */
import type { Authentication } from '#gateway/auth/authentication.ts';
import { checkPostPolicy, type Fields, type LengthRange, readFormAuthentication } from '#gateway/auth/post-policy.ts';
import type { SignedForm } from '#gateway/auth/sigv2.ts';
import { boundaryOf, readForm, type UploadForm } from '#gateway/form-data.ts';
import type { IncomingRequest, RequestHead } from '#gateway/http/listener.ts';
import type { Headers, ServiceCodec, WireRequest, WireResponse } from '#gateway/wire/protocol.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';
import type { Payload } from '#platform/payload.ts';

export const isFormUpload = ({ method, headers }: Pick<RequestHead, 'method' | 'headers'>): boolean =>
  method === 'POST' && /^multipart\/form-data/i.test(headers['content-type'] ?? '');

export interface FormUpload {
  readonly signed: Authentication | SignedForm | undefined;
  readonly bucket: string;
  readonly key: string;
  readonly fields: Fields;
  readonly form: UploadForm;
}

/** `path` has the bucket, also that of the host. */
export async function readUpload(request: IncomingRequest, path: string): Promise<FormUpload> {
  const [, bucket = ''] = /^\/([^/]+)\/?$/.exec(path) ?? [];
  if (bucket === '') {
    throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
    });
  }
  const boundary = boundaryOf(request.headers['content-type'] ?? '');
  if (boundary === undefined) throw preconditionFailed();
  const form = await readForm(request.stream ?? once(request.body), boundary);
  // Of all fields, before the policy looks at them ("HTML forms").
  const expanded = [...form.fields].map(
    ([name, value]) => [name, value.replace(/\$\{filename\}/g, () => form.filename)] as const,
  );
  const fields = new Map([...expanded, ['bucket', bucket]]);
  const key = fields.get('key') ?? '';
  if (key === '') throw missingKey();
  return { signed: readFormAuthentication(form.fields), bucket, key, fields, form };
}

const preconditionFailed = (): ServiceError =>
  new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
  });
const missingKey = (): ServiceError =>
  new ServiceError(
    'InvalidArgument',
    "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    { status: 400, fields: { ArgumentName: 'key', ArgumentValue: '' } },
  );

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}

/** Throws unless a signed form's policy allows it. */
export const checkForm = ({ signed, fields }: FormUpload, now: Milliseconds): LengthRange | undefined =>
  signed === undefined ? undefined : checkPostPolicy(fields.get('policy') ?? '', fields, now);

/** Fields that are headers of the same name in a PUT; and those that start with `x-amz-`. */
const HEADERS = new Set([
  'cache-control',
  'content-type',
  'content-disposition',
  'content-encoding',
  'content-md5',
  'expires',
]);
const RENAMED: Readonly<Record<string, string>> = { acl: 'x-amz-acl' };
const OF_SIGNATURE = /^x-amz-(?:algorithm|credential|date|signature|security-token|content-sha256)$/;

/** The same upload as a PUT. */
export function asPut(upload: FormUpload, range: LengthRange | undefined, codec: ServiceCodec): WireRequest {
  const { fields, form, bucket, key } = upload;
  const headers: Headers = Object.create(null);
  for (const [name, value] of fields) {
    const header = RENAMED[name] ?? name;
    // As a listener would have read it: bytes as Latin-1.
    if (HEADERS.has(header) || (header.startsWith('x-amz-') && !OF_SIGNATURE.test(header))) {
      headers[header] = Buffer.from(value.replace(/[\r\n]+/g, ' ')).toString('latin1');
    }
  }
  if (form.fileType !== undefined) headers['content-type'] ??= form.fileType;
  const tagging = fields.get('tagging');
  if (tagging !== undefined) headers['x-amz-tagging'] = tagsOf(tagging, codec);
  const path = `/${bucket}/${encodeURIComponent(key)}`;
  return { method: 'PUT', path, query: '', headers, body: Buffer.alloc(0), payload: payloadOf(form.file, range) };
}

/** The field is the document of PutObjectTagging, the header a query. */
function tagsOf(xml: string, codec: ServiceCodec): string {
  const request = { method: 'PUT', path: '/', query: 'tagging', headers: {}, body: Buffer.from(xml) };
  const { Tagging } = codec.operation('PutObjectTagging').decode(request, {});
  // Decoded by the model; not validated yet, so all of it may be absent.
  const { TagSet = [] } = (Tagging ?? {}) as { TagSet?: { Key?: string; Value?: string }[] };
  return new URLSearchParams(TagSet.map(({ Key = '', Value = '' }) => [Key, Value])).toString();
}

function payloadOf(file: AsyncIterable<Uint8Array>, range: LengthRange | undefined): Payload {
  return {
    whole: undefined,
    announcedBytes: undefined,
    trailerNames: [],
    trailers: {},
    [Symbol.asyncIterator]: () => within(file, range),
  };
}

async function* within(file: AsyncIterable<Uint8Array>, range: LengthRange | undefined): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of file) {
    bytes += piece.length;
    if (range !== undefined && bytes > range.most) {
      throw outOfRange('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', bytes, {
        MaxSizeAllowed: String(range.most),
      });
    }
    yield piece;
  }
  if (range !== undefined && bytes < range.least) {
    throw outOfRange('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', bytes, {
      MinSizeAllowed: String(range.least),
    });
  }
}

const outOfRange = (code: string, message: string, bytes: number, bound: Record<string, string>): ServiceError =>
  new ServiceError(code, message, { status: 400, fields: { ProposedSize: String(bytes), ...bound } });

/** What a browser gets to see: nothing, a document, or another page. */
export function answerForm(put: WireResponse, { fields, bucket, key }: FormUpload, origin: string): WireResponse {
  const etag = String(put.headers['etag'] ?? '');
  const location = `${origin}/${bucket}/${encodeURIComponent(key)}`;
  const page = redirectOf(fields.get('success_action_redirect') ?? fields.get('redirect'));
  if (page !== undefined) {
    for (const [name, value] of Object.entries({ bucket, key, etag })) page.searchParams.set(name, value);
    return { status: 303, headers: { ...put.headers, location: page.href }, body: '' };
  }
  const headers = { ...put.headers, location };
  const status = fields.get('success_action_status');
  if (status !== '201') return { status: status === '200' ? 200 : 204, headers, body: '' };
  const elements = { Location: location, Bucket: bucket, Key: key, ETag: etag };
  const inner = Object.entries(elements).map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${inner.join('')}</PostResponse>`;
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body };
}

/** "If Amazon S3 cannot interpret the URL, it ignores the field." (S3 User Guide, "HTML forms") */
function redirectOf(text: string | undefined): URL | undefined {
  const url = text === undefined ? null : URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}
