/**
 * Where a published vector and a server differ, case by case, with the reason. `leftOut` cases have nothing that a server
 * could be held to; in the others a server rightly sees more, or less, than the client's caller said: `sees` replaces what
 * the vector expects (undefined: the member is absent).
 */
import type { VectorCase } from '#test/protocol/wire-vectors.ts';

export type Seen = Readonly<Record<string, unknown>>;
export type InputException =
  | { readonly leftOut: string }
  | { readonly why: string; readonly sees: (uri: string) => Seen };

const COMPRESSION = 'the vector gives headers only; there is no body to decompress';
const CLIENT_PATH = "the path comes from the client's endpoint setting and is no operation's";
const TOKEN = 'the client fills in the idempotency token by itself, so a server always sees one';
const TOKEN_VALUE = '00000000-0000-4000-8000-000000000000';
const NO_TRACE = 'an empty collection leaves no trace on the wire';
const EMPTY_STRUCTURE = 'the client sends {} for an absent structure: a server sees an empty one';
const ALL_PARAMETERS = 'on a server, a map bound to the query string holds all parameters (Smithy, httpQueryParams)';

const query = (uri: string): URLSearchParams => new URL(uri, 'http://vector').searchParams;
const firstValues = (uri: string): Seen => Object.fromEntries([...query(uri)].reverse());
const allValues = (uri: string): Seen =>
  Object.fromEntries([...query(uri).keys()].map((name) => [name, query(uri).getAll(name)]));

const seen = (why: string, sees: Seen | ((uri: string) => Seen)): InputException => ({
  why,
  sees: typeof sees === 'function' ? sees : () => sees,
});
const parametersAs = (member: string) => seen(ALL_PARAMETERS, (uri) => ({ [member]: firstValues(uri) }));
const token = (name: string): InputException => seen(TOKEN, { [name]: TOKEN_VALUE });

/** By the id that Smithy gives a case. */
const BY_ID: Readonly<Record<string, InputException>> = {
  SDKAppliedContentEncoding_awsJson1_0: { leftOut: COMPRESSION },
  SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0: { leftOut: COMPRESSION },
  SDKAppliedContentEncoding_awsJson1_1: { leftOut: COMPRESSION },
  SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1: { leftOut: COMPRESSION },
  SDKAppliedContentEncoding_awsQuery: { leftOut: COMPRESSION },
  SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery: { leftOut: COMPRESSION },
  SDKAppliedContentEncoding_ec2Query: { leftOut: COMPRESSION },
  SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query: { leftOut: COMPRESSION },
  SDKAppliedContentEncoding_restJson1: { leftOut: COMPRESSION },
  SDKAppendedGzipAfterProvidedEncoding_restJson1: { leftOut: COMPRESSION },
  SDKAppliedContentEncoding_restXml: { leftOut: COMPRESSION },
  SDKAppendedGzipAfterProvidedEncoding_restXml: { leftOut: COMPRESSION },
  RestJsonHostWithPath: { leftOut: CLIENT_PATH },
  Ec2ProtocolIdempotencyTokenAutoFill: token('token'),
  QueryProtocolIdempotencyTokenAutoFill: token('token'),
  RestJsonQueryIdempotencyTokenAutoFill: token('token'),
  QueryIdempotencyTokenAutoFill: token('token'),
  Ec2EmptyQueryLists: seen(NO_TRACE, { listArg: undefined, ListArg: undefined }),
  QueryEmptyQueryMaps: seen(NO_TRACE, { MapArg: undefined }),
  RestJsonHttpPrefixHeadersAreNotPresent: seen(NO_TRACE, { fooMap: undefined }),
  HttpPrefixHeadersAreNotPresent: seen(NO_TRACE, { fooMap: undefined }),
  RestJsonOmitsEmptyListQueryValues: seen(
    NO_TRACE,
    Object.fromEntries(
      ['String', 'Integer', 'Double', 'Boolean', 'Timestamp', 'Enum', 'IntegerEnum'].map((type) => [
        `query${type}List`,
        undefined,
      ]),
    ),
  ),
  RestJsonHttpWithEmptyStructurePayload: seen(EMPTY_STRUCTURE, { payloadConfig: {} }),
  RestJsonHttpWithHeadersButNoPayload: seen(EMPTY_STRUCTURE, { payloadConfig: {} }),
  MediaTypeHeaderInputBase64: seen('JSON in a header is handed over parsed, as botocore takes it', { json: true }),
  RestJsonQueryParamsStringListMap: seen(ALL_PARAMETERS, (uri) => ({ foo: allValues(uri) })),
  RestXmlQueryParamsStringListMap: seen(ALL_PARAMETERS, (uri) => ({ foo: allValues(uri) })),
  RestJsonQueryPrecedence: parametersAs('baz'),
  RestXmlQueryPrecedence: parametersAs('baz'),
  AllQueryStringTypes: parametersAs('queryParamsMapOfStrings'),
  RestXmlQueryStringEscaping: parametersAs('queryParamsMapOfStrings'),
  RestXmlSupportsNaNFloatQueryValues: parametersAs('queryParamsMapOfStrings'),
  RestXmlSupportsInfinityFloatQueryValues: parametersAs('queryParamsMapOfStrings'),
  RestXmlSupportsNegativeInfinityFloatQueryValues: parametersAs('queryParamsMapOfStrings'),
  RestXmlZeroAndFalseQueryValues: parametersAs('queryParamsMapOfStrings'),
};

/** The older set has no ids: file, suite and test. */
const BY_PLACE: Readonly<Record<string, InputException>> = {
  'legacy/input/ec2.json 8:1': token('Token'),
  'legacy/input/json.json 6:1': token('Token'),
  'legacy/input/query.json 12:1': token('Token'),
  'legacy/input/rest-json.json 19:1': token('Token'),
  'legacy/input/rest-xml.json 23:1': token('Token'),
  'legacy/input/rest-json.json 13:1': seen(EMPTY_STRUCTURE, { foo: {} }),
  'legacy/input/rest-json.json 25:2': seen(EMPTY_STRUCTURE, { payloadConfig: {} }),
  'legacy/input/rest-json.json 25:4': seen(EMPTY_STRUCTURE, { payloadConfig: {} }),
  'legacy/input/rest-json.json 25:7': seen('the HTTP client names a content type by itself', {
    contentType: 'application/octet-stream',
  }),
  'legacy/input/rest-json.json 26:1': seen(NO_TRACE, { ListParam: undefined }),
  'legacy/input/rest-xml.json 26:1': seen(NO_TRACE, { ListParam: undefined }),
  'legacy/input/rest-xml.json 2:1': seen('a null is an absent member', { SubStructure: { Foo: 'a' } }),
  'legacy/input/rest-xml.json 11:0': {
    leftOut: "the header's prefix stands on the map's shape, which no model of AWS's does and Smithy has no trait for",
  },
};

export const inputException = (vector: VectorCase): InputException | undefined =>
  BY_ID[vector.id] ?? BY_PLACE[`${vector.file} ${vector.at.join(':')}`];

export type OutputException = { readonly leftOut: string } | { readonly againstResponse: string };

const FLATTENED = 'botocore names the items of a flattened list otherwise than Smithy';
const ABSENT = 'botocore sees an empty value where there is none';

/** botocore fails these vectors itself (protocol-tests-ignore-list.json): our response is held against the vector's. */
const OUTPUT_BY_ID: Readonly<Record<string, OutputException>> = {
  Ec2XmlLists: { againstResponse: FLATTENED },
  QueryXmlLists: { againstResponse: FLATTENED },
  XmlLists: { againstResponse: FLATTENED },
  BodyWithXmlName: { againstResponse: "botocore takes a shape's name as a root for its name as a member" },
  RestJsonHttpPayloadTraitsWithNoBlobBody: { againstResponse: ABSENT },
  HttpPayloadTraitsWithNoBlobBody: { againstResponse: ABSENT },
  RestJsonHttpPayloadWithUnsetUnion: { againstResponse: ABSENT },
  RestXmlHttpPayloadWithUnsetUnion: { againstResponse: ABSENT },
  RestJsonInputAndOutputWithQuotedStringHeaders: { againstResponse: 'botocore splits quoted values at their commas' },
  RestJsonInputAndOutputWithTimestampHeaders: { againstResponse: 'botocore splits dates at their commas' },
  InputAndOutputWithTimestampHeaders: { againstResponse: 'botocore splits dates at their commas' },
};

const UNKNOWN = "a union's member that the model does not have can't be encoded";

const OUTPUT_BY_PLACE: Readonly<Record<string, OutputException>> = {
  'legacy/output/rest-json.json 9:0': {
    leftOut: 'it asks for the case of header names, which has no meaning; ours are lower',
  },
  'legacy/output/rest-json.json 17:2': { leftOut: UNKNOWN },
  'legacy/output/rest-xml.json 16:2': { leftOut: UNKNOWN },
};

export const outputException = (vector: VectorCase): OutputException | undefined =>
  OUTPUT_BY_ID[vector.id] ?? OUTPUT_BY_PLACE[`${vector.file} ${vector.at.join(':')}`];
