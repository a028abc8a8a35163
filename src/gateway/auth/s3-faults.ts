/** Amazon S3's own words for faults of authentication. Its errors carry members beside code and message. */
import type { Faults, Form, Mismatch, ScopeFaults } from '#gateway/auth/faults.ts';
import { formatBasicDate, formatExtendedDate } from '#gateway/auth/timestamp.ts';
import { ServiceError } from '#platform/error.ts';

const error = (status: number, code: string, message: string, fields?: Record<string, unknown>): ServiceError =>
  new ServiceError(code, message, fields ? { status, fields } : { status });

const denied = (message: string, fields?: Record<string, unknown>): ServiceError =>
  error(403, 'AccessDenied', message, fields);

/** The same fault has one code and opening in a header, another in a query. */
const malformed = (form: Form, message: string, fields?: Record<string, unknown>): ServiceError =>
  form === 'header'
    ? error(400, 'AuthorizationHeaderMalformed', `The authorization header is malformed; ${message}`, fields)
    : error(
        400,
        'AuthorizationQueryParametersError',
        `Error parsing the X-Amz-Credential parameter; ${message}`,
        fields,
      );

const queryError = (message: string): ServiceError => error(400, 'AuthorizationQueryParametersError', message);

const bytesOf = (text: string): string =>
  Array.from(Buffer.from(text, 'latin1'), (byte) => byte.toString(16).padStart(2, '0')).join(' ');

function wrongScope({ form, region, service, terminator, date }: ScopeFaults): ServiceError {
  if (date) {
    return malformed(
      form,
      `Invalid credential date "${date.given}". This date is not the same as X-Amz-Date: "${date.expected}".`,
    );
  }
  if (terminator !== undefined) {
    return malformed(form, `incorrect terminal "${terminator}". This endpoint uses "aws4_request".`);
  }
  if (service) {
    return malformed(form, `incorrect service "${service.given}". This endpoint belongs to "${service.expected}".`);
  }
  return malformed(form, `the region '${region}' is wrong`);
}

const mismatch = ({ accessKeyId, canonicalRequest, stringToSign, signature }: Mismatch): ServiceError =>
  error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      AWSAccessKeyId: accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: signature,
      StringToSignBytes: bytesOf(stringToSign),
      CanonicalRequest: canonicalRequest,
      CanonicalRequestBytes: bytesOf(canonicalRequest),
    },
  );

const THREE_PARTS = 'the authorization header requires three components: Credential, SignedHeaders, and Signature.';
const MECHANISMS =
  'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the ' +
  'Authorization header should be specified';
const PAYLOAD_HASHES =
  'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, ' +
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.';

export const s3Faults: Faults = {
  twoMechanisms: () => error(400, 'InvalidArgument', MECHANISMS),
  unknownScheme: (scheme) => {
    if (scheme === 'AWS4-HMAC-SHA256' || scheme === 'AWS4-ECDSA-P256-SHA256') return undefined;
    // `AWS` is signature version 2, `AWS4-…` an algorithm that nobody has.
    return scheme.startsWith('AWS')
      ? s3Faults.unsupportedAlgorithm('header', scheme)
      : error(400, 'InvalidArgument', 'Unsupported Authorization Type', { ArgumentName: 'Authorization' });
  },
  notKeyValue: () => malformed('header', THREE_PARTS),
  missingParts: (form, missing) => {
    if (form === 'header') {
      return missing.every((part) => part === 'Date')
        ? denied('AWS authentication requires a valid Date or x-amz-date header')
        : malformed(form, THREE_PARTS);
    }
    return queryError(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  },
  unsupportedAlgorithm: (form) =>
    form === 'header'
      ? error(
          400,
          'InvalidRequest',
          'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
        )
      : queryError('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'),
  malformedCredential: (form, _credential, parts) =>
    malformed(
      form,
      `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/${parts === 5 ? 'REGION/' : ''}SERVICE/aws4_request".`,
    ),
  malformedDate: (form) =>
    form === 'header'
      ? denied('AWS authentication requires a valid Date or x-amz-date header')
      : queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
  malformedExpires: (problem) => {
    if (problem === 'not-a-number') return queryError('X-Amz-Expires should be a number');
    if (problem === 'negative') return queryError('X-Amz-Expires must be non-negative');
    return queryError(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    );
  },
  expired: (timestamp, now, skew) => tooSkewed(timestamp, now, skew),
  notYetCurrent: (form, time, now, skew) =>
    form === 'header'
      ? tooSkewed(formatBasicDate(time), now, skew)
      : denied('Request is not yet valid', { 'X-Amz-Date': String(time), ServerTime: formatExtendedDate(now) }),
  presignedExpired: (expiresSeconds, expiry, now) =>
    denied('Request has expired', {
      'X-Amz-Expires': String(expiresSeconds),
      Expires: formatExtendedDate(expiry),
      ServerTime: formatExtendedDate(now),
    }),
  wrongScope,
  notSigned: (headers) =>
    denied('There were headers present in the request which were not signed', {
      HeadersNotSigned: headers.join(', '),
    }),
  badToken: () => error(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'),
  expiredToken: () => error(400, 'ExpiredToken', 'The provided token has expired.'),
  mismatch,
  bodyMismatch: (signed, computed) =>
    error(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { ClientComputedContentSHA256: signed, S3ComputedContentSHA256: computed },
    ),
  missingPayloadHash: () =>
    error(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256'),
  invalidPayloadHash: () => error(400, 'InvalidArgument', PAYLOAD_HASHES),
};

const tooSkewed = (timestamp: string, now: number, skew: number): ServiceError =>
  error(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.', {
    RequestTime: timestamp,
    ServerTime: formatExtendedDate(now),
    MaxAllowedSkewMilliseconds: String(skew),
  });
