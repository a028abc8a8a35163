/**
 * Signature Version 4, the server's side, in the order in which AWS judges:
 *
 * 1. `readAuthentication`: what does the request claim? Malformed claims end here.
 * 2. `checkClaims`: time, scope and what is signed, all of which need no secret.
 * 3. The caller looks the access key up.
 * 4. `verifySignature`: did the holder of the secret sign this very request?
 *
 * Then the principal is known, and the payload says what is left to do while a body streams in.
 */
import {
  type Authentication,
  type CredentialScope,
  type Dialect,
  isAlgorithm,
  readCredential,
  standardDialect,
} from '#gateway/auth/authentication.ts';
import { canonicalRequest, type SignedHeaders, signedHeaders } from '#gateway/auth/canonical.ts';
import { type ChunkSignatures, chunkSignatures, type SignatureCheck } from '#gateway/auth/chunk-signatures.ts';
import { hmac, sha256Hex } from '#gateway/auth/digest.ts';
import type { Algorithm, ScopeFaults } from '#gateway/auth/faults.ts';
import {
  checkPresignedTime,
  hasQueryAuthentication,
  readPresigned,
  uncoveredParameters,
} from '#gateway/auth/presigned.ts';
import { signingKey } from '#gateway/auth/signing-keys.ts';
import { publicKeyOf, refusedRegion, verifyEcdsa } from '#gateway/auth/sigv4a.ts';
import { formatBasicDate, parseBasicDate, parseHttpDate } from '#gateway/auth/timestamp.ts';
import type { WireRequest } from '#gateway/wire/protocol.ts';
import { type Milliseconds, minutes } from '#platform/base/clock.ts';

/** How far a client's clock may be off, either way. */
const SKEW: Milliseconds = minutes(15);

/** What the look-up of an access key must give. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials: the token that must come with them, and when they end. */
  readonly sessionToken?: string;
  readonly expiresAt?: Milliseconds;
}

export interface Expected {
  /** The service's signing name. */
  readonly service: string;
  readonly acceptsRegion: (region: string) => boolean;
}

/** What the signature says of the body, and so what is left to check. */
export type SignedPayload =
  /** The body at hand is the one that was signed. */
  | { readonly kind: 'checked' }
  | { readonly kind: 'unsigned' }
  /** The body streams in: its SHA-256 must be this, else `dialect.faults.bodyMismatch`. */
  | { readonly kind: 'hashed'; readonly sha256: string }
  /** aws-chunked: decode with chunked-body.ts. */
  | { readonly kind: 'chunked'; readonly hasTrailers: boolean; readonly signatures: ChunkSignatures | undefined };

const HEADER =
  /^(AWS4-HMAC-SHA256|AWS4-ECDSA-P256-SHA256) Credential=([^,\s=]+), ?SignedHeaders=([^,\s=]+), ?Signature=([0-9a-f]+)$/;

/** Undefined for a request that isn't signed. Throws for claims that make no sense, or two kinds of them. */
export function readAuthentication(
  request: WireRequest,
  dialect: Dialect = standardDialect,
): Authentication | undefined {
  const authorization = request.headers['authorization'];
  const isPresigned = request.query !== '' && hasQueryAuthentication(request.query);
  if (authorization === undefined || authorization === '') {
    return isPresigned ? readPresigned(request, dialect) : undefined;
  }
  if (isPresigned) throw dialect.faults.twoMechanisms();
  return readHeader(request, authorization, dialect);
}

/** What a header says before its signature: the same for all requests of a client in a day, so it is read once. */
interface Claim extends CredentialScope {
  readonly algorithm: Algorithm;
  readonly signedHeaders: SignedHeaders;
}

const claims = new Map<string, Claim>();
const MAX_CLAIMS = 4096;

/**
 * The map's newest answers, by some characters: hashing the whole text for the map costs more than to compare it with one. A power of
 * two of them.
 */
const recentClaims: ({ readonly text: string; readonly claim: Claim } | undefined)[] = new Array(64).fill(undefined);

function recentPlaceOf(text: string): number {
  // The access key's last characters stand there, for most; beyond the end it is NaN, which counts as 0.
  const mixed = text.charCodeAt(44) * 31 + text.charCodeAt(45) * 7 + text.charCodeAt(46) + text.length;
  return mixed & (recentClaims.length - 1);
}

function claimOf(text: string): Claim | undefined {
  const place = recentPlaceOf(text);
  const recent = recentClaims[place];
  if (recent?.text === text) return recent.claim;
  const claim = claims.get(text);
  if (claim !== undefined) recentClaims[place] = { text: Buffer.from(text, 'utf8').toString('utf8'), claim };
  return claim;
}

function readHeader(request: WireRequest, authorization: string, dialect: Dialect): Authentication {
  const { headers } = request;
  const { faults } = dialect;
  const signatureAt = authorization.lastIndexOf('Signature=') + 'Signature='.length;
  const claimText = authorization.slice(0, signatureAt);
  let claim = claimOf(claimText);
  let signature = authorization.slice(signatureAt);
  if (claim === undefined || !isOnePiece(signature)) {
    const match = HEADER.exec(authorization);
    // A match has all four groups.
    const [algorithm, credential, signed, given] = match
      ? (match.slice(1) as [string, string, string, string])
      : readUnusualHeader(request, authorization, dialect);
    checkDate(headers, authorization, faults);
    if (!isAlgorithm(algorithm)) throw faults.unsupportedAlgorithm('header', algorithm);
    claim = {
      algorithm,
      ...readCredential('header', algorithm, credential, faults),
      signedHeaders: signedHeaders(signed),
    };
    signature = given;
    if (match) keepClaim(claimText, claim);
  }
  const amzDate = headers['x-amz-date'];
  const time = checkDate(headers, authorization, faults);
  return {
    form: 'header',
    algorithm: claim.algorithm,
    accessKeyId: claim.accessKeyId,
    date: claim.date,
    region: claim.region,
    service: claim.service,
    terminator: claim.terminator,
    scope: claim.scope,
    regionSet: headers['x-amz-region-set'],
    signedHeaders: claim.signedHeaders,
    signature,
    timestamp: amzDate || formatBasicDate(time),
    time,
    expiresSeconds: undefined,
    sessionToken: headers['x-amz-security-token'],
    declaredPayload: headers['x-amz-content-sha256'],
  };
}

/** Nothing else follows it. Whether these are the right characters its comparison says. */
const isOnePiece = (signature: string): boolean =>
  signature.length === 64 && !signature.includes(',') && !signature.includes(' ') && !signature.includes('\t');

function keepClaim(text: string, claim: Claim): void {
  if (claims.size >= MAX_CLAIMS) claims.clear();
  claims.set(text, claim);
}

function checkDate(headers: WireRequest['headers'], authorization: string, faults: Dialect['faults']): Milliseconds {
  const amzDate = headers['x-amz-date'];
  const date = amzDate || headers['date'];
  if (!date) throw faults.missingParts('header', ['Date'], hashOf(authorization));
  return (amzDate ? parseBasicDate(date) : parseHttpDate(date)) ?? raise(faults.malformedDate('header', date));
}

const raise = (error: Error): never => {
  throw error;
};

/** Parts in another order or with other blanks, and all that is wrong. */
function readUnusualHeader(
  request: WireRequest,
  authorization: string,
  { faults }: Dialect,
): [algorithm: string, credential: string, signedHeaders: string, signature: string] {
  const text = authorization.trim();
  const blank = text.search(/[ \t]/);
  const algorithm = blank < 0 ? text : text.slice(0, blank);
  const schemeFault = faults.unknownScheme(algorithm);
  if (schemeFault) throw schemeFault;
  const parts = new Map<string, string>();
  for (const piece of blank < 0 ? [] : text.slice(blank).split(',')) {
    const equals = piece.indexOf('=');
    if (equals < 0) throw faults.notKeyValue(hashOf(authorization));
    parts.set(piece.slice(0, equals).trim(), piece.slice(equals + 1).trim());
  }
  const [credential, signature, signed] = ['Credential', 'Signature', 'SignedHeaders'].map((name) => parts.get(name));
  if (credential && signature && signed) return [algorithm, credential, signed, signature];
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !parts.get(name));
  if (!request.headers['x-amz-date'] && !request.headers['date']) missing.push('Date');
  throw faults.missingParts('header', missing, hashOf(authorization));
}

const hashOf = (text: string): string => Buffer.from(sha256Hex(text), 'hex').toString('base64');

/** Time, signed headers and scope: everything that can be judged without the secret. */
export function checkClaims(
  request: WireRequest,
  authentication: Authentication,
  now: Milliseconds,
  expected: Expected,
  dialect: Dialect = standardDialect,
): void {
  const { form, time, timestamp } = authentication;
  if (form === 'query') checkPresignedTime(authentication, now, SKEW, dialect);
  else if (time < now - SKEW) throw dialect.faults.expired(timestamp, now, SKEW);
  else if (time > now + SKEW) throw dialect.faults.notYetCurrent('header', time, now, SKEW);
  checkSignedHeaders(request, authentication, dialect);
  checkScope(authentication, expected, dialect);
}

/** The host and every x-amz-* header: what decides where a request goes and what it does must be signed. */
function checkSignedHeaders(request: WireRequest, { signedHeaders: signed }: Authentication, dialect: Dialect): void {
  if (!signed.has('host') && !signed.has(':authority')) throw dialect.faults.notSigned(['host']);
  let missing: string[] | undefined;
  for (const name in request.headers) {
    if (!name.startsWith('x-amz-') || signed.has(name)) continue;
    if (name === 'x-amz-security-token' && dialect.tokenMayBeUnsigned) continue;
    missing ??= [];
    missing.push(name);
  }
  if (missing) throw dialect.faults.notSigned(missing);
}

/** The scope alone: a form's policy says itself for how long it holds. */
export function checkScope(authentication: Authentication, expected: Expected, dialect: Dialect): void {
  const { form, date, region, service, terminator, timestamp, regionSet } = authentication;
  const day = timestamp.slice(0, 8);
  const refused =
    region === undefined
      ? refusedRegion(regionSet ?? '', expected.acceptsRegion)
      : expected.acceptsRegion(region)
        ? undefined
        : region;
  if (refused === undefined && service === expected.service && terminator === 'aws4_request' && date === day) return;
  const faults: ScopeFaults = {
    form,
    ...(refused === undefined ? {} : { region: refused }),
    ...(service === expected.service ? {} : { service: { given: service, expected: expected.service } }),
    ...(terminator === 'aws4_request' ? {} : { terminator }),
    ...(date === day ? {} : { date: { given: date, expected: day, timestamp } }),
  };
  throw dialect.faults.wrongScope(faults);
}

/** Throws unless the holder of the credential has signed this request. `checkClaims` comes before. */
export function verifySignature(
  request: WireRequest,
  authentication: Authentication,
  credential: Credential,
  now: Milliseconds,
  dialect: Dialect = standardDialect,
): SignedPayload {
  checkToken(authentication, credential, now, dialect);
  const check = signatureCheck(authentication, credential);
  const payloadHash = payloadHashOf(request, authentication, dialect);
  const isPresigned = authentication.form === 'query';
  const attempt = (tokenLeftOut: boolean): string | undefined => {
    const canonical = canonicalRequest(request, authentication.signedHeaders, {
      normalises: dialect.normalisesPath,
      payloadHash,
      leaveOut: isPresigned ? uncoveredParameters(tokenLeftOut) : undefined,
    });
    const stringToSign = stringToSignOf(authentication, canonical);
    return check(stringToSign, authentication.signature) ? undefined : canonical;
  };
  const mismatch = attempt(false);
  // The token may be left out: it has been checked, and is of no use with another key.
  const mayRetry = isPresigned && dialect.tokenMayBeUnsigned && authentication.sessionToken !== undefined;
  if (mismatch !== undefined && !(mayRetry && attempt(true) === undefined)) {
    const { accessKeyId, signature } = authentication;
    const stringToSign = stringToSignOf(authentication, mismatch);
    throw dialect.faults.mismatch({ accessKeyId, signature, canonicalRequest: mismatch, stringToSign });
  }
  return payloadOf(request, authentication, payloadHash, check, dialect);
}

/** The signature of a form, which is over its policy as it stands there, in base 64. */
export function verifyPolicySignature(
  authentication: Authentication,
  policy: string,
  credential: Credential,
  now: Milliseconds,
  dialect: Dialect,
): void {
  checkToken(authentication, credential, now, dialect);
  const { accessKeyId, signature } = authentication;
  if (signatureCheck(authentication, credential)(policy, signature)) return;
  throw dialect.faults.mismatch({ accessKeyId, signature, canonicalRequest: '', stringToSign: policy });
}

const stringToSignOf = ({ algorithm, timestamp, scope }: Authentication, canonical: string): string =>
  `${algorithm}\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`;

function checkToken(authentication: Authentication, credential: Credential, now: Milliseconds, dialect: Dialect): void {
  const { sessionToken: given } = authentication;
  const { sessionToken: issued, expiresAt } = credential;
  if (given !== issued && !(given !== undefined && issued !== undefined && isSame(given, issued))) {
    throw dialect.faults.badToken();
  }
  if (expiresAt !== undefined && now >= expiresAt) throw dialect.faults.expiredToken();
}

/** In time that says nothing about where two texts differ; buffers for timingSafeEqual would cost more than the loop. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

function signatureCheck({ algorithm, scope }: Authentication, credential: Credential): SignatureCheck {
  if (algorithm === 'AWS4-HMAC-SHA256') {
    const key = signingKey(credential.secretAccessKey, scope);
    return (stringToSign, signature) => isSame(hmac(key, stringToSign, 'hex'), signature);
  }
  const key = publicKeyOf(credential.accessKeyId, credential.secretAccessKey);
  return (stringToSign, signature) => verifyEcdsa(key, stringToSign, signature);
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';
const SHA256_HEX = /^[0-9a-f]{64}$/;
const STREAMING =
  /^STREAMING-(?:UNSIGNED-PAYLOAD-TRAILER|(AWS4-HMAC-SHA256|AWS4-ECDSA-P256-SHA256)-PAYLOAD(?:-TRAILER)?)$/;

/** The last line of the canonical request. */
function payloadHashOf(request: WireRequest, authentication: Authentication, { payload, faults }: Dialect): string {
  const { form, declaredPayload: declared } = authentication;
  if (payload === 'declared') {
    const hash = declared ?? (form === 'query' ? UNSIGNED : undefined);
    if (hash === undefined) throw faults.missingPayloadHash();
    if (hash !== UNSIGNED && !SHA256_HEX.test(hash) && !STREAMING.test(hash)) throw faults.invalidPayloadHash();
    return hash;
  }
  if (payload === 'of-body-or-unsigned' && declared === UNSIGNED) return UNSIGNED;
  if (request.stream === undefined) return sha256Hex(request.body);
  if (declared === undefined) throw faults.missingPayloadHash();
  if (!SHA256_HEX.test(declared)) throw faults.invalidPayloadHash();
  return declared;
}

function payloadOf(
  request: WireRequest,
  authentication: Authentication,
  payloadHash: string,
  check: SignatureCheck,
  { payload, faults }: Dialect,
): SignedPayload {
  if (payloadHash === UNSIGNED) return { kind: 'unsigned' };
  const streaming = payloadHash.startsWith('STREAMING-') ? STREAMING.exec(payloadHash) : null;
  if (streaming) {
    const [, algorithm] = streaming;
    const isSigned = algorithm !== undefined;
    // A chain of one algorithm can't begin with the signature of another.
    if (isSigned && algorithm !== authentication.algorithm) throw faults.invalidPayloadHash();
    const signatures = isSigned ? chunkSignatures(authentication.algorithm, authentication, check) : undefined;
    return { kind: 'chunked', hasTrailers: payloadHash.endsWith('-TRAILER'), signatures };
  }
  if (request.stream !== undefined) return { kind: 'hashed', sha256: payloadHash };
  if (payload === 'declared') {
    const computed = sha256Hex(request.body);
    if (computed !== payloadHash) throw faults.bodyMismatch(payloadHash, computed);
  }
  return { kind: 'checked' };
}
