/**
 * Errors that every service can answer, under one neutral name, with each protocol's code and status. Neutral names are
 * those of the Query protocol; JSON's are understood as well, and in a family its own, so a caller may say either.
 *
 * Sources: "Common error types" in the API references of SQS and IAM (query), of KMS and SSM (json); "Error handling
 * with DynamoDB" (json statuses: 400 throughout); "Error codes for the Amazon EC2 API"; "Error responses" of S3; Lambda
 * and API Gateway (rest-json: 403 for all that concerns authentication, 429 for throttling).
 */
import type { ProtocolName } from '#platform/model/schema.ts';

export type ErrorFamily = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml' | 's3';
type Form = readonly [code: string, status: number];
type Row = readonly [json: Form, query: Form, ec2: Form, restJson: Form, restXml: Form, s3: Form];

const COLUMN: Readonly<Record<ErrorFamily, number>> = {
  json: 0,
  query: 1,
  ec2: 2,
  'rest-json': 3,
  'rest-xml': 4,
  s3: 5,
};

const AUTH_FAILURE: Form = ['AuthFailure', 401];

/** biome-ignore format: a table is read by its columns */
const TABLE = {
  //                           json, cbor                                    query                                ec2                                  rest-json                                     rest-xml                             s3
  AccessDenied:               [['AccessDeniedException', 400],               ['AccessDenied', 403],               ['UnauthorizedOperation', 403],      ['AccessDeniedException', 403],               ['AccessDenied', 403],               ['AccessDenied', 403]],
  InvalidClientTokenId:       [['UnrecognizedClientException', 400],         ['InvalidClientTokenId', 403],       AUTH_FAILURE,                        ['UnrecognizedClientException', 403],         ['InvalidClientTokenId', 403],       ['InvalidAccessKeyId', 403]],
  SignatureDoesNotMatch:      [['InvalidSignatureException', 400],           ['SignatureDoesNotMatch', 403],      AUTH_FAILURE,                        ['InvalidSignatureException', 403],           ['SignatureDoesNotMatch', 403],      ['SignatureDoesNotMatch', 403]],
  IncompleteSignature:        [['IncompleteSignatureException', 400],        ['IncompleteSignature', 400],        ['IncompleteSignature', 400],        ['IncompleteSignatureException', 403],        ['IncompleteSignature', 400],        ['AuthorizationHeaderMalformed', 400]],
  MissingAuthenticationToken: [['MissingAuthenticationTokenException', 400], ['MissingAuthenticationToken', 403], ['MissingAuthenticationToken', 403], ['MissingAuthenticationTokenException', 403], ['MissingAuthenticationToken', 403], ['AccessDenied', 403]],
  ExpiredToken:               [['ExpiredTokenException', 400],               ['ExpiredToken', 403],               ['RequestExpired', 400],             ['ExpiredTokenException', 403],               ['ExpiredToken', 403],               ['ExpiredToken', 400]],
  RequestExpired:             [['RequestExpired', 400],                      ['RequestExpired', 400],             ['RequestExpired', 400],             ['RequestExpired', 400],                      ['RequestExpired', 400],             ['RequestTimeTooSkewed', 403]],
  OptInRequired:              [['OptInRequired', 403],                       ['OptInRequired', 403],              ['OptInRequired', 403],              ['OptInRequired', 403],                       ['OptInRequired', 403],              ['NotSignedUp', 403]],
  Throttling:                 [['ThrottlingException', 400],                 ['Throttling', 400],                 ['RequestLimitExceeded', 503],       ['ThrottlingException', 429],                 ['Throttling', 400],                 ['SlowDown', 503]],
  InternalFailure:            [['InternalFailure', 500],                     ['InternalFailure', 500],            ['InternalError', 500],              ['InternalFailure', 500],                     ['InternalFailure', 500],            ['InternalError', 500]],
  ServiceUnavailable:         [['ServiceUnavailableException', 503],         ['ServiceUnavailable', 503],         ['Unavailable', 503],                ['ServiceUnavailableException', 503],         ['ServiceUnavailable', 503],         ['ServiceUnavailable', 503]],
  InvalidAction:              [['UnknownOperationException', 400],           ['InvalidAction', 400],              ['InvalidAction', 400],              ['UnknownOperationException', 404],           ['InvalidAction', 400],              ['MethodNotAllowed', 405]],
  MissingAction:              [['UnknownOperationException', 400],           ['MissingAction', 400],              ['MissingAction', 400],              ['UnknownOperationException', 404],           ['MissingAction', 400],              ['MethodNotAllowed', 405]],
  MalformedQueryString:       [['MalformedHttpRequestException', 400],       ['MalformedQueryString', 404],       ['MalformedQueryString', 404],       ['MalformedHttpRequestException', 400],       ['MalformedQueryString', 404],       ['InvalidURI', 400]],
  MalformedHttpRequest:       [['MalformedHttpRequestException', 400],       ['MalformedHttpRequestException', 400], ['MalformedHttpRequestException', 400], ['MalformedHttpRequestException', 400], ['MalformedHttpRequestException', 400], ['InvalidRequest', 400]],
  InvalidParameterValue:      [['InvalidParameterValueException', 400],                 ['InvalidParameterValue', 400],      ['InvalidParameterValue', 400],      ['ValidationException', 400],                 ['InvalidParameterValue', 400],      ['InvalidArgument', 400]],
  InvalidParameterCombination:[['InvalidParameterCombinationException', 400],                 ['InvalidParameterCombination', 400],['InvalidParameterCombination', 400],['ValidationException', 400],                 ['InvalidParameterCombination', 400],['InvalidArgument', 400]],
  MissingParameter:           [['MissingParameterException', 400],                 ['MissingParameter', 400],           ['MissingParameter', 400],           ['ValidationException', 400],                 ['MissingParameter', 400],           ['InvalidArgument', 400]],
  ValidationError:            [['ValidationException', 400],                 ['ValidationError', 400],            ['InvalidParameterValue', 400],      ['ValidationException', 400],                 ['ValidationError', 400],            ['InvalidArgument', 400]],
  SerializationException:     [['SerializationException', 400],              ['MalformedInput', 400],             ['InvalidParameterValue', 400],      ['SerializationException', 400],              ['MalformedInput', 400],             ['MalformedXML', 400]],
  RequestEntityTooLarge:      [['RequestEntityTooLargeException', 413],      ['RequestEntityTooLarge', 413],      ['RequestEntityTooLarge', 413],      ['RequestEntityTooLargeException', 413],      ['RequestEntityTooLarge', 413],      ['EntityTooLarge', 400]],
  UnsupportedMediaType:       [['UnsupportedMediaTypeException', 415],       ['UnsupportedMediaType', 415],       ['UnsupportedMediaType', 415],       ['UnsupportedMediaTypeException', 415],       ['UnsupportedMediaType', 415],       ['InvalidRequest', 400]],
  UnsupportedOperation:       [['UnsupportedOperationException', 400],       ['UnsupportedOperation', 400],       ['UnsupportedOperation', 400],       ['UnsupportedOperationException', 400],       ['UnsupportedOperation', 400],       ['NotImplemented', 501]],
} as const satisfies Record<string, Row>;

export type CommonErrorName = keyof typeof TABLE;

export interface CommonError {
  readonly name: CommonErrorName;
  readonly code: string;
  readonly status: number;
}

/**
 * The row that a code belongs to: neutral names, JSON's and Query's codes, and the family's own, the first row first. EC2's
 * and S3's codes are plain words (`InvalidRequest`, `Unavailable`) that mean something else in the mouth of another service.
 */
function namesOf(family: ErrorFamily): ReadonlyMap<string, CommonErrorName> {
  const rows = Object.keys(TABLE) as CommonErrorName[];
  const names = new Map<string, CommonErrorName>(rows.map((name) => [name, name]));
  for (const column of [COLUMN.json, COLUMN.query, COLUMN[family]]) {
    for (const name of rows) {
      const [code] = formOf(name, column);
      if (!names.has(code)) names.set(code, name);
    }
  }
  return names;
}

// Six columns, and COLUMN counts them.
const formOf = (name: CommonErrorName, column: number): Form => TABLE[name][column] as Form;

const NAMES = new Map((Object.keys(COLUMN) as ErrorFamily[]).map((family) => [family, namesOf(family)]));

/** `AccessDenied` or `AccessDeniedException` in EC2's words is `UnauthorizedOperation`, 403. Undefined if not common. */
export function commonError(code: string, family: ErrorFamily): CommonError | undefined {
  const name = NAMES.get(family)?.get(code);
  if (name === undefined) return undefined;
  const [spelled, status] = formOf(name, COLUMN[family]);
  return { name, code: spelled, status };
}

/** S3 has words of its own; CBOR has JSON's. */
export function familyOf(protocol: ProtocolName, serviceId: string): ErrorFamily {
  if (protocol === 'smithy-rpc-v2-cbor') return 'json';
  return protocol === 'rest-xml' && serviceId === 'S3' ? 's3' : protocol;
}
