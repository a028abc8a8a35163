import assert from 'node:assert/strict';
import { test } from 'node:test';
import { templateRouter } from '#gateway/uri-templates.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';

const operation = (name: string, method: string, requestUri: string): [string, OperationModel] => [
  name,
  { name, http: { method, requestUri } },
];
const model: ServiceModel = {
  metadata: { serviceId: 'T', apiVersion: '1', endpointPrefix: 't', protocols: ['rest-xml'] },
  shapes: {},
  operations: Object.fromEntries([
    operation('List', 'GET', '/'),
    operation('GetBucket', 'GET', '/{Bucket}'),
    operation('GetBucketAcl', 'GET', '/{Bucket}?acl'),
    operation('GetObject', 'GET', '/{Bucket}/{Key+}?x-id=GetObject'),
    operation('GetObjectAcl', 'GET', '/{Bucket}/{Key+}?acl'),
    operation('HeadObject', 'HEAD', '/{Bucket}/{Key+}'),
    operation('Tags', 'GET', '/v1/{Arn+}/tags'),
    operation('Instance', 'GET', '/v1/instances/{Name+}'),
    operation('InstancePolicy', 'GET', '/v1/instances/{Name+}/policy'),
    operation('Zone', 'GET', '/v1/zone/{Id}'),
  ]),
};
const route = templateRouter(model);

test('literals beat labels, labels beat greedy ones, query literals decide', () => {
  const cases: [string, string, string, string | undefined, Record<string, string>?][] = [
    ['GET', '/', '', 'List', {}],
    ['GET', '/b', '', 'GetBucket', { Bucket: 'b' }],
    ['GET', '/b/', '', 'GetBucket', { Bucket: 'b' }],
    ['GET', '/b', 'acl', 'GetBucketAcl', { Bucket: 'b' }],
    ['GET', '/b', 'acl=', 'GetBucketAcl', { Bucket: 'b' }],
    ['GET', '/b/a/b%2Fc', 'acl', 'GetObjectAcl', { Bucket: 'b', Key: 'a/b/c' }],
    ['GET', '/b/a', 'x-id=GetObject', 'GetObject', { Bucket: 'b', Key: 'a' }],
    ['HEAD', '/b/a//b', '', 'HeadObject', { Bucket: 'b', Key: 'a//b' }],
    ['HEAD', '/b/folder/', '', 'HeadObject', { Bucket: 'b', Key: 'folder/' }],
    ['GET', '/v1/zone/Z1/', '', 'Zone', { Id: 'Z1' }],
    ['GET', '/v1/zone/Z1', '', 'Zone', { Id: 'Z1' }],
    ['GET', '/v1/arn:aws:x/y/tags', '', 'Tags', { Arn: 'arn:aws:x/y' }],
    ['GET', '/v1/instances/a/policy', '', 'InstancePolicy', { Name: 'a' }],
    ['GET', '/v1/instances/a/policy/b', '', 'Instance', { Name: 'a/policy/b' }],
    ['GET', '/v1/instances/policy', '', 'Instance', { Name: 'policy' }],
    ['DELETE', '/b', '', undefined],
    ['GET', '/%zz', '', undefined],
  ];
  for (const [method, path, query, name, parameters] of cases) {
    const match = route({ method, path, query, headers: {} });
    assert.equal(match?.operation, name, `${method} ${path}?${query}`);
    if (parameters) assert.deepEqual(match?.parameters, parameters);
  }
});

test('operations of one path are told apart by what they require', () => {
  const member = (location: 'querystring' | 'header', locationName: string) => ({ shape: 'S', location, locationName });
  const s3 = templateRouter({
    ...model,
    shapes: {
      Put: { type: 'structure', members: {} },
      Copy: { type: 'structure', required: ['S'], members: { S: member('header', 'x-amz-copy-source') } },
      Part: {
        type: 'structure',
        required: ['N', 'U'],
        members: { N: member('querystring', 'partNumber'), U: member('querystring', 'uploadId') },
      },
      Abort: { type: 'structure', required: ['U'], members: { U: member('querystring', 'uploadId') } },
    },
    operations: Object.fromEntries(
      ['Put', 'Copy', 'Part', 'Abort'].map((name) => [
        name,
        {
          name,
          http: { method: name === 'Abort' ? 'DELETE' : 'PUT', requestUri: '/{Bucket}/{Key+}' },
          input: { shape: name },
        },
      ]),
    ),
  });
  const of = (method: string, query: string, headers = {}) => s3({ method, path: '/b/k', query, headers })?.operation;
  assert.equal(of('PUT', ''), 'Put');
  assert.equal(of('PUT', '', { 'x-amz-copy-source': '/a/b' }), 'Copy');
  assert.equal(of('PUT', 'partNumber=1&uploadId=u'), 'Part');
  assert.equal(of('PUT', 'uploadId=u'), 'Put');
  // The only one there is: its validator says what is missing.
  assert.equal(of('DELETE', ''), 'Abort');
});
