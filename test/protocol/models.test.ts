/**
 * Our models against the schemas of AWS's SDKs, which come from the same source by another way: operations, members,
 * types, names on the wire, errors. What differs is listed here, each with its reason.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as ec2InstanceConnect from '@aws-sdk/client-ec2-instance-connect';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as s3 from '@aws-sdk/client-s3';
import * as s3control from '@aws-sdk/client-s3-control';
import * as serviceQuotas from '@aws-sdk/client-service-quotas';
import * as sqs from '@aws-sdk/client-sqs';
import * as sts from '@aws-sdk/client-sts';
import { modelLoader } from '#platform/model/load.ts';
import type { ServiceModel, Shape, ShapeRef } from '#platform/model/schema.ts';
import { type SdkMember, type SdkStructure, sdkService } from '#test/protocol/sdk-schema.ts';

const SERVICES: Readonly<Record<string, object>> = {
  cloudtrail,
  'ec2-instance-connect': ec2InstanceConnect,
  iam,
  kms,
  resourcegroupstaggingapi: tagging,
  s3,
  s3control,
  'service-quotas': serviceQuotas,
  sqs,
  sts,
};

const MESSAGE = 'botocore leaves it out; codecs write every error with its message, member or not';

const loadModel = modelLoader();

const withoutMessages = (service: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(loadModel(service).shapes)
      .filter(([, { exception }]) => exception)
      .map(([name]) => [`${name}: Message is in the SDK only`, MESSAGE]),
  );

/** Kept as it was given, even where it is no date. */
const EXPIRES = 'a date that may be any text: botocore reads it as one, the SDK as both';

const ofMembers = (shapes: readonly string[], difference: string, why: string): Record<string, string> =>
  Object.fromEntries(shapes.map((name) => [`${name}: ${difference}`, why]));

const ofTypes = (members: readonly string[], difference: string, why: string): Record<string, string> =>
  Object.fromEntries(members.map((name) => [`type of ${name}: ${difference}`, why]));

/** Members that the SDK fills in by itself. */
const filledIn = (service: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(loadModel(service).shapes).flatMap(([name, { required = [], members = {} }]) =>
      required
        .filter((member) => member === 'AccountId' || members[member]?.idempotencyToken)
        .map((member) => [`required in ${name}: ${member} is not in the SDK`, 'the SDK fills it in']),
    ),
  );

const OLDER = 'the SDK is older than botocore 1.44.5';

/** Service -> difference -> why it is right. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cloudtrail: withoutMessages('cloudtrail'),
  'ec2-instance-connect': {
    'operations: OpenTunnel is not in the SDK':
      'it is no request and answer: the AWS CLI alone has it (models/patches)',
  },
  iam: {
    'AccountNotManagementOrDelegatedAdministratorException: Message is in the SDK only': MESSAGE,
    'CallerIsNotManagementAccountException: Message is in the SDK only': MESSAGE,
    'OrganizationNotFoundException: Message is in the SDK only': MESSAGE,
    'OrganizationNotInAllFeaturesModeException: Message is in the SDK only': MESSAGE,
    'ServiceAccessNotEnabledException: Message is in the SDK only': MESSAGE,
  },
  kms: {
    'ListKeysRequest: ResourceOwners is not in the SDK': 'the SDK is older than botocore 1.44.5',
  },
  resourcegroupstaggingapi: {
    'DescribeReportCreationOutput: StartDate is in the SDK only':
      'botocore 1.44.5 does not have it; nothing reads it yet',
  },
  s3: {
    ...Object.fromEntries(
      ['AbortMultipartUpload', 'CreateMultipartUpload', 'ListParts', 'UploadPart', 'UploadPartCopy'].map((name) => [
        `${name}Output: VersionId is not in the SDK`,
        'the SDK is older than botocore 1.44.5',
      ]),
    ),
    'MultipartUpload: VersionId is not in the SDK': 'the SDK is older than botocore 1.44.5',
    'DeleteObjectAnnotationRequest: BypassGovernanceRetention is not in the SDK': 'ours: models/patches/s3.json',
    'AccessDenied: BucketRegion is not in the SDK': 'ours: models/patches/s3.json',
    'GetObjectRequest: ServerSideEncryption is not in the SDK': 'ours: models/patches/s3.json',
    'HeadObjectRequest: ServerSideEncryption is not in the SDK': 'ours: models/patches/s3.json',
    ...ofMembers(['GetObjectOutput', 'HeadObjectOutput'], 'ExpiresString is in the SDK only', EXPIRES),
    ...ofMembers(
      ['GetObjectOutput', 'HeadObjectOutput', 'RestoreObjectOutput'],
      'StatusCode is not in the SDK',
      'ours: models/patches/s3.json',
    ),
    ...ofMembers(
      ['GetObjectRequest', 'HeadObjectRequest'],
      'ServerSideEncryption is not in the SDK',
      'ours: models/patches/s3.json',
    ),
    ...ofMembers(['NoSuchKey'], 'DeleteMarker is not in the SDK', 'ours: models/patches/s3.json'),
    ...ofMembers(['NoSuchKey'], 'VersionId is not in the SDK', 'ours: models/patches/s3.json'),
    'errors: AuthorizationHeaderMalformed is not in the SDK': 'ours: models/patches/s3.json',
    'errors: AuthorizationQueryParametersError is not in the SDK': 'ours: models/patches/s3.json',
    'errors: IllegalLocationConstraintException is not in the SDK': 'ours: models/patches/s3.json',
    'errors: PermanentRedirect is not in the SDK': 'ours: models/patches/s3.json',
    'errors: MethodNotAllowed is not in the SDK': 'ours: models/patches/s3.json',
    'errors: NotModified is not in the SDK': 'ours: models/patches/s3.json',
    'errors: NotFound is in the SDK only': 'what the SDK makes of a 404 without a body; no service sends it',
    ...ofTypes(
      [
        'CopyObjectRequest',
        'CreateMultipartUploadRequest',
        'GetObjectOutput',
        'HeadObjectOutput',
        'PutObjectRequest',
        'WriteGetObjectResponseRequest',
      ].map((name) => `${name}.Expires`),
      'string, in the SDK timestamp',
      EXPIRES,
    ),
    ...ofTypes(
      [
        'GetObjectAttributesParts.NextPartNumberMarker',
        'GetObjectAttributesParts.PartNumberMarker',
        'GetObjectAttributesRequest.PartNumberMarker',
        'ListPartsOutput.NextPartNumberMarker',
        'ListPartsOutput.PartNumberMarker',
        'ListPartsRequest.PartNumberMarker',
      ],
      'number, in the SDK string',
      'a number on the wire; the JavaScript SDK keeps its first spelling',
    ),
  },
  s3control: {
    ...filledIn('s3control'),
    ...ofMembers(['GetDataAccessRequest', 'ListCallerAccessGrantsRequest'], 'InstanceScope is not in the SDK', OLDER),
    'GetDataAccessResult: MatchedInstanceArn is not in the SDK': OLDER,
    'ListCallerAccessGrantsEntry: AccessGrantsInstanceArn is not in the SDK': OLDER,
    'S3CopyObjectOperation: AnnotationDirective is not in the SDK': OLDER,
    'S3CopyObjectOperation: ObjectLockEventHold is not in the SDK': OLDER,
    'S3CopyObjectOperation: ObjectLockEventHoldDuration is not in the SDK': OLDER,
    'S3Retention: EventHold is not in the SDK': OLDER,
    'S3Retention: EventHoldDuration is not in the SDK': OLDER,
    'StorageLensConfiguration: CostAndUsageReportsPublish is not in the SDK': OLDER,
    'StorageLensConfiguration: IntAccessTiers is not in the SDK': OLDER,
  },
};

for (const [service, exported] of Object.entries(SERVICES)) {
  test(`the model of ${service} says what the SDK's schemas say`, () => {
    const differences = new Comparison(loadModel(service)).withSdk(exported);
    assert.deepEqual(differences, Object.keys(EXPECTED[service] ?? {}).sort());
  });
}

class Comparison {
  readonly #model: ServiceModel;
  readonly #speaksQuery: boolean;
  readonly #differences = new Set<string>();
  readonly #compared = new Set<string>();

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#speaksQuery = model.metadata.protocols.includes('query');
  }

  withSdk(exported: object): string[] {
    const sdk = sdkService(exported);
    const { operations, shapes } = this.#model;
    this.#names('operations', Object.keys(operations), [...sdk.operations.keys()]);
    for (const [name, { input, output }] of sdk.operations) {
      const operation = operations[name];
      if (!operation) continue;
      this.#structure(operation.input?.shape, input);
      this.#structure(operation.output?.shape, output);
    }
    const exceptions = Object.entries(shapes).filter(([, shape]) => shape.exception);
    this.#names(
      'errors',
      exceptions.map(([name]) => name),
      [...sdk.errors.keys()],
    );
    for (const [name, shape] of exceptions) {
      const error = sdk.errors.get(name);
      if (error) this.#error(name, shape, error);
    }
    return [...this.#differences].sort();
  }

  #same(what: string, ours: unknown, theirs: unknown): void {
    if (ours !== theirs) this.#differences.add(`${what}: ${String(ours)}, in the SDK ${String(theirs)}`);
  }

  #names(what: string, ours: readonly string[], theirs: readonly string[]): void {
    for (const name of ours) if (!theirs.includes(name)) this.#differences.add(`${what}: ${name} is not in the SDK`);
    for (const name of theirs) if (!ours.includes(name)) this.#differences.add(`${what}: ${name} is in the SDK only`);
  }

  #error(name: string, shape: Shape, error: SdkStructure): void {
    this.#structure(name, error);
    // In JSON protocols every error that the client caused has status 400, whatever Smithy's httpError says.
    if (!this.#speaksQuery) return;
    const [code, status] = error.traits.awsQueryError ?? [name, error.traits.httpError ?? 400];
    this.#same(`code of ${name}`, shape.error?.code ?? name, code);
    this.#same(`status of ${name}`, shape.error?.httpStatusCode ?? 400, status);
  }

  #structure(name: string | undefined, sdk: SdkStructure | undefined): void {
    // An operation without input or output has no structure here, and in the SDK sometimes an empty one.
    if (!name || !sdk) {
      this.#same('structure', name, sdk?.members.size === 0 ? undefined : sdk?.name);
      return;
    }
    if (this.#compared.has(name)) return;
    this.#compared.add(name);
    const shape = this.#shape(name);
    this.#same('structure', name, sdk.name);
    this.#names(name, Object.keys(shape.members ?? {}), [...sdk.members.keys()]);
    this.#names(`required in ${name}`, shape.required ?? [], [...sdk.members.keys()].slice(0, sdk.requiredCount));
    for (const [memberName, ref] of Object.entries(shape.members ?? {})) {
      const member = sdk.members.get(memberName)?.();
      if (!member) continue;
      if (this.#speaksQuery)
        this.#same(`name of ${name}.${memberName}`, this.#queryName(ref, memberName), sdkName(member, memberName));
      this.#type(`${name}.${memberName}`, ref, member);
    }
  }

  #type(where: string, ref: ShapeRef, sdk: SdkMember): void {
    const shape = this.#shape(ref.shape);
    this.#same(`type of ${where}`, kindOf(shape), sdk.type.kind);
    if (sdk.type.kind === 'structure') this.#structure(ref.shape, sdk.type.structure);
    if (sdk.type.kind === 'list' && shape.member) this.#type(`${where}[]`, shape.member, sdk.type.member);
    if (sdk.type.kind !== 'map' || !shape.key || !shape.value) return;
    if (this.#speaksQuery) {
      this.#same(`key of ${where}`, shape.key.queryName ?? 'key', sdkName(sdk.type.key, 'key'));
      this.#same(`value of ${where}`, shape.value.queryName ?? 'value', sdkName(sdk.type.value, 'value'));
    }
    this.#type(`${where}{}`, shape.value, sdk.type.value);
  }

  /** With a star where a list or map has no element around it. A flattened list goes by its elements' name. */
  #queryName(ref: ShapeRef, name: string): string {
    const shape = this.#shape(ref.shape);
    const own = ref.queryName ?? ref.locationName ?? name;
    const isFlattened = ref.flattened ?? shape.flattened ?? false;
    return isFlattened ? `${shape.member?.queryName ?? shape.member?.locationName ?? own}*` : own;
  }

  #shape(name: string): Shape {
    const shape = this.#model.shapes[name];
    assert(shape, `no shape ${name}`);
    return shape;
  }
}

const sdkName = ({ traits }: SdkMember, name: string): string =>
  `${traits.xmlName ?? name}${traits.xmlFlattened ? '*' : ''}`;

function kindOf(shape: Shape): string {
  if (shape.document) return 'document';
  const numbers = ['integer', 'long', 'float', 'double', 'byte', 'short'];
  return numbers.includes(shape.type) ? 'number' : shape.type;
}
