import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdvancedFieldSelector, EventSelector } from '#platform/model/generated/cloudtrail.ts';
import { compileSelectors, type SelectableEvent } from './match.ts';

const queue = 'arn:aws:sqs:us-east-1:123456789012:orders';
const event = (over: Partial<SelectableEvent> = {}): SelectableEvent => ({
  category: 'Data',
  source: 'sqs.amazonaws.com',
  name: 'SendMessage',
  type: 'AwsApiCall',
  isReadOnly: false,
  userArn: 'arn:aws:iam::123456789012:user/alice',
  isFromConsole: false,
  resources: [{ ARN: queue, type: 'AWS::SQS::Queue' }],
  ...over,
});
const advanced = (...fields: AdvancedFieldSelector[]) => compileSelectors({ advanced: [{ FieldSelectors: fields }] });
const basic = (selector: EventSelector) => compileSelectors({ basic: [selector] });
const data: AdvancedFieldSelector = { Field: 'eventCategory', Equals: ['Data'] };

const ADVANCED: [field: AdvancedFieldSelector, matches: boolean][] = [
  [{ Field: 'resources.ARN', StartsWith: ['arn:aws:sqs'] }, true],
  [{ Field: 'resources.ARN', EndsWith: [':other'] }, false],
  [{ Field: 'resources.type', Equals: ['AWS::SQS::Queue'] }, true],
  [{ Field: 'resources.type', Equals: ['AWS::S3::Object'] }, false],
  [{ Field: 'readOnly', Equals: ['false'] }, true],
  [{ Field: 'readOnly', Equals: ['true'] }, false],
  [{ Field: 'eventName', NotEquals: ['ReceiveMessage'] }, true],
  [{ Field: 'eventName', NotEquals: ['ReceiveMessage', 'SendMessage'] }, false],
  [{ Field: 'eventName', NotStartsWith: ['Send'] }, false],
  [{ Field: 'eventName', NotEndsWith: ['Batch'] }, true],
  // What selects is joined by "or", what deselects by "and".
  [{ Field: 'eventName', Equals: ['ReceiveMessage'], StartsWith: ['Send'] }, true],
  [{ Field: 'eventName', StartsWith: ['Send'], NotEndsWith: ['Message'] }, false],
  [{ Field: 'eventType', Equals: ['AwsApiCall'] }, true],
  [{ Field: 'eventType', Equals: ['AwsServiceEvent'] }, false],
  [{ Field: 'userIdentity.arn', EndsWith: ['user/alice'] }, true],
  [{ Field: 'sessionCredentialFromConsole', Equals: ['true'] }, false],
];

test('advanced selectors hold when each field’s condition does', () => {
  for (const [field, matches] of ADVANCED) {
    assert.equal(advanced(data, field)(event()), matches, JSON.stringify(field));
    assert.equal(advanced({ ...data, Equals: ['Management'] }, field)(event()), false);
  }
});

test('basic selectors take reads, writes and sources, and data of named resources', () => {
  const call = event({ category: 'Management', name: 'CreateQueue' });
  const rows: [EventSelector, SelectableEvent, boolean][] = [
    [{}, call, true],
    [{ ReadWriteType: 'ReadOnly' }, call, false],
    [{ ReadWriteType: 'WriteOnly' }, call, true],
    [{ IncludeManagementEvents: false }, call, false],
    [{ ExcludeManagementEventSources: ['sqs.amazonaws.com'] }, call, false],
    [{}, event(), false],
  ];
  for (const [selector, about, matches] of rows)
    assert.equal(basic(selector)(about), matches, JSON.stringify(selector));
  const object = event({ resources: [{ ARN: 'arn:aws:s3:::bucket/key', type: 'AWS::S3::Object' }] });
  const values = (prefix: string) => basic({ DataResources: [{ Type: 'AWS::S3::Object', Values: [prefix] }] });
  assert.equal(values('arn:aws:s3:::bucket/')(object), true);
  assert.equal(values('arn:aws:s3:::other/')(object), false);
});
