/** What a request says of its signer, before anything is believed, and the two manners in which services judge it. */
import type { SignedHeaders } from '#gateway/auth/canonical.ts';
import { type Algorithm, type Faults, type Form, standardFaults } from '#gateway/auth/faults.ts';
import { s3Faults } from '#gateway/auth/s3-faults.ts';
import type { Milliseconds } from '#platform/base/clock.ts';

export interface Authentication {
  readonly form: Form;
  readonly algorithm: Algorithm;
  readonly accessKeyId: string;
  /** The scope's parts: `20150830`, `us-east-1` (undefined for SigV4A, which has a region set instead), `sqs`. */
  readonly date: string;
  readonly region: string | undefined;
  readonly service: string;
  readonly terminator: string;
  /** `20150830/us-east-1/sqs/aws4_request`, as signed. */
  readonly scope: string;
  /** SigV4A: `us-*, eu-west-1`. */
  readonly regionSet: string | undefined;
  readonly signedHeaders: SignedHeaders;
  readonly signature: string;
  /** `20150830T123600Z`, as signed. */
  readonly timestamp: string;
  readonly time: Milliseconds;
  /** Presigned requests: how long they hold. */
  readonly expiresSeconds: number | undefined;
  readonly sessionToken: string | undefined;
  /** What the request says of its body: a hash in hexadecimal, `UNSIGNED-PAYLOAD`, `STREAMING-…`. */
  readonly declaredPayload: string | undefined;
}

/** How a family of services reads signatures. */
export interface Dialect {
  /** Dot segments and double slashes are taken out of the path, and it is encoded once more. S3 does neither. */
  readonly normalisesPath: boolean;
  /**
   * Where the payload hash of the canonical request comes from: always the body; the body, unless the client declares
   * `UNSIGNED-PAYLOAD` (operations with the trait `aws.auth#unsignedPayload`); or what the client declares (S3).
   */
  readonly payload: 'of-body' | 'of-body-or-unsigned' | 'declared';
  /** Some clients add the session token after signing. */
  readonly tokenMayBeUnsigned: boolean;
  /** Presigned requests hold for 15 minutes if they don't say for how long. */
  readonly requiresExpires: boolean;
  readonly faults: Faults;
}

export const standardDialect: Dialect = {
  normalisesPath: true,
  payload: 'of-body',
  tokenMayBeUnsigned: true,
  requiresExpires: false,
  faults: standardFaults,
};

/** S3 and its kin: `s3`, `s3express`, `s3-object-lambda`, `s3-outposts`. */
export const s3Dialect: Dialect = {
  normalisesPath: false,
  payload: 'declared',
  tokenMayBeUnsigned: false,
  requiresExpires: true,
  faults: s3Faults,
};

export interface CredentialScope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string | undefined;
  readonly service: string;
  readonly terminator: string;
  readonly scope: string;
}

export function readCredential(form: Form, algorithm: Algorithm, credential: string, faults: Faults): CredentialScope {
  const parts = credential.split('/');
  const hasRegion = algorithm === 'AWS4-HMAC-SHA256';
  const expected = hasRegion ? 5 : 4;
  if (parts.length !== expected || parts.includes('')) throw faults.malformedCredential(form, credential, expected);
  // All parts are there: their number was checked.
  const [accessKeyId, date] = parts as [string, string];
  const [service, terminator] = parts.slice(-2) as [string, string];
  const scope = credential.slice(accessKeyId.length + 1);
  return { accessKeyId, date, region: hasRegion ? parts[2] : undefined, service, terminator, scope };
}

export const isAlgorithm = (text: string): text is Algorithm =>
  text === 'AWS4-HMAC-SHA256' || text === 'AWS4-ECDSA-P256-SHA256';
