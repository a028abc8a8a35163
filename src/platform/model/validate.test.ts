import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceError } from '#platform/error.ts';
import { modelLoader } from '#platform/model/load.ts';
import type { ServiceModel, Shape } from '#platform/model/schema.ts';
import { compileValidator } from '#platform/model/validate.ts';

const load = modelLoader();

/** The code and words for an input of a real shape; undefined if it passes. */
function refusal(service: string, shape: string, input: unknown): { code: string; message: string } | undefined {
  return refusalOf(compileValidator(load(service), shape), input);
}

function refusalOf(validate: (value: unknown) => void, input: unknown): { code: string; message: string } | undefined {
  try {
    validate(input);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return { code: error.code, message: error.message };
  }
}

/** A model made of these shapes, for what the services' own don't show. */
function model(shapes: Record<string, Shape>, rest: Partial<ServiceModel> = {}): ServiceModel {
  const metadata = {
    serviceId: 'Test',
    apiVersion: '2020-01-01',
    endpointPrefix: 'test',
    protocols: ['json'] as const,
  };
  return { metadata, operations: {}, shapes, ...rest };
}

const failed = (value: string, path: string, constraint: string): string =>
  `1 validation error detected: Value ${value}at '${path}' failed to satisfy constraint: ${constraint}`;

test('a required member that is absent', () => {
  assert.deepEqual(refusal('sts', 'AssumeRoleRequest', { RoleArn: 'arn:aws:iam::123456789012:role/a' }), {
    code: 'ValidationError',
    message: failed('null ', 'roleSessionName', 'Member must not be null'),
  });
  assert.deepEqual(refusal('service-quotas', 'GetServiceQuotaRequest', { ServiceCode: 'sqs' }), {
    code: 'ValidationException',
    message: failed('null ', 'quotaCode', 'Member must not be null'),
  });
});

test('length, pattern and range, in AWS order', () => {
  const input = { RoleArn: 'bogus', RoleSessionName: 'x y', DurationSeconds: 1 };
  assert.equal(
    refusal('sts', 'AssumeRoleRequest', input)?.message,
    "3 validation errors detected: Value 'bogus' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; " +
      "Value 'x y' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*; " +
      "Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
  );
});

test('a member of a structure in a list', () => {
  const input = { RoleArn: 'arn:aws:iam::1:role/a', RoleSessionName: 'ab', Tags: [{ Key: 'a', Value: 'MOJ D&T' }] };
  assert.equal(
    refusal('sts', 'AssumeRoleRequest', input)?.message,
    failed(
      "'MOJ D&T' ",
      'tags.1.member.value',
      'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*',
    ),
  );
});

test('elements of a list are reported once, with all that is asked of them', () => {
  const input = { ResourceARNList: ['', ''], Tags: { '': 'x' } };
  const rules = (max: number): string =>
    `[Member must have length less than or equal to ${max}, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\\s\\S]*]`;
  assert.equal(
    refusal('resourcegroupstaggingapi', 'TagResourcesInput', input)?.message,
    `2 validation errors detected: Value '[, ]' at 'resourceARNList' failed to satisfy constraint: Member must satisfy constraint: ${rules(1011)}; ` +
      `Value '{=x}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: ${rules(128)}`,
  );
});

test('SQS names an absent member by its Query path, one at a time', () => {
  const missing = (shape: string, input: unknown): string | undefined => {
    const refused = refusal('sqs', shape, input);
    assert.equal(refused?.code, 'MissingParameter');
    return refused.message.replace('The request must contain the parameter ', '');
  };
  assert.equal(missing('SendMessageRequest', {}), 'QueueUrl.');
  const Entries = [{ Id: 'a', ReceiptHandle: 'b' }, { Id: 'c' }];
  assert.equal(
    missing('DeleteMessageBatchRequest', { QueueUrl: 'q', Entries }),
    'DeleteMessageBatchRequestEntry.2.ReceiptHandle.',
  );
  const MessageAttributes = { a: { StringValue: 'x' } };
  assert.equal(
    missing('SendMessageRequest', { QueueUrl: 'q', MessageBody: 'b', MessageAttributes }),
    'MessageAttribute.1.Value.DataType.',
  );
  assert.equal(missing('UntagQueueRequest', { QueueUrl: 'q', TagKeys: ['a', null] }), 'TagKey.2.');
});

test('SQS words bad values itself', () => {
  assert.equal(refusal('sqs', 'GetQueueAttributesRequest', { QueueUrl: 'q', AttributeNames: ['NoSuch'] }), undefined);
  assert.equal(refusal('sqs', 'SendMessageRequest', { QueueUrl: '', MessageBody: '', DelaySeconds: -5 }), undefined);
});

test('IAM shows no value, and checks names by words of its own after all else', () => {
  const input = { RoleName: 'x y', AssumeRolePolicyDocument: '{}' };
  assert.deepEqual(refusal('iam', 'CreateRoleRequest', input), {
    code: 'ValidationError',
    message:
      'The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
  });
  assert.equal(
    refusal('iam', 'CreateRoleRequest', { ...input, RoleName: `x y${'z'.repeat(62)}` })?.message,
    failed('', 'roleName', 'Member must have length less than or equal to 64'),
  );
  assert.equal(
    refusal('iam', 'UpdateAccessKeyRequest', { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', Status: 'Off' })?.message,
    failed('', 'status', 'Member must satisfy enum value set: [Active, Inactive, Expired]'),
  );
  assert.equal(
    refusal('iam', 'CreateUserRequest', { UserName: 'a', Path: 'a/' })?.message,
    'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  );
});

const Text: Shape = { type: 'string', min: 2, max: 3 };

test('a length is counted in code points', () => {
  const validate = compileValidator(
    model({ In: { type: 'structure', members: { A: { shape: 'Text' } } }, Text }),
    'In',
  );
  for (const A of ['ab', '😀😀', '😀😀😀', 'ab😀']) assert.equal(refusalOf(validate, { A }), undefined, A);
  for (const A of ['a', '😀', '😀😀😀😀', 'abcd']) assert.ok(refusalOf(validate, { A }), A);
});

test('blobs, doubles and secrets as AWS prints them', () => {
  const shapes: Record<string, Shape> = {
    In: {
      type: 'structure',
      members: { Blob: { shape: 'Blob' }, URL: { shape: 'Weight' }, Secret: { shape: 'Secret' } },
    },
    Blob: { type: 'blob', max: 2 },
    Weight: { type: 'double', max: 1 },
    Secret: { type: 'string', max: 1, sensitive: true },
  };
  assert.equal(
    refusalOf(compileValidator(model(shapes), 'In'), { Blob: new Uint8Array(3), URL: 1.5, Secret: 'abc' })?.message,
    "3 validation errors detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]' at 'blob' failed to satisfy constraint: Member must have length less than or equal to 2; " +
      "Value '1.5' at 'uRL' failed to satisfy constraint: Member must have value less than or equal to 1.0; " +
      "Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 1",
  );
});

test('paths as pointers, codes by protocol, nulls in sparse lists', () => {
  const shapes: Record<string, Shape> = {
    In: { type: 'structure', members: { Tags: { shape: 'Tags' }, Holes: { shape: 'Holes' } } },
    Tags: { type: 'list', member: { shape: 'Tag' } },
    Holes: { type: 'list', member: { shape: 'Text' }, sparse: true },
    Tag: { type: 'structure', members: { Key: { shape: 'Text' } }, required: ['Key'] },
    Text,
  };
  const validate = compileValidator(model(shapes), 'In', { paths: 'pointer', protocol: 'query' });
  assert.deepEqual(refusalOf(validate, { Tags: [{ Key: 'ab' }, {}], Holes: [null] }), {
    code: 'ValidationError',
    message: failed('null ', '/Tags/1/Key', 'Member must not be null'),
  });
  assert.equal(
    refusalOf(validate, { Tags: [null] })?.message,
    failed("'[null]' ", '/Tags', 'Member must satisfy constraint: [Member must not be null]'),
  );
});

test('an answer does not grow with the input', () => {
  const Tags = Array.from({ length: 10_000 }, () => ({ Key: '*', Value: '*' }));
  const refused = refusal('sts', 'AssumeRoleRequest', { RoleArn: 'x', RoleSessionName: 'x', Tags });
  assert.ok(refused && refused.message.length < 20_000, `${refused?.message.length} characters`);
});

test('a shape without constraints, and none at all', () => {
  assert.equal(refusalOf(compileValidator(model({ In: { type: 'structure' } }), 'In'), {}), undefined);
  assert.equal(refusalOf(compileValidator(model({}), undefined), { a: 1 }), undefined);
});
