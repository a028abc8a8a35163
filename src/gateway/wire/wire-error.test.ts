/** How each protocol says what is wrong: errors of the model, errors common to all services, errors of neither. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCbor } from '#gateway/wire/cbor.ts';
import { kitchenCodec, kitchenSink } from '#gateway/wire/kitchen-sink.fixture.ts';
import type { WireResponse } from '#gateway/wire/protocol.ts';
import { protocols } from '#gateway/wire/protocols.ts';
import { ServiceError } from '#platform/error.ts';
import type { ProtocolName, ServiceModel } from '#platform/model/schema.ts';

const burnt = new ServiceError('Burnt', 'Too <hot>', { fields: { Minutes: 7 } });
const denied = new ServiceError('AccessDenied', 'No.');
const encode = (protocol: ProtocolName, error: ServiceError): WireResponse =>
  kitchenCodec(protocol).encodeError(error, 'id-1', 'Cook');

const NAMESPACE = 'xmlns="http://kitchen.amazonaws.com/doc/2020-01-01/"';

test('json', () => {
  const { status, headers, body } = encode('json', burnt);
  assert.equal(status, 409);
  assert.deepEqual(headers, { 'x-amzn-requestid': 'id-1', 'content-type': 'application/x-amz-json-1.0' });
  assert.equal(body, '{"__type":"com.amazonaws.kitchen#Burnt","message":"Too <hot>","Minutes":7}');
  const common = encode('json', denied);
  assert.equal(common.status, 400);
  assert.equal(common.body, '{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"No."}');
});

test('json 1.1 leaves out the namespace', () => {
  const codec = protocols.json.compile({ ...kitchenSink, metadata: { ...kitchenSink.metadata, jsonVersion: '1.1' } });
  const { body, headers } = codec.encodeError(burnt, 'id-1', undefined);
  assert.equal(body, '{"__type":"Burnt","message":"Too <hot>","Minutes":7}');
  assert.equal(headers['content-type'], 'application/x-amz-json-1.1');
});

test('query', () => {
  const { status, headers, body } = encode('query', burnt);
  assert.equal(status, 409);
  assert.equal(headers['content-type'], 'text/xml');
  assert.equal(
    body,
    `<ErrorResponse ${NAMESPACE}><Error><Type>Sender</Type><Code>Dish.Burnt</Code><Message>Too &lt;hot&gt;</Message>` +
      '<Minutes>7</Minutes></Error><RequestId>id-1</RequestId></ErrorResponse>',
  );
  assert.match(String(encode('query', denied).body), /<Code>AccessDenied<\/Code><Message>No.<\/Message>/);
  assert.equal(encode('query', denied).status, 403);
  const fault = encode('query', new ServiceError('InternalFailure', ''));
  assert.equal(fault.status, 500);
  assert.match(String(fault.body), /<Type>Receiver<\/Type><Code>InternalFailure<\/Code><\/Error>/);
});

test('ec2', () => {
  const { status, body } = encode('ec2', denied);
  assert.equal(status, 403);
  assert.equal(
    body,
    '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>No.</Message></Error></Errors>' +
      '<RequestID>id-1</RequestID></Response>',
  );
  assert.equal(encode('ec2', new ServiceError('SignatureDoesNotMatch', '')).status, 401);
});

test('rest-json', () => {
  const { status, headers, body } = encode('rest-json', burnt);
  assert.equal(status, 409);
  assert.deepEqual(headers, {
    'x-amzn-requestid': 'id-1',
    'x-amzn-errortype': 'Burnt',
    'content-type': 'application/json',
  });
  assert.equal(body, '{"message":"Too <hot>","Minutes":7}');
  assert.equal(encode('rest-json', denied).status, 403);
});

test('rest-xml, and S3 in its own way', () => {
  assert.match(String(encode('rest-xml', burnt).body), /^<ErrorResponse .*<Code>Dish.Burnt<\/Code>/);
  const s3: ServiceModel = { ...kitchenSink, metadata: { ...kitchenSink.metadata, serviceId: 'S3' } };
  const error = new ServiceError('NoSuchBucket', 'None.', { status: 404, fields: { BucketName: 'a&b' } });
  const { status, headers, body } = protocols['rest-xml'].compile(s3).encodeError(error, 'id-1', 'Cook');
  assert.equal(status, 404);
  assert.deepEqual(headers, {
    'x-amz-request-id': 'id-1',
    'x-amz-id-2': 'aWQtMQ==',
    'content-type': 'application/xml',
  });
  assert.equal(
    body,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code><Message>None.</Message>' +
      '<BucketName>a&amp;b</BucketName><RequestId>id-1</RequestId><HostId>aWQtMQ==</HostId></Error>',
  );
});

test('rpc-v2-cbor', () => {
  const { status, headers, body } = encode('smithy-rpc-v2-cbor', burnt);
  assert.equal(status, 409);
  assert.equal(headers['smithy-protocol'], 'rpc-v2-cbor');
  assert.deepEqual(
    { ...(decodeCbor(Buffer.from(body as Uint8Array)) as object) },
    { __type: 'com.amazonaws.kitchen#Burnt', message: 'Too <hot>', Minutes: 7 },
  );
});

test('a service that left Query keeps its codes in a header, and its statuses for common errors', () => {
  const metadata = { ...kitchenSink.metadata, awsQueryCompatible: {} };
  const codec = protocols.json.compile({ ...kitchenSink, metadata });
  const own = codec.encodeError(burnt, 'id-1', 'Cook');
  assert.equal(own.status, 400);
  assert.equal(own.headers['x-amzn-query-error'], 'Dish.Burnt;Sender');
  assert.match(String(own.body), /#Burnt"/);
  const common = codec.encodeError(denied, 'id-1', 'Cook');
  assert.equal(common.status, 403);
  assert.equal(common.headers['x-amzn-query-error'], 'AccessDenied;Sender');
  assert.match(String(common.body), /#AccessDeniedException"/);
});

test('a fault of the model, a status of the handler, a code of nobody', () => {
  assert.equal(encode('json', new ServiceError('Exploded', '')).status, 500);
  assert.equal(encode('json', new ServiceError('Burnt', '', { status: 418 })).status, 418);
  assert.equal(encode('json', new ServiceError('Dish.Burnt', '')).status, 409);
  const unknown = encode('query', new ServiceError('OutOfSalt', 'None left.'));
  assert.equal(unknown.status, 400);
  assert.match(String(unknown.body), /<Code>OutOfSalt<\/Code>/);
});

test("another family's plain words are no common errors", () => {
  assert.match(String(encode('json', new ServiceError('InvalidRequest', '')).body), /#InvalidRequest"/);
  assert.match(String(encode('query', new ServiceError('Unavailable', '')).body), /<Code>Unavailable</);
  assert.equal(encode('ec2', new ServiceError('Unavailable', '')).status, 503);
});
