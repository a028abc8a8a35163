/** Trails and their settings: every operation, and each refusal in CloudTrail's words. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AddTagsCommand,
  type AdvancedFieldSelector,
  CloudTrailClient,
  CreateTrailCommand,
  type CreateTrailCommandInput,
  DeleteTrailCommand,
  DeregisterOrganizationDelegatedAdminCommand,
  DescribeTrailsCommand,
  type EventSelector,
  GetEventSelectorsCommand,
  GetInsightSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  ListTagsCommand,
  ListTrailsCommand,
  PutEventSelectorsCommand,
  PutInsightSelectorsCommand,
  RegisterOrganizationDelegatedAdminCommand,
  RemoveTagsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  type Tag,
  UpdateTrailCommand,
  type UpdateTrailCommandInput,
} from '@aws-sdk/client-cloudtrail';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { seconds } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { testBucket } from '#test/sdk/log-bucket.ts';
import { newUser } from '#test/sdk/people.ts';

async function start(t: TestContext) {
  const c = await cloud(t, { logBucket: testBucket() });
  const client = c.client(CloudTrailClient);
  const create = (input: Partial<CreateTrailCommandInput> = {}) =>
    client.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs-of-all', ...input }));
  return { c, client, create, arn: `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit` };
}

test('a trail is made, described, changed and deleted', async (t) => {
  const { c, client, create, arn } = await start(t);
  const made = await create({ S3KeyPrefix: 'all', EnableLogFileValidation: true });
  const settings = {
    Name: 'audit',
    S3BucketName: 'logs-of-all',
    S3KeyPrefix: 'all',
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: false,
    TrailARN: arn,
    LogFileValidationEnabled: true,
    IsOrganizationTrail: false,
  };
  assert.deepEqual({ ...made, $metadata: 0 }, { ...settings, $metadata: 0 });
  const whole = { ...settings, HomeRegion: 'us-east-1', HasCustomEventSelectors: false, HasInsightSelectors: false };
  assert.deepEqual((await client.send(new GetTrailCommand({ Name: arn }))).Trail, whole);
  assert.deepEqual((await client.send(new DescribeTrailsCommand({}))).trailList, [whole]);
  assert.deepEqual((await client.send(new DescribeTrailsCommand({ trailNameList: ['audit', 'other'] }))).trailList, [
    whole,
  ]);
  const { Trails } = await client.send(new ListTrailsCommand({}));
  assert.deepEqual(Trails, [{ TrailARN: arn, Name: 'audit', HomeRegion: 'us-east-1' }]);

  const changed = await client.send(
    new UpdateTrailCommand({ Name: 'audit', S3BucketName: 'other-logs', IsMultiRegionTrail: true, S3KeyPrefix: '' }),
  );
  assert.equal(changed.S3BucketName, 'other-logs');
  assert.equal(changed.IsMultiRegionTrail, true);
  assert.equal(changed.LogFileValidationEnabled, true);
  await client.send(new DeleteTrailCommand({ Name: arn }));
  await assert.rejects(client.send(new GetTrailCommand({ Name: 'audit' })), { name: 'TrailNotFoundException' });
  assert.deepEqual((await client.send(new ListTrailsCommand({}))).Trails, []);
  const again = await c.restart();
  assert.deepEqual((await again.client(CloudTrailClient).send(new ListTrailsCommand({}))).Trails, []);
});

test('what is wrong with a trail is said in CloudTrail’s words', async (t) => {
  const { client, create } = await start(t);
  for (const Name of ['ab', 'my-_trail', '192.168.5.4', 'trail-']) {
    await assert.rejects(create({ Name }), { name: 'InvalidTrailNameException' }, Name);
  }
  const settings: [Omit<UpdateTrailCommandInput, 'Name'>, string][] = [
    ...['No', 'a_b', 'a..b', 'a-.b', 'a.b-', '192.168.1.1', 'x'.repeat(64)].map(
      (S3BucketName): (typeof settings)[number] => [{ S3BucketName }, 'InvalidS3BucketNameException'],
    ),
    [{ S3BucketName: 'missing' }, 'S3BucketDoesNotExistException'],
    [{ S3BucketName: 'closed' }, 'InsufficientS3BucketPolicyException'],
    [{ S3KeyPrefix: 'x'.repeat(201) }, 'InvalidS3PrefixException'],
    [{ SnsTopicName: 'topic' }, 'InvalidSnsTopicNameException'],
    [{ KmsKeyId: 'no key' }, 'InvalidKmsKeyIdException'],
    [{ KmsKeyId: 'alias/none' }, 'KmsKeyNotFoundException'],
    [{ CloudWatchLogsLogGroupArn: 'arn:aws:logs:x' }, 'InvalidCloudWatchLogsLogGroupArnException'],
    [{ CloudWatchLogsRoleArn: 'arn:aws:iam::x' }, 'InvalidParameterCombinationException'],
    [{ IsMultiRegionTrail: true, IncludeGlobalServiceEvents: false }, 'InvalidParameterCombinationException'],
    [{ IsOrganizationTrail: true }, 'OrganizationsNotInUseException'],
  ];
  for (const [input, name] of settings) await assert.rejects(create(input), { name }, JSON.stringify(input));
  const tags: [Tag[], string][] = [
    [[{ Key: 'a' }, { Key: 'a' }], 'InvalidTagParameterException'],
    [[{ Key: 'aws:a' }], 'InvalidTagParameterException'],
    [Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}` })), 'TagsLimitExceededException'],
  ];
  for (const [TagsList, name] of tags) await assert.rejects(create({ TagsList }), { name });
  await create();
  for (const [input, name] of settings) {
    await assert.rejects(
      client.send(new UpdateTrailCommand({ Name: 'audit', ...input })),
      { name },
      JSON.stringify(input),
    );
  }
  await assert.rejects(create(), { name: 'TrailAlreadyExistsException' });
  for (let n = 1; n < 5; n++) await create({ Name: `trail${n}` });
  await assert.rejects(create({ Name: 'trail5' }), { name: 'MaximumNumberOfTrailsExceededException' });
});

test('without S3 there is no bucket', async (t) => {
  const c = await cloud(t);
  const made = c.client(CloudTrailClient).send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs' }));
  await assert.rejects(made, { name: 'S3BucketDoesNotExistException' });
});

test('a trail for all regions is seen in each, and changed at home only', async (t) => {
  const { c, create, arn } = await start(t);
  await create({ IsMultiRegionTrail: true });
  const europe = c.client(CloudTrailClient, { region: 'eu-west-1' });
  const [shadow] = (await europe.send(new DescribeTrailsCommand({}))).trailList ?? [];
  assert.equal(shadow?.HomeRegion, 'us-east-1');
  assert.deepEqual((await europe.send(new DescribeTrailsCommand({ includeShadowTrails: false }))).trailList, []);
  assert.equal((await europe.send(new GetTrailStatusCommand({ Name: arn }))).IsLogging, false);
  for (const command of [
    new StartLoggingCommand({ Name: arn }),
    new UpdateTrailCommand({ Name: arn }),
    new PutEventSelectorsCommand({ TrailName: arn, EventSelectors: [{}] }),
  ]) {
    await assert.rejects(europe.send(command as StartLoggingCommand), { name: 'InvalidHomeRegionException' });
  }
  await assert.rejects(europe.send(new DeleteTrailCommand({ Name: 'audit' })), { name: 'InvalidHomeRegionException' });
  await assert.rejects(europe.send(new CreateTrailCommand({ Name: 'audit', S3BucketName: 'logs' })), {
    name: 'TrailAlreadyExistsException',
  });
});

test('logging is started and stopped, and the status tells when', async (t) => {
  const { c, client, create } = await start(t);
  await create();
  const status = () => client.send(new GetTrailStatusCommand({ Name: 'audit' }));
  assert.deepEqual([(await status()).IsLogging, (await status()).StartLoggingTime], [false, undefined]);
  const before = c.clock.now();
  await client.send(new StartLoggingCommand({ Name: 'audit' }));
  const { IsLogging, StartLoggingTime } = await status();
  assert.equal(IsLogging, true);
  assert.ok(StartLoggingTime !== undefined && StartLoggingTime.getTime() >= before);
  c.advance(seconds(10));
  await client.send(new StopLoggingCommand({ Name: 'audit' }));
  const stopped = await status();
  assert.equal(stopped.IsLogging, false);
  assert.ok((stopped.StopLoggingTime?.getTime() ?? 0) >= before + seconds(10));
  for (const Name of ['nowhere', `arn:aws:cloudtrail:us-east-1:${c.account}:trail/nowhere`]) {
    await assert.rejects(client.send(new StartLoggingCommand({ Name })), { name: 'TrailNotFoundException' });
  }
  for (const Name of [
    `arn:aws:sqs:us-east-1:${c.account}:audit`,
    `arn:aws:cloudtrail:us-east-1:${c.account}:channel/x`,
  ]) {
    await assert.rejects(client.send(new GetTrailStatusCommand({ Name })), { name: 'CloudTrailARNInvalidException' });
  }
});

test('event selectors are checked, kept and given back', async (t) => {
  const { client, create, arn } = await start(t);
  await create();
  const byDefault = await client.send(new GetEventSelectorsCommand({ TrailName: 'audit' }));
  const basic = {
    ReadWriteType: 'All',
    IncludeManagementEvents: true,
    DataResources: [],
    ExcludeManagementEventSources: [],
  };
  assert.deepEqual(byDefault.EventSelectors, [basic]);
  const put = (input: object) => client.send(new PutEventSelectorsCommand({ TrailName: 'audit', ...input }));
  const queues = {
    Name: 'messages',
    FieldSelectors: [
      { Field: 'eventCategory', Equals: ['Data'] },
      { Field: 'resources.type', Equals: ['AWS::SQS::Queue'] },
      { Field: 'eventName', NotStartsWith: ['Receive'] },
    ],
  };
  const answer = await put({ AdvancedEventSelectors: [queues] });
  assert.deepEqual([answer.TrailARN, answer.AdvancedEventSelectors, answer.EventSelectors], [arn, [queues], undefined]);
  const { Trail } = await client.send(new GetTrailCommand({ Name: 'audit' }));
  assert.equal(Trail?.HasCustomEventSelectors, true);
  const kms = { ReadWriteType: 'WriteOnly', ExcludeManagementEventSources: ['kms.amazonaws.com'] };
  assert.deepEqual((await put({ EventSelectors: [kms] })).EventSelectors, [{ ...basic, ...kms }]);

  const fields = (...FieldSelectors: object[]) => ({ AdvancedEventSelectors: [{ FieldSelectors }] });
  const data = { Field: 'eventCategory', Equals: ['Data'] };
  const type = { Field: 'resources.type', Equals: ['AWS::SQS::Queue'] };
  const wrong: object[] = [
    {},
    { EventSelectors: [{}], AdvancedEventSelectors: [queues] },
    { EventSelectors: [] },
    { EventSelectors: [{}, {}, {}, {}, {}, {}] },
    { EventSelectors: [{ DataResources: [{ Type: 'AWS::SQS::Queue', Values: ['arn:aws:sqs'] }] }] },
    { EventSelectors: [{ DataResources: [{ Type: 'AWS::S3::Object', Values: ['bucket'] }] }] },
    { EventSelectors: [{ ExcludeManagementEventSources: ['sqs.amazonaws.com'] }] },
    fields({ Field: 'eventCategory', Equals: ['Other'] }),
    fields({ Field: 'eventName', Equals: ['CreateQueue'] }),
    fields(data),
    fields(data, type, type),
    fields(data, { Field: 'resources.type', Equals: ['queue'] }),
    fields(data, { Field: 'resources.type', StartsWith: ['AWS::SQS'] }),
    fields(data, type, { Field: 'vpcEndpointId', Equals: ['vpce-1'] }),
    fields(data, type, { Field: 'eventName' }),
    fields(data, type, { Field: 'readOnly', Equals: ['maybe'] }),
    fields(data, type, { Field: 'resources.ARN', Equals: Array.from({ length: 500 }, (_, n) => `arn:${n}`) }),
  ];
  for (const input of wrong) {
    await assert.rejects(put(input), { name: 'InvalidEventSelectorsException' }, JSON.stringify(input).slice(0, 200));
  }
});

test('insight selectors are checked, kept and given back', async (t) => {
  const { client, create, arn } = await start(t);
  await create();
  const get = () => client.send(new GetInsightSelectorsCommand({ TrailName: 'audit' }));
  await assert.rejects(get(), { name: 'InsightNotEnabledException' });
  const put = (InsightSelectors: object[]) =>
    client.send(new PutInsightSelectorsCommand({ TrailName: 'audit', InsightSelectors }));
  await put([{ InsightType: 'ApiCallRateInsight' }, { InsightType: 'ApiErrorRateInsight' }]);
  const { TrailARN, InsightSelectors } = await get();
  assert.equal(TrailARN, arn);
  assert.deepEqual(
    InsightSelectors?.map(({ InsightType }) => InsightType),
    ['ApiCallRateInsight', 'ApiErrorRateInsight'],
  );
  for (const wrong of [
    [{}],
    // The trail logs no data events.
    [{ InsightType: 'ApiCallRateInsight', EventCategories: ['Data'] }],
    [{ InsightType: 'ApiCallRateInsight' }, { InsightType: 'ApiCallRateInsight' }],
  ]) {
    await assert.rejects(put(wrong), { name: 'InvalidInsightSelectorsException' });
  }
  // "The trail must log write management events", for the rate of errors "read or write".
  const only = (EventSelectors: EventSelector[]) =>
    client.send(new PutEventSelectorsCommand({ TrailName: 'audit', EventSelectors }));
  const [calls, errors] = [[{ InsightType: 'ApiCallRateInsight' }], [{ InsightType: 'ApiErrorRateInsight' }]];
  await only([{ ReadWriteType: 'ReadOnly' }]);
  await assert.rejects(put(calls), { name: 'InvalidInsightSelectorsException' });
  await put(errors);
  const DataResources = [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::'] }];
  await only([{ IncludeManagementEvents: false, DataResources }]);
  await assert.rejects(put(errors), { name: 'InvalidInsightSelectorsException' });
  const advanced = (...FieldSelectors: AdvancedFieldSelector[]) =>
    client.send(new PutEventSelectorsCommand({ TrailName: 'audit', AdvancedEventSelectors: [{ FieldSelectors }] }));
  const management = { Field: 'eventCategory', Equals: ['Management'] };
  await advanced(management, { Field: 'readOnly', Equals: ['true'] });
  await assert.rejects(put(calls), { name: 'InvalidInsightSelectorsException' });
  await put(errors);
  await advanced(management);
  await put(calls);
  const store = new GetInsightSelectorsCommand({ EventDataStore: 'store' });
  await assert.rejects(client.send(store), { name: 'UnsupportedOperationException' });
  await assert.rejects(client.send(new GetInsightSelectorsCommand({})), {
    name: 'InvalidParameterCombinationException',
  });
  await put([]);
  await assert.rejects(get(), { name: 'InsightNotEnabledException' });
});

test('tags are set, listed, found by the tagging API and removed', async (t) => {
  const { c, client, create, arn } = await start(t);
  await create({ TagsList: [{ Key: 'team', Value: 'blue' }] });
  await client.send(new AddTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'plain' }] }));
  const list = (...ResourceIdList: string[]) => client.send(new ListTagsCommand({ ResourceIdList }));
  assert.deepEqual((await list(arn)).ResourceTagList, [
    { ResourceId: arn, TagsList: [{ Key: 'plain' }, { Key: 'team', Value: 'blue' }] },
  ]);
  const found = await c.client(ResourceGroupsTaggingAPIClient).send(new GetResourcesCommand({}));
  assert.deepEqual(
    found.ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN),
    [arn],
  );
  await client.send(new RemoveTagsCommand({ ResourceId: arn, TagsList: [{ Key: 'team' }, { Key: 'plain' }] }));
  assert.deepEqual((await list(arn)).ResourceTagList?.[0]?.TagsList, []);
  await assert.rejects(list('audit'), { name: 'CloudTrailARNInvalidException' });
  await assert.rejects(list(`${arn}2`), { name: 'ResourceNotFoundException' });
  await assert.rejects(list(arn.replace('trail/audit', 'channel/1')), { name: 'ResourceTypeNotSupportedException' });
});

test('who has no permission is refused, and a policy on the trail’s ARN allows', async (t) => {
  const { c, client, create, arn } = await start(t);
  await create();
  const { credentials, allow } = await newUser(c, 'bob');
  const bob = c.client(CloudTrailClient, { credentials });
  await assert.rejects(bob.send(new StopLoggingCommand({ Name: 'audit' })), { name: /AccessDenied/ });
  await allow({ Effect: 'Allow', Action: 'cloudtrail:StopLogging', Resource: arn });
  await bob.send(new StopLoggingCommand({ Name: 'audit' }));
  await assert.rejects(bob.send(new DeleteTrailCommand({ Name: 'audit' })), { name: /AccessDenied/ });
  assert.equal((await client.send(new GetTrailCommand({ Name: 'audit' }))).Trail?.Name, 'audit');
});

test('without an organization nobody is made its administrator', async (t) => {
  const { client } = await start(t);
  const name = 'OrganizationsNotInUseException';
  const register = new RegisterOrganizationDelegatedAdminCommand({ MemberAccountId: '210987654321' });
  await assert.rejects(client.send(register), { name });
  const remove = new DeregisterOrganizationDelegatedAdminCommand({ DelegatedAdminAccountId: '210987654321' });
  await assert.rejects(client.send(remove), { name });
});

test('who has no permission is told nothing, not even of nothing', async (t) => {
  const { c } = await start(t);
  const { credentials } = await newUser(c, 'nobody');
  const ask = c.client(CloudTrailClient, { credentials }).send(new ListTagsCommand({ ResourceIdList: [] }));
  await assert.rejects(ask, { name: 'AccessDeniedException' });
});
