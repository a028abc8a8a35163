/**
 * Which operation of which service a request asks for, and in which protocol. A signed request names its service in the
 * credential scope, and nothing else may contradict it: a bucket named `sqs` is a bucket. An unsigned one is known by its target
 * header, by the action and version of a form, or by its host; what is left is S3's, as on AWS.
 */
import type { Authentication } from '#gateway/auth/authentication.ts';
import type { HostFacts } from '#gateway/host.ts';
import { type TemplateRouter, templateRouter } from '#gateway/uri-templates.ts';
import type { ServiceCodec, WireRequest } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import { present } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { fail } from '#platform/error.ts';
import type { ProtocolName, ServiceMetadata, ServiceModel } from '#platform/model/schema.ts';
import type { RegisteredOperation, RegisteredService, Registry } from '#platform/registry.ts';
import type { ServiceEntry } from '#platform/service.ts';

export interface Route {
  readonly codec: ServiceCodec;
  readonly operation: RegisteredOperation;
  readonly pathParameters: Readonly<Record<string, string>>;
}

const NO_PARAMETERS = {};
const ACTION = /(?:^|&)Action=([^&]*)/;
const VERSION = /(?:^|&)Version=([^&]*)/;
const RPC_PATH = /^\/service\/([^/]+)\/operation\/([^/]+)$/;

export class Router {
  readonly #registry: Registry;
  readonly #codecs = new Map<RegisteredService, Map<ProtocolName, ServiceCodec>>();
  readonly #bySigningName = new Map<string, RegisteredService[]>();
  readonly #templates = new Map<RegisteredService, TemplateRouter>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Throws what the client is to be told when there is no such service. */
  serviceOf(request: WireRequest, host: HostFacts, signed: Authentication | undefined): RegisteredService {
    const named = signed?.service ?? this.#unsignedServiceName(request, host);
    const candidates = this.#signedAs(named);
    const [only] = candidates;
    if (only === undefined) return fail('UnsupportedOperation', `The service ${named} is not offered by this cloud.`);
    if (candidates.length === 1) return only;
    // Several services sign with one name (monitoring, execute-api, s3): marks, host, target, version or operation tell them apart.
    const target = request.headers['x-amz-target'];
    const version = VERSION.exec(formOf(request))?.[1];
    return (
      candidates.find(({ entry: { marks } }) => marks !== undefined && bears(request, marks)) ??
      candidates.find(({ metadata }) => host.service !== undefined && metadata.endpointPrefix === host.service) ??
      candidates.find(({ metadata }) => target?.startsWith(`${metadata.targetPrefix}.`)) ??
      candidates.find(({ metadata }) => version !== undefined && metadata.apiVersion === version) ??
      this.#byTemplate(candidates, request) ??
      only
    );
  }

  /** Requests of a service with marks bear them. If that leaves one, no template is looked at before its operation is asked for. */
  #byTemplate(candidates: readonly RegisteredService[], request: WireRequest): RegisteredService | undefined {
    const unmarked = candidates.filter(({ entry: { marks } }) => marks === undefined);
    return unmarked.length === 1 ? unmarked[0] : unmarked.find((service) => this.#templateOf(service)(request));
  }

  #signedAs(name: string): readonly RegisteredService[] {
    if (this.#bySigningName.size === 0) {
      for (const service of this.#registry.services) {
        for (const name of [service.signingName, service.entry.alsoSignedAs]) {
          if (name !== undefined) getOrInsert(this.#bySigningName, name, (): RegisteredService[] => []).push(service);
        }
      }
    }
    const { services } = this.#registry;
    // An unsigned request names its service by the host.
    return this.#bySigningName.get(name) ?? services.filter(({ metadata }) => metadata.endpointPrefix === name);
  }

  #unsignedServiceName(request: WireRequest, host: HostFacts): string {
    const { services } = this.#registry;
    const target = request.headers['x-amz-target'];
    const form = formOf(request);
    const version = ACTION.test(form) ? (VERSION.exec(form)?.[1] ?? '') : undefined;
    // Clients of the sign-in service don't sign, they prove to have a key; S3 has no such request.
    if (request.headers['dpop'] !== undefined) return 'signin';
    const found =
      services.find(({ metadata }) => target?.startsWith(`${metadata.targetPrefix}.`)) ??
      services.find(
        ({ metadata }) => version !== undefined && speaksForms(metadata) && metadata.apiVersion === version,
      );
    if (found !== undefined) return found.signingName;
    // A form without a version on the bare host: SQS takes it, as its queue URLs are posted to directly.
    if (version === '' && host.service === undefined) return 'sqs';
    const { service, bucket } = host;
    if (service === undefined) return 's3';
    // What has a bucket before it is one of S3's hosts, whichever (`s3-accelerate`), unless it is a service's own (S3 Express).
    const isOwn = bucket === undefined || services.some(({ signingName }) => signingName === service);
    return isOwn ? service : 's3';
  }

  protocolOf(request: WireRequest, { metadata }: RegisteredService): ProtocolName {
    const { protocols: spoken } = metadata;
    const type = request.headers['content-type'] ?? '';
    if (request.headers['smithy-protocol'] === 'rpc-v2-cbor' && spoken.includes('smithy-rpc-v2-cbor')) {
      return 'smithy-rpc-v2-cbor';
    }
    if (
      spoken.includes('json') &&
      (request.headers['x-amz-target'] !== undefined || type.startsWith('application/x-amz-json'))
    ) {
      return 'json';
    }
    const forms = spoken.find((name) => name === 'query' || name === 'ec2');
    if (forms !== undefined && (type.startsWith('application/x-www-form-urlencoded') || ACTION.test(request.query))) {
      return forms;
    }
    return (
      spoken.find((name) => name === 'rest-json' || name === 'rest-xml') ?? present(spoken[0], 'a model has a protocol')
    );
  }

  codec(service: RegisteredService, protocol: ProtocolName): ServiceCodec {
    const codecs = getOrInsert(this.#codecs, service, () => new Map<ProtocolName, ServiceCodec>());
    return getOrInsert(codecs, protocol, () => compiled(protocol, service.model));
  }

  operationOf(request: WireRequest, host: HostFacts, service: RegisteredService, codec: ServiceCodec): Route {
    if (codec.protocol === 'rest-json' || codec.protocol === 'rest-xml') {
      const { method, query, headers } = request;
      const bucket = bucketOf(host, service);
      const path = bucket === undefined ? request.path : `/${bucket}${request.path}`;
      const match = this.#templateOf(service)({ method, path, query, headers });
      if (match === undefined) return fail('InvalidAction', 'The requested operation does not exist.');
      return { codec, operation: known(service, match.operation), pathParameters: match.parameters };
    }
    return {
      codec,
      operation: known(service, nameOf(request, service, codec.protocol)),
      pathParameters: NO_PARAMETERS,
    };
  }

  #templateOf(service: RegisteredService): TemplateRouter {
    // Who has not loaded it yet wants to know whether there is an operation at all.
    const isOwn = (operation: string): boolean => !Object.hasOwn(service.loaded?.notOffered ?? {}, operation);
    return getOrInsert(this.#templates, service, () => templateRouter(service.model, isOwn));
  }
}

/** `books.s3.localhost`; and `books.localhost`, which clients make of the endpoint `localhost`. */
function bucketOf({ bucket, service: named, prefix }: HostFacts, { metadata }: RegisteredService): string | undefined {
  if (metadata.serviceId !== 'S3') return undefined;
  return bucket ?? (named !== undefined && !/^s3(?:express)?\b/.test(named) ? prefix : undefined);
}

type Marks = NonNullable<ServiceEntry['marks']>;

const bears = ({ path, headers }: WireRequest, marks: Marks): boolean =>
  path.startsWith(marks.path) && headers[marks.header] !== undefined;

const speaksForms = ({ protocols }: ServiceMetadata): boolean =>
  protocols.includes('query') || protocols.includes('ec2');

const isForm = (request: WireRequest): boolean =>
  request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;

/** The parameters of a Query request: the body's, or those of a GET. */
const formOf = (request: WireRequest): string =>
  isForm(request) && request.body.length > 0 ? request.body.toString('latin1') : request.query;

function nameOf(request: WireRequest, service: RegisteredService, protocol: ProtocolName): string {
  switch (protocol) {
    case 'json': {
      const target = request.headers['x-amz-target'] ?? '';
      const dot = target.lastIndexOf('.');
      const [prefix, name] = [target.slice(0, dot), target.slice(dot + 1)];
      const { targetPrefix } = service.metadata;
      // CloudTrail's prefix has dots: some clients send it whole, some its last part.
      const isOurs = prefix === targetPrefix || (dot > 0 && targetPrefix?.endsWith(`.${prefix}`));
      return isOurs && name ? name : fail('InvalidAction', '');
    }
    case 'smithy-rpc-v2-cbor':
      return RPC_PATH.exec(request.path)?.[2] ?? fail('InvalidAction', '');
    default: {
      const form = formOf(request);
      const action = ACTION.exec(form)?.[1];
      if (action === undefined)
        return fail('MissingAction', 'The request is missing an action or a required parameter.');
      const version = VERSION.exec(form)?.[1] ?? '';
      const { apiVersion } = service.metadata;
      // SQS alone takes forms without a version; an unknown one is refused as AWS does.
      if (version !== '' && version !== apiVersion) fail('InvalidAction', invalidAction(action, version));
      return action;
    }
  }
}

const invalidAction = (action: string, version: string): string =>
  `Could not find operation ${action} for version ${version}`;

function known(service: RegisteredService, name: string): RegisteredOperation {
  const operation = service.operation(name);
  if (operation !== undefined) return operation;
  const { notImplemented, notOffered = {} } = service.declaration;
  const reasons = Object.hasOwn(notImplemented, name) ? notImplemented : notOffered;
  const reason = Object.hasOwn(reasons, name) ? reasons[name] : undefined;
  if (reason !== undefined) return fail('UnsupportedOperation', `${name} is not implemented: ${reason}`);
  return fail('InvalidAction', `The action ${name} is not valid for this web service.`);
}

function compiled(protocol: ProtocolName, model: ServiceModel): ServiceCodec {
  return present(protocols[protocol], `there is a codec for ${protocol}`).compile(model);
}

/** Before a service is known, an error is worded as the request's own form suggests. */
export function fallbackCodec(request: WireRequest): ServiceCodec {
  const type = request.headers['content-type'] ?? '';
  let protocol: ProtocolName = 'rest-xml';
  if (request.headers['x-amz-target'] !== undefined || type.includes('json')) protocol = 'json';
  else if (isForm(request) || ACTION.test(request.query)) protocol = 'query';
  return getOrInsert(fallbacks, protocol, () => compiled(protocol, NO_MODEL));
}

const fallbacks = new Map<ProtocolName, ServiceCodec>();
const NO_MODEL: ServiceModel = {
  metadata: { serviceId: 'Makonis', apiVersion: '', endpointPrefix: '', protocols: ['rest-xml'], jsonVersion: '1.0' },
  operations: {},
  shapes: {},
};
