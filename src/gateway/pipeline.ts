/**
 * The way of a request, in order: where is it sent, who signed it, what is asked for, decode, then platform/dispatch.ts
 * (validate, authorise, admit, run, commit), encode. Every request that is answered with more than an error has passed
 * `authenticate`; only operations that AWS lets be called unsigned get an anonymous principal.
 */
import { addressOf, isVersion4, signatureOf, signatureOfForm, VERSION_2 } from '#gateway/address.ts';
import { answeredRequest } from '#gateway/answered.ts';
import { type Authentication, type Dialect, s3Dialect, standardDialect } from '#gateway/auth/authentication.ts';
import { gather, openPayload } from '#gateway/auth/payload.ts';
import { verifyPolicyVersion2, withHeadersOfQuery } from '#gateway/auth/sigv2.ts';
import { checkScope, readAuthentication, type SignedPayload, verifyPolicySignature } from '#gateway/auth/sigv4.ts';
import {
  ANONYMOUS,
  authenticate,
  holderOfVersion2,
  nameOf,
  originOf,
  placeOf,
  regionOf,
  UNKNOWN_HOST,
} from '#gateway/caller.ts';
import { CONSOLE, type ConsoleSite, refuseAtConsole } from '#gateway/console.ts';
import { preflight, shared } from '#gateway/cross-origin.ts';
import { answerForm, asPut, checkForm, type FormUpload, isFormUpload, readUpload } from '#gateway/form-upload.ts';
import type { HostFacts, HostReader } from '#gateway/host.ts';
import type { BodyPlan, IncomingRequest, RequestHead } from '#gateway/http/listener.ts';
import { fallbackCodec, type Router } from '#gateway/route.ts';
import { serveSite, siteOf } from '#gateway/sites.ts';
import type { ServiceCodec, WireRequest, WireResponse } from '#gateway/wire/protocol.ts';
import { present } from '#platform/base/assert.ts';
import type { Milliseconds } from '#platform/base/clock.ts';
import { newRequestId, type Region } from '#platform/base/ids.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import type { Address, Cloud } from '#platform/cloud.ts';
import { dispatch, serviceErrorOf } from '#platform/dispatch.ts';
import { fail, withMembers } from '#platform/error.ts';
import type { Metrics } from '#platform/metrics.ts';
import type { Principal } from '#platform/principal.ts';
import type { RegisteredOperation, RegisteredService } from '#platform/registry.ts';
import { again } from '#platform/store/again.ts';

export interface Gateway {
  readonly cloud: Cloud;
  readonly router: Router;
  readonly readHost: HostReader;
  readonly defaultRegion: Region;
  readonly metrics: Metrics;
  /** The operator takes no presigned URLs and forms of signature version 2. */
  readonly refusesVersion2: boolean;
  readonly console: ConsoleSite;
}

/** SQS's largest request is 1 MiB of message, which a form triples by percent-encoding; S3 streams. */
const MAX_BUFFERED_BODY_BYTES = 8 * 1024 * 1024;
/** An object up to this comes as one buffer: it spares the stream. */
const SMALL_OBJECT_BYTES = 128 * 1024;

/** What may be an object streams; which operation it is for is known only later, and one that reads its input whole gathers it. */
export function planBody(head: RequestHead): BodyPlan {
  const { method, headers, contentLength } = head;
  if (isFormUpload(head)) return { mode: 'stream' };
  const mayBeObject = method === 'PUT' && headers['x-amz-target'] === undefined && claimsS3(head) !== false;
  // Who waits for 100 Continue is told before it sends that it may not.
  const isSmall = contentLength !== undefined && contentLength <= SMALL_OBJECT_BYTES && headers['expect'] === undefined;
  return mayBeObject && !isSmall ? { mode: 'stream' } : { mode: 'buffer', limitBytes: MAX_BUFFERED_BODY_BYTES };
}

const UNKNOWN = { labels: {}, isSite: false, signed: undefined, region: undefined, address: undefined } as const;

/** What the log says of a request when it is over. */
export interface Trace {
  readonly requestId: string;
  readonly started: Milliseconds;
  service: string;
  operation: string;
  principal: string;
  error: string;
  labels: Readonly<Record<string, string>>;
  isSite: boolean;
  signed: Authentication | undefined;
  /** Of a request that is an operation's. */
  region: Region | undefined;
  address: Address | undefined;
}

export async function serve(request: IncomingRequest, gateway: Gateway): Promise<WireResponse> {
  const { cloud, router } = gateway;
  const requestId = newRequestId();
  const started = cloud.clock.monotonic();
  const trace: Trace = { requestId, started, service: '', operation: '', principal: '', error: '', ...UNKNOWN };
  let codec: ServiceCodec | undefined;
  let answering: RegisteredService | undefined;
  let path = request.path;
  // What a page of another origin may see of the answer is the service's to say.
  const finish = (response: WireResponse): WireResponse =>
    finished(shared(response, request, path, answering?.declaration), trace, request, gateway);
  try {
    const host = gateway.readHost(request.headers['host'] ?? '') ?? fail('InvalidHost', UNKNOWN_HOST);
    const site = siteOf(cloud, host);
    if (site !== undefined) {
      trace.service = site.name;
      trace.isSite = true;
      trace.labels = { Bucket: host.bucket ?? '', Key: request.path.slice(1) };
      const region = regionOf(undefined, host, gateway);
      return finished(
        await serveSite(site, { request, host, region, requestId }, cloud, router),
        trace,
        request,
        gateway,
      );
    }
    const isConsole = host.service === CONSOLE;
    const page = isConsole ? gateway.console.answer(request) : undefined;
    if (page !== undefined) {
      trace.service = CONSOLE;
      return finished(await page, trace, request, gateway);
    }
    const document = request.path.startsWith('/~') ? await documentOf(request, cloud) : undefined;
    if (document !== undefined) return finished(document, trace, request, gateway);
    const dialect = dialectOf(request, host.service);
    const signed = readAuthentication(request, dialect);
    trace.signed = signed;
    const service = router.serviceOf(request, host, signed);
    trace.service = service.name;
    if (isConsole) refuseAtConsole(service);
    if (host.bucket !== undefined) path = `/${host.bucket}${path}`;
    codec = router.codec(service, router.protocolOf(request, service));
    if (service.loaded === undefined) await service.load();
    if (request.method === 'OPTIONS' && service.declaration.crossOrigin) {
      return finished(preflight(request, path, service.declaration), trace, request, gateway);
    }
    answering = service;
    const formOperation = service.declaration.formUpload;
    if (formOperation !== undefined && signed === undefined && isFormUpload(request)) {
      trace.operation = formOperation;
      return finish(
        await uploadForm(await readUpload(request, path), request, gateway, { service, codec, host, trace }),
      );
    }
    return finish(await answerCall(request, path, gateway, { service, codec, host, trace, dialect }));
  } catch (error) {
    const told = withMembers(serviceErrorOf(error, cloud), answering?.declaration.errorMembers, trace);
    trace.error = told.code;
    const response = (codec ?? fallbackCodec(request)).encodeError(told, requestId, trace.operation || undefined);
    return finish(response);
  }
}

interface Route {
  readonly service: RegisteredService;
  readonly codec: ServiceCodec;
  readonly host: HostFacts;
  readonly trace: Trace;
}

/** The operation that a request calls, and its answer. */
async function answerCall(
  request: IncomingRequest,
  path: string,
  gateway: Gateway,
  { service, codec, host, trace, dialect }: Route & { readonly dialect: Dialect },
): Promise<WireResponse> {
  const { cloud, router } = gateway;
  const { requestId, signed } = trace;
  const judged = again(() => authenticate(request, path, gateway, service, signed, dialect));
  const { caller, signedPayload } = judged instanceof Promise ? await judged : judged;
  const { operation, pathParameters } = router.operationOf(request, host, service, codec);
  trace.operation = operation.name;
  trace.labels = pathParameters;
  if (caller.principal.kind === 'anonymous') refuseUnlessAnonymous(operation);
  else trace.principal = nameOf(caller.principal);
  const origin = originOf(request);
  const { decode, encode } = codec.operation(operation.name);
  const isPlain = request.stream === undefined && signedPayload.kind !== 'chunked' && !operation.isStreaming;
  const body = isPlain ? request : await withBody(request, operation, signedPayload, dialect);
  const isPresigned = signed?.form === 'query' || (signed === undefined && caller.accessKeyId !== undefined);
  const signature = signed ? signatureOf(signed) : caller.accessKeyId === undefined ? undefined : VERSION_2;
  const region = regionOf(signed, host, gateway);
  const address = addressOf(request, signature, host);
  trace.region = region;
  trace.address = address;
  const wire = isPresigned && service.signingName.startsWith('s3') ? withHeadersOfQuery(body) : body;
  const checked = operation.isStreaming ? undefined : service.declaration.checkBody?.(operation.name, wire);
  if (checked !== undefined) await checked;
  const input = decode(wire, pathParameters);
  const { urlMember } = operation.declaration;
  if (urlMember !== undefined && codec.protocol === 'query' && request.path !== '/') {
    input[urlMember] ??= `${origin}${request.path}`;
  }
  let answer: WireResponse | undefined;
  const output = await dispatch(cloud, {
    operation,
    input,
    caller,
    region,
    address,
    requestId,
    origin,
    client: request,
    onOutput(early) {
      answer = encode(early, requestId);
    },
  });
  // Whoever streams has read it by now.
  if (operation.isStreaming) giveBack(request.body);
  return answer ?? encode(output, requestId);
}

/** A browser's form, as the operation that it stands for. */
async function uploadForm(
  upload: FormUpload,
  request: IncomingRequest,
  gateway: Gateway,
  { service, codec, host, trace }: Route,
): Promise<WireResponse> {
  const { cloud } = gateway;
  const operation = present(service.operation(trace.operation), 'the operation of forms is one of the service');
  const principal = await again(() => signerOf(upload, gateway, service));
  trace.principal = nameOf(principal);
  const range = checkForm(upload, cloud.clock.now());
  const origin = originOf(request);
  const { decode, encode } = codec.operation(operation.name);
  const output = await dispatch(cloud, {
    operation,
    input: decode(asPut(upload, range, codec), { Bucket: upload.bucket, Key: upload.key }),
    caller: { ...placeOf(request), principal, accessKeyId: upload.signed?.accessKeyId },
    region: regionOf(isVersion4(upload.signed) ? upload.signed : undefined, host, gateway),
    address: addressOf(request, signatureOfForm(upload), host),
    requestId: trace.requestId,
    origin,
    client: request,
  });
  return answerForm(encode(output, trace.requestId), upload, origin);
}

function signerOf({ signed, fields }: FormUpload, gateway: Gateway, service: RegisteredService): Principal {
  const { cloud } = gateway;
  if (signed === undefined) return ANONYMOUS;
  const now = cloud.clock.now();
  const policy = fields.get('policy') ?? '';
  if (!isVersion4(signed)) {
    return holderOfVersion2(signed, gateway, service, (secret) => verifyPolicyVersion2(signed, policy, secret));
  }
  checkScope(signed, { service: service.signingName, acceptsRegion: cloud.isRegion }, s3Dialect);
  const credential = cloud.identity.credential(signed.accessKeyId, signed.sessionToken, now, signed.region);
  verifyPolicySignature(signed, policy, credential, now, s3Dialect);
  cloud.identity.noteUse(signed.accessKeyId, service.name, signed.region ?? '', now);
  return credential.principal;
}

const DOCUMENT_PATH = /^\/~([a-z0-9-]+)\/(.+)$/;

/** What services show to everybody; all other requests go on to an operation. */
async function documentOf({ method, path }: IncomingRequest, { registry }: Cloud): Promise<WireResponse | undefined> {
  const [, service = '', rest = ''] = (method === 'GET' && DOCUMENT_PATH.exec(path)) || [];
  await registry.service(service)?.load();
  const document = await registry.service(service)?.declaration.documents?.(rest);
  if (document === undefined) return undefined;
  const { contentType, body, maxAgeSeconds } = document;
  const headers = { 'content-type': contentType, 'cache-control': `public, max-age=${maxAgeSeconds}` };
  return { status: 200, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body };
}

function finished(response: WireResponse, trace: Trace, request: IncomingRequest, gateway: Gateway): WireResponse {
  const { service, operation, started } = trace;
  const microseconds = Math.round((gateway.cloud.clock.monotonic() - started) * 1000);
  gateway.metrics.answered(service, operation, response.status, microseconds);
  const onAnswer = gateway.cloud.registry.service(service)?.loaded?.onAnswer;
  if (onAnswer !== undefined) onAnswer(answeredRequest(request, response, trace, gateway.cloud.clock));
  gateway.cloud.log.request(trace, response.status, microseconds, request.remoteAddress);
  return response;
}

/** S3 and its kin judge signatures in a manner of their own. The scope that is claimed decides, else the host. */
function dialectOf(request: IncomingRequest, hostService: string | undefined): Dialect {
  return (claimsS3(request) ?? hostService?.startsWith('s3')) ? s3Dialect : standardDialect;
}

/** Undefined when nothing is claimed. */
function claimsS3({ headers, query }: RequestHead): boolean | undefined {
  const claim = headers['authorization'] ?? query;
  return claim === '' ? undefined : CLAIMED_S3.test(claim);
}

/** `AWS key:signature`, version 2 in a header, names no service: it was S3's alone. */
const CLAIMED_S3 = /^AWS |(?:\/|%2F)s3[a-z-]*(?:\/|%2F)aws4_request/;

/** The request as its operation reads it: a streaming one gets the payload, all others the whole body. */
async function withBody(
  request: IncomingRequest,
  operation: RegisteredOperation,
  signed: SignedPayload,
  { faults }: Dialect,
): Promise<WireRequest> {
  const { method, path, query, headers } = request;
  const payload = openPayload(request, signed, faults);
  if (operation.isStreaming) return { method, path, query, headers, body: request.body, payload };
  return { method, path, query, headers, body: await gather(payload, MAX_BUFFERED_BODY_BYTES) };
}

function refuseUnlessAnonymous(operation: RegisteredOperation): void {
  if (operation.declaration.anonymous) return;
  fail('MissingAuthenticationToken', 'Request is missing Authentication Token');
}
