/**
 * The service model: what botocore's `service-2.json` says of a service, without its prose. Codecs, validators, types,
 * routing and documentation all come from it. Shapes keep botocore's own form, so that published protocol vectors
 * (which carry their models in it) compile with the same code.
 */
export type ProtocolName = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml' | 'smithy-rpc-v2-cbor';

export interface ServiceModel {
  readonly metadata: ServiceMetadata;
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly paginators?: Readonly<Record<string, PaginatorModel>>;
  readonly waiters?: Readonly<Record<string, unknown>>;
  /** The host names that the service has on AWS, of the `aws` partition. */
  readonly endpoints?: readonly EndpointModel[];
  /** How the service words what a validator finds, where it differs from its protocol's way. From models/patches. */
  readonly validation?: ValidationModel;
  /** From AWS's service authorization reference; see tools/generate-models. */
  readonly authorization?: AuthorizationModel;
}

export interface ServiceMetadata {
  readonly serviceId: string;
  /** For people: `Amazon Simple Queue Service`. */
  readonly serviceFullName?: string;
  readonly apiVersion: string;
  readonly endpointPrefix: string;
  readonly signingName?: string;
  readonly globalEndpoint?: string;
  /** All protocols the service speaks, the preferred one first. */
  readonly protocols: readonly ProtocolName[];
  readonly protocol?: ProtocolName;
  readonly jsonVersion?: '1.0' | '1.1';
  readonly targetPrefix?: string;
  readonly xmlNamespace?: string;
  /** S3's documents tell thousandths, be they nought. */
  readonly xmlTimestamps?: 'iso8601Milliseconds';
  readonly awsQueryCompatible?: object;
  readonly signatureVersion?: string;
  readonly auth?: readonly string[];
  readonly protocolSettings?: Readonly<Record<string, unknown>>;
}

/** What must be known of a service before anybody calls it: models/summaries.json has all of them. */
export interface ServiceSummary {
  readonly metadata: ServiceMetadata;
  /** Of its IAM actions, and the service part of its ARNs. */
  readonly prefix?: string;
}

export interface EndpointModel {
  /** `sqs.{Region}.amazonaws.com` */
  readonly host: string;
  readonly signingRegion?: string;
  readonly signingName?: string;
}

export interface ShapeRef {
  readonly shape: string;
  readonly location?: 'header' | 'headers' | 'uri' | 'querystring' | 'statusCode';
  readonly locationName?: string;
  /**
   * The name in the EC2 protocol's requests. Where a service speaks JSON and Query under different names (SQS), it is
   * the name in the Query protocol's requests and responses, of members, list members, map keys and values alike; there
   * it goes before `locationName`. No model of AWS has it on a Query service, so the two uses can't meet.
   */
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly streaming?: boolean;
  readonly xmlNamespace?: { readonly uri: string; readonly prefix?: string } | string;
  readonly xmlAttribute?: boolean;
  readonly timestampFormat?: 'iso8601' | 'rfc822' | 'unixTimestamp';
  readonly idempotencyToken?: boolean;
  readonly jsonvalue?: boolean;
  readonly hostLabel?: boolean;
  readonly eventpayload?: boolean;
  readonly eventheader?: boolean;
  readonly box?: boolean;
  readonly resultWrapper?: string;
}

export interface OperationModel {
  readonly name: string;
  readonly http?: { readonly method: string; readonly requestUri: string; readonly responseCode?: number };
  readonly input?: ShapeRef;
  readonly output?: ShapeRef;
  readonly errors?: readonly ShapeRef[];
  readonly authtype?: string;
  readonly auth?: readonly string[];
  readonly unsignedPayload?: boolean;
  readonly httpChecksum?: Readonly<Record<string, unknown>>;
  readonly httpChecksumRequired?: boolean;
  readonly endpoint?: { readonly hostPrefix: string };
  readonly idempotent?: boolean;
  readonly readonly?: boolean;
  readonly requestcompression?: { readonly encodings: readonly string[] };
  readonly staticContextParams?: Readonly<Record<string, unknown>>;
}

export type ShapeType =
  | 'structure'
  | 'list'
  | 'map'
  | 'string'
  | 'character'
  | 'blob'
  | 'boolean'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'timestamp'
  | 'byte'
  | 'short'
  | 'bigdecimal'
  | 'biginteger';

export interface Shape extends Omit<ShapeRef, 'shape'> {
  /** An output that is its only member, without an element around it. From models/patches. */
  readonly unwrapped?: boolean;
  readonly type: ShapeType;
  readonly members?: Readonly<Record<string, ShapeRef>>;
  readonly required?: readonly string[];
  readonly member?: ShapeRef;
  readonly key?: ShapeRef;
  readonly value?: ShapeRef;
  readonly payload?: string;
  readonly union?: boolean;
  readonly document?: boolean;
  readonly eventstream?: boolean;
  readonly event?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number; readonly senderFault?: boolean };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly sensitive?: boolean;
  readonly requiresLength?: boolean;
  /** A list or map whose values may be null. */
  readonly sparse?: boolean;
}

/** The words of a service about bad values, where they are not those of its protocol. */
export interface ValidationModel {
  /** The code for all constraints; by default the protocol's: ValidationException, in Query protocols ValidationError. */
  readonly code?: string;
  /** For a required member that is absent: one at a time. `{member}` is its path in the Query protocol: `Entries.1.Id`. */
  readonly missing?: WordedError;
  /** For the first value that is wrong, alone: `{parameter}` is its path in the Query protocol, `{value}` what was given. */
  readonly wrong?: WordedError;
  /** "hidden": `Value at 'x'` for every value, as if all were sensitive. */
  readonly values?: 'hidden';
  /** "open": values outside an enum pass here, and the service words them itself. */
  readonly enums?: 'open';
  /** Patterns that the service checks itself, after all other constraints: pattern -> its message about `{member}`. */
  readonly patterns?: Readonly<Record<string, string>>;
  /** S3's way: one error for all that a body has wrong, and one that names the header or parameter whose value is. */
  readonly bindings?: {
    readonly body: WordedError;
    readonly parameter: WordedError;
    /** A number that is none; `{parameter}` is its name on the wire. */
    readonly number: WordedError;
  };
}

export interface WordedError {
  readonly code: string;
  readonly message: string;
}

export interface PaginatorModel {
  readonly input_token: string | readonly string[];
  readonly output_token: string | readonly string[];
  readonly limit_key?: string;
  readonly result_key?: string | readonly string[];
  readonly more_results?: string;
}

/** Actions (not operations: `iam:PassRole` has none), resource types with ARN patterns, and condition keys. */
export interface AuthorizationModel {
  readonly prefix: string;
  readonly actions: Readonly<
    Record<
      string,
      {
        readonly access: 'Read' | 'Write' | 'List' | 'Tagging' | 'Permissions management';
        /** Resource type -> whether it is required. */
        readonly resources: Readonly<Record<string, boolean>>;
        readonly conditionKeys: readonly string[];
        /** Actions that the caller needs as well: `iam:PassRole`. */
        readonly dependentActions?: readonly string[];
      }
    >
  >;
  readonly resources: Readonly<Record<string, { readonly arn: string; readonly conditionKeys: readonly string[] }>>;
  readonly conditionKeys: Readonly<Record<string, string>>;
}
