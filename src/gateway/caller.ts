/**
 * Who makes a request, where from, and for which region: what is known of it before it is known what it asks for. Every request that is
 * answered with more than an error has passed `authenticate`.
 */
import { addressOf, signatureOf } from '#gateway/address.ts';
import { type Authentication, type Dialect, s3Dialect, standardDialect } from '#gateway/auth/authentication.ts';
import { ownCredential } from '#gateway/auth/own-credential.ts';
import { readVersion2, type SignedForm, verifyVersion2 } from '#gateway/auth/sigv2.ts';
import { checkClaims, readAuthentication, type SignedPayload, verifySignature } from '#gateway/auth/sigv4.ts';
import { regionSetCovers } from '#gateway/auth/sigv4a.ts';
import type { HostFacts } from '#gateway/host.ts';
import type { IncomingRequest, RequestHead } from '#gateway/http/listener.ts';
import type { Gateway } from '#gateway/pipeline.ts';
import type { Region } from '#platform/base/ids.ts';
import type { Caller } from '#platform/cloud.ts';
import { fail } from '#platform/error.ts';
import type { AnonymousPrincipal, Principal } from '#platform/principal.ts';
import type { RegisteredService } from '#platform/registry.ts';

export const ANONYMOUS: AnonymousPrincipal = { kind: 'anonymous' };

export const UNKNOWN_HOST =
  'The Host header names no domain of this cloud. Add it with --domain, or use an IP address or localhost.';

export const originOf = (request: IncomingRequest): string =>
  `${request.secure ? 'https' : 'http'}://${request.headers['host'] ?? ''}`;

/** A signature of version 4A names a set of regions; the host, or the default, picks one that must be in it. */
export function regionOf(signed: Authentication | undefined, host: HostFacts, { defaultRegion }: Gateway): Region {
  const region = signed?.region ?? host.region ?? defaultRegion;
  if (signed?.regionSet !== undefined && !regionSetCovers(signed.regionSet, region)) {
    fail('SignatureDoesNotMatch', `Credential should be scoped to a valid region, not '${signed.regionSet}'.`);
  }
  // Known regions only: of the scope it was checked, of the host it has a region's form.
  return region as Region;
}

export interface Authenticated {
  readonly caller: Caller;
  readonly signedPayload: SignedPayload;
}

/** Where a call comes from. */
export function placeOf(request: IncomingRequest): Omit<Caller, 'principal' | 'accessKeyId'> {
  const place = {
    sourceAddress: request.remoteAddress,
    userAgent: request.headers['user-agent'] ?? '',
    isSecure: request.secure,
    calledVia: [],
  };
  return request.tls ? { ...place, tls: { ...request.tls, host: request.headers['host'] ?? '' } } : place;
}

/** Whose call a request is that goes on as something else, and what of it is known before its operation. Judged like any. */
export function callerOf(request: IncomingRequest, gateway: Gateway, service: RegisteredService) {
  const host = gateway.readHost(request.headers['host'] ?? '') ?? fail('InvalidHost', UNKNOWN_HOST);
  const signed = readAuthentication(request);
  if (signed === undefined) return fail('MissingAuthenticationToken', 'Request is missing Authentication Token');
  const { caller } = authenticate(request, request.path, gateway, service, signed, standardDialect);
  const address = addressOf(request, signatureOf(signed), host);
  return { caller, region: regionOf(signed, host, gateway), address, origin: originOf(request) };
}

/** Throws unless the signature is good; an unsigned request gets the anonymous principal. */
export function authenticate(
  request: IncomingRequest,
  path: string,
  gateway: Gateway,
  service: RegisteredService,
  signed: Authentication | undefined,
  dialect: Dialect,
): Authenticated {
  const { cloud } = gateway;
  const place = placeOf(request);
  const now = cloud.clock.now();
  if (signed === undefined) {
    const old = service.signingName === 's3' ? readVersion2(request) : undefined;
    const principal =
      old === undefined
        ? ANONYMOUS
        : holderOfVersion2(old, gateway, service, (secret) => verifyVersion2(request, path, old, secret, now));
    return {
      caller: { ...place, principal, accessKeyId: old?.accessKeyId },
      signedPayload: unsignedPayload(request),
    };
  }
  const expected = { service: service.signedAs(signed.service), acceptsRegion: cloud.isRegion };
  checkClaims(request, signed, now, expected, dialect);
  const credential =
    ownCredential(request, signed, service, now) ??
    cloud.identity.credential(signed.accessKeyId, signed.sessionToken, now, signed.region);
  const signedPayload = verifySignature(request, signed, credential, now, dialect);
  cloud.identity.noteUse(signed.accessKeyId, service.name, signed.region ?? '', now);
  const caller = { ...place, principal: credential.principal, accessKeyId: signed.accessKeyId };
  return { caller, signedPayload };
}

/** Whose key signed in version 2; `verify` throws unless it did. */
export function holderOfVersion2(
  { accessKeyId, sessionToken }: SignedForm,
  { cloud, refusesVersion2 }: Gateway,
  service: RegisteredService,
  verify: (secret: string) => void,
): Principal {
  if (refusesVersion2) throw s3Dialect.faults.unsupportedAlgorithm('header', 'AWS');
  const now = cloud.clock.now();
  const holder = cloud.identity.credential(accessKeyId, sessionToken, now);
  if (holder.sessionToken !== sessionToken) throw s3Dialect.faults.badToken();
  verify(holder.secretAccessKey);
  cloud.identity.noteUse(accessKeyId, service.name, '', now);
  return holder.principal;
}

/** Without a signature there are chunks too: SDKs put their checksum into a trailer. */
const unsignedPayload = ({ headers }: RequestHead): SignedPayload =>
  headers['x-amz-content-sha256'] === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    ? { kind: 'chunked', hasTrailers: true, signatures: undefined }
    : { kind: 'unsigned' };

export const nameOf = (principal: Principal): string => {
  switch (principal.kind) {
    case 'anonymous':
      return '';
    case 'service':
      return principal.service;
    case 'external':
      return principal.userId;
    default:
      return principal.arn;
  }
};
