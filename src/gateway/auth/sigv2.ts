/**
 * Signature version 2, as far as it is still about: presigned URLs, which old clients (aws-cli 1, s3cmd, boto3 by default) make (S3
 * API Reference, "Signing and authenticating REST requests (AWS signature version 2)"), and policies of forms ("Browser-based uploads
 * using POST (AWS signature version 2)"). Headers of version 2 are not taken, and an operator may refuse these too. What
 * refusals say is from memory.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { s3Faults } from '#gateway/auth/s3-faults.ts';
import { formatExtendedDate } from '#gateway/auth/timestamp.ts';
import { decodeFormText } from '#gateway/wire/form.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';

export interface SignedForm {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly sessionToken: string | undefined;
}

export interface Version2 extends SignedForm {
  readonly expires: string;
}

/** Parameters that are signed, beside the path. The page names fewer: those of newer operations are from memory. */
const SUBRESOURCES = new Set(
  `accelerate acl analytics cors delete encryption intelligent-tiering inventory legal-hold lifecycle location logging metrics
  notification object-lock ownershipControls partNumber policy policyStatus publicAccessBlock replication requestPayment restore
  retention select select-type storageClass tagging torrent uploadId uploads versionId versioning versions website
  response-cache-control response-content-disposition response-content-encoding response-content-language
  response-content-type response-expires`.split(/\s+/),
);

const denied = (message: string, fields?: Record<string, unknown>): ServiceError =>
  new ServiceError('AccessDenied', message, { status: 403, ...(fields && { fields }) });

/** Undefined for a request that is not signed so. */
export function readVersion2({ query }: WireRequest): Version2 | undefined {
  if (!/(?:^|&)AWSAccessKeyId=/.test(query)) return undefined;
  const parameters = parametersOf(query);
  const [accessKeyId = '', signature = '', expires = ''] = ['AWSAccessKeyId', 'Signature', 'Expires'].map((name) => {
    const values = parameters.filter(([each]) => each === name);
    return values.length === 1 ? values[0]?.[1] : undefined;
  });
  if (accessKeyId === '' || signature === '' || expires === '') {
    throw denied('Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters');
  }
  const sessionToken = parameters.find(([name]) => name === 'x-amz-security-token')?.[1];
  return { accessKeyId, signature, expires, sessionToken };
}

/** Throws unless it is the holder of the secret who signed this request, and the URL still holds. `path` has the host's bucket. */
export function verifyVersion2(
  request: WireRequest,
  path: string,
  { accessKeyId, signature, expires }: Version2,
  secret: string,
  now: Milliseconds,
): void {
  if (!/^\d{1,12}$/.test(expires)) throw denied(`Invalid date (should be seconds since epoch): ${expires}`);
  const stringToSign = stringToSignOf(request, path, expires);
  if (!isSignature(signature, secret, stringToSign)) {
    throw s3Faults.mismatch({ accessKeyId, signature, stringToSign, canonicalRequest: '' });
  }
  const end = Number(expires) * 1000;
  if (now >= end) {
    throw denied('Request has expired', { Expires: formatExtendedDate(end), ServerTime: formatExtendedDate(now) });
  }
}

/** Throws unless it is the holder of the secret who signed the policy of a form. */
export function verifyPolicyVersion2({ accessKeyId, signature }: SignedForm, policy: string, secret: string): void {
  if (isSignature(signature, secret, policy)) return;
  throw s3Faults.mismatch({ accessKeyId, signature, stringToSign: policy, canonicalRequest: '' });
}

function isSignature(given: string, secret: string, stringToSign: string): boolean {
  const expected = createHmac('sha1', secret).update(Buffer.from(stringToSign, 'latin1')).digest();
  const bytes = Buffer.from(given, 'base64');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function stringToSignOf({ method, headers, query }: WireRequest, path: string, expires: string): string {
  const parameters = parametersOf(query);
  const amz = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (/^x-amz-/i.test(name)) amz.set(name.toLowerCase(), value);
  }
  for (const [name, value = ''] of Object.entries(headers)) if (name.startsWith('x-amz-')) amz.set(name, value.trim());
  // "In the query string authentication method, you do not use the Date or the x-amz-date request header".
  amz.delete('x-amz-date');
  const amzHeaders = [...amz].sort(byName).map(([name, value]) => `${name}:${value}\n`);
  const subresources = parameters
    .filter(([name]) => SUBRESOURCES.has(name))
    .sort(byName)
    .map(([name, value, hasValue]) => (hasValue ? `${name}=${value}` : name));
  const resource = subresources.length > 0 ? `${path}?${subresources.join('&')}` : path;
  const [md5 = '', type = ''] = [headers['content-md5'], headers['content-type']];
  return `${method}\n${md5}\n${type}\n${expires}\n${amzHeaders.join('')}${resource}`;
}

const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number =>
  a < b ? -1 : a > b ? 1 : 0;

const parametersOf = (query: string): (readonly [name: string, value: string, hasValue: boolean])[] =>
  query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const name = decodeFormText(equals < 0 ? part : part.slice(0, equals));
      return [name, equals < 0 ? '' : decodeFormText(part.slice(equals + 1)), equals >= 0];
    });

const OF_SIGNATURE =
  /^x-amz-(?:algorithm|credential|date|expires|signature|signedheaders|security-token|content-sha256|region-set)$/;

/**
 * The request of a presigned URL, whose signer has put headers into the query (SDKs do that with all that begins with `x-amz-`):
 * S3 reads them as the headers that they are. A header of the request itself counts first; it is signed as well.
 */
export function withHeadersOfQuery<T extends WireRequest>(request: T): T {
  const found: Record<string, string> = {};
  for (const [name, value] of parametersOf(request.query)) {
    const header = name.toLowerCase();
    if (!header.startsWith('x-amz-') || OF_SIGNATURE.test(header) || request.headers[header] !== undefined) continue;
    found[header] = Buffer.from(value.replace(/[\r\n]+/g, ' ')).toString('latin1');
  }
  if (Object.keys(found).length === 0) return request;
  // The request is of a class whose getters a copy would lose.
  return Object.create(request, { headers: { value: { ...request.headers, ...found } } }) as T;
}
