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
  /** From AWS's service authorization reference; see tools/generate-models. */
  readonly authorization?: AuthorizationModel;
}

export interface ServiceMetadata {
  readonly serviceId: string;
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
  readonly awsQueryCompatible?: object;
  readonly signatureVersion?: string;
}

export interface ShapeRef {
  readonly shape: string;
  readonly location?: 'header' | 'headers' | 'uri' | 'querystring' | 'statusCode';
  readonly locationName?: string;
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
      }
    >
  >;
  readonly resources: Readonly<Record<string, { readonly arn: string; readonly conditionKeys: readonly string[] }>>;
  readonly conditionKeys: Readonly<Record<string, string>>;
}
