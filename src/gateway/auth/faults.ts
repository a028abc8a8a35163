/**
 * What can be wrong with a request's authentication, and how AWS says it. S3 words everything in its own way
 * (s3-faults.ts); the others share one framework and with it these texts, observed in public bug reports. The codes are
 * those of the Query protocol; the encoder of each protocol has its own name and status for them (wire/common-errors.ts).
 */
import { formatBasicDate } from '#gateway/auth/timestamp.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { ServiceError } from '#platform/error.ts';

export type Form = 'header' | 'query';
export type Algorithm = 'AWS4-HMAC-SHA256' | 'AWS4-ECDSA-P256-SHA256';

/** A credential scope beside what it should be. Only what is wrong is there. */
export interface ScopeFaults {
  readonly form: Form;
  readonly region?: string;
  readonly service?: { readonly given: string; readonly expected: string };
  readonly terminator?: string;
  readonly date?: { readonly given: string; readonly expected: string; readonly timestamp: string };
}

export interface Mismatch {
  readonly accessKeyId: string;
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly signature: string;
}

export interface Faults {
  /** Authentication by header and by query at once. */
  twoMechanisms(): ServiceError;
  /** For a first word of the Authorization header that ends the reading at once. */
  unknownScheme(scheme: string): ServiceError | undefined;
  notKeyValue(authorization: string): ServiceError;
  missingParts(form: Form, missing: readonly string[], authorization: string): ServiceError;
  unsupportedAlgorithm(form: Form, algorithm: string): ServiceError;
  malformedCredential(form: Form, credential: string, parts: number): ServiceError;
  malformedDate(form: Form, date: string): ServiceError;
  malformedExpires(problem: 'not-a-number' | 'negative' | 'too-long'): ServiceError;
  expired(timestamp: string, now: Milliseconds, skew: Milliseconds): ServiceError;
  notYetCurrent(form: Form, time: Milliseconds, now: Milliseconds, skew: Milliseconds): ServiceError;
  presignedExpired(expiresSeconds: number, expiry: Milliseconds, now: Milliseconds): ServiceError;
  wrongScope(faults: ScopeFaults): ServiceError;
  notSigned(headers: readonly string[]): ServiceError;
  badToken(): ServiceError;
  expiredToken(): ServiceError;
  mismatch(details: Mismatch): ServiceError;
  /** The body is not the one whose hash was signed. */
  bodyMismatch(signed: string, computed: string): ServiceError;
  missingPayloadHash(): ServiceError;
  invalidPayloadHash(): ServiceError;
}

const incomplete = (message: string): ServiceError => new ServiceError('IncompleteSignature', message);
const mismatched = (message: string): ServiceError => new ServiceError('SignatureDoesNotMatch', message);

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.';

const HEADER_PART: Record<string, string> = {
  Credential: "Authorization header requires 'Credential' parameter. ",
  Signature: "Authorization header requires 'Signature' parameter. ",
  SignedHeaders: "Authorization header requires 'SignedHeaders' parameter. ",
  Date: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
};

/** `x-amz-target` as `X-Amz-Target`. */
const titleCase = (name: string): string => name.replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());

export const standardFaults: Faults = {
  twoMechanisms: () =>
    mismatched("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
  // The framework looks at the parameters first, and at the word before them last.
  unknownScheme: () => undefined,
  // `authorization` comes as its hash: what a client put there by mistake (a bearer token, a password) goes nowhere.
  notKeyValue: (authorization) =>
    incomplete(
      `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${authorization}'.`,
    ),
  missingParts: (form, missing, authorization) =>
    incomplete(
      form === 'header'
        ? `${missing.map((part) => HEADER_PART[part]).join('')}(Hashed with SHA-256 and encoded with Base64) Authorization=${authorization}`
        : `${missing.map((part) => `AWS query-string parameters must include '${part}'. `).join('')}Re-examine the query-string parameters.`,
    ),
  unsupportedAlgorithm: (_form, algorithm) =>
    incomplete(`Unsupported AWS 'algorithm': '${algorithm}' (only AWS4-HMAC-SHA256 for now). `),
  malformedCredential: (_form, credential, parts) =>
    incomplete(
      `Credential must have exactly ${parts} slash-delimited elements, e.g. keyid/date/${parts === 5 ? 'region/' : ''}service/term, got '${credential}'`,
    ),
  malformedDate: (_form, date) =>
    incomplete(`Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`),
  malformedExpires: (problem) =>
    incomplete(
      problem === 'too-long'
        ? 'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds'
        : 'X-Amz-Expires should be a positive number',
    ),
  expired: (timestamp, now, skew) =>
    mismatched(
      `Signature expired: ${timestamp} is now earlier than ${formatBasicDate(now - skew)} (${formatBasicDate(now)} - ${skew / 60_000} min.)`,
    ),
  notYetCurrent: (_form, time, now, skew) =>
    mismatched(
      `Signature not yet current: ${formatBasicDate(time)} is still later than ${formatBasicDate(now + skew)} (${formatBasicDate(now)} + ${skew / 60_000} min.)`,
    ),
  presignedExpired: () => new ServiceError('RequestExpired', 'Request has expired.'),
  wrongScope: ({ region, service, terminator, date }) =>
    mismatched(
      (region === undefined ? '' : `Credential should be scoped to a valid region, not '${region}'. `) +
        (service ? `Credential should be scoped to correct service: '${service.expected}'. ` : '') +
        (terminator === undefined
          ? ''
          : `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'. `) +
        (date
          ? `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date.given}' != '${date.expected}', from '${date.timestamp}'.`
          : ''),
    ),
  notSigned: (headers) =>
    mismatched(
      headers
        .map(
          (name) =>
            `${name === 'host' ? "'Host' or ':authority'" : `'${titleCase(name)}'`} must be a 'SignedHeader' in the AWS Authorization.`,
        )
        .join(' '),
    ),
  badToken: () => new ServiceError('InvalidClientTokenId', 'The security token included in the request is invalid.'),
  expiredToken: () => new ServiceError('ExpiredToken', 'The security token included in the request is expired'),
  mismatch: ({ canonicalRequest, stringToSign }) =>
    mismatched(
      `${MISMATCH}\n\nThe Canonical String for this request should have been\n'${canonicalRequest}'\n\nThe String-to-Sign should have been\n'${stringToSign}'\n`,
    ),
  bodyMismatch: () => mismatched(MISMATCH),
  missingPayloadHash: () => mismatched(MISMATCH),
  invalidPayloadHash: () => mismatched(MISMATCH),
};
