/**
 * The errors that CloudTrail's operations have in common, of every operation that can have them (tools/met-errors says which there
 * are). What is wrong with the settings of a trail is in cloudtrail-trails.test.ts.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as CloudTrail from '@aws-sdk/client-cloudtrail';
import { cloud } from '#test/sdk/cloud.ts';
import { testBucket } from '#test/sdk/log-bucket.ts';

/** Operations on a trail: the member that names it, and what they need besides. */
const READ: Readonly<Record<string, readonly [member: string, rest?: object]>> = {
  GetTrail: ['Name'],
  GetTrailStatus: ['Name'],
  GetEventSelectors: ['TrailName'],
  GetInsightSelectors: ['TrailName'],
  GetEventConfiguration: ['TrailName'],
};
const CHANGE: typeof READ = {
  UpdateTrail: ['Name'],
  DeleteTrail: ['Name'],
  StartLogging: ['Name'],
  StopLogging: ['Name'],
  PutEventSelectors: ['TrailName', { EventSelectors: [{}] }],
  PutEventConfiguration: ['TrailName', { AggregationConfigurations: [] }],
  PutInsightSelectors: ['TrailName', { InsightSelectors: [{ InsightType: 'ApiCallRateInsight' }] }],
};

async function start(t: TestContext) {
  const bucket = testBucket();
  const c = await cloud(t, { logBucket: bucket });
  // Commands by name: what their inputs need, the tables say.
  const commands = CloudTrail as unknown as Record<string, new (input: object) => CloudTrail.GetTrailCommand>;
  const sendTo = (client: CloudTrail.CloudTrailClient) => async (operation: string, input: object) => {
    const Command = commands[`${operation}Command`];
    assert.ok(Command, operation);
    return await client.send(new Command(input));
  };
  const send = sendTo(c.client(CloudTrail.CloudTrailClient));
  await send('CreateTrail', { Name: 'audit', S3BucketName: 'logs', IsMultiRegionTrail: true });
  const arn = `arn:aws:cloudtrail:us-east-1:${c.account}:trail/audit`;
  const abroad = sendTo(c.client(CloudTrail.CloudTrailClient, { region: 'eu-west-1' }));
  const refused = (name: string, operation: string, input: object, by = send) =>
    assert.rejects(by(operation, input), { name }, `${operation} ${JSON.stringify(input).slice(0, 200)}`);
  /** Each of the operations, on a trail that is named so. */
  const refusedOn = async (name: string, operations: typeof READ, trail: string, by = send): Promise<void> => {
    for (const [operation, [member, rest]] of Object.entries(operations)) {
      await refused(name, operation, { ...rest, [member]: trail }, by);
    }
  };
  return { bucket, arn, send, abroad, refused, refusedOn };
}

test('names that are no trail’s, trails that are not there, and trails of another region', async (t) => {
  const { arn, abroad, refused, refusedOn } = await start(t);
  const all = { ...READ, ...CHANGE };
  for (const name of ['-', arn.replace('audit', '-')]) await refusedOn('InvalidTrailNameException', all, name);
  await refusedOn('CloudTrailARNInvalidException', all, arn.replace('trail/', 'channel/'));
  await refusedOn('TrailNotFoundException', all, 'nothing');
  await refusedOn('TrailNotFoundException', all, arn.replace('us-east-1', 'eu-west-1'));
  await refusedOn('InvalidHomeRegionException', CHANGE, arn, abroad);
  await refused('InvalidTrailNameException', 'DescribeTrails', { trailNameList: ['audit', '-'] });
  await refused('CloudTrailARNInvalidException', 'DescribeTrails', { trailNameList: ['arn:aws:sqs:::x'] });
  const metric = { EventSource: 'sqs.amazonaws.com', EventName: 'CreateQueue', InsightType: 'ApiCallRateInsight' };
  await refused('InvalidTrailNameException', 'ListInsightsMetricData', { ...metric, TrailName: '-' });
  for (const operation of [
    'GetInsightSelectors',
    'PutInsightSelectors',
    'GetEventConfiguration',
    'PutEventConfiguration',
  ]) {
    const InsightSelectors: object[] = [];
    await refused('InvalidParameterCombinationException', operation, { InsightSelectors });
    await refused('UnsupportedOperationException', operation, { InsightSelectors, EventDataStore: 'store' });
  }
});

test('tags of what is not there, and tags that can’t be', async (t) => {
  const { arn, refused } = await start(t);
  const operations: Record<string, (arn: string) => object> = {
    AddTags: (ResourceId) => ({ ResourceId, TagsList: [{ Key: 'a' }] }),
    RemoveTags: (ResourceId) => ({ ResourceId, TagsList: [{ Key: 'a' }] }),
    ListTags: (ResourceId) => ({ ResourceIdList: [ResourceId] }),
  };
  for (const [operation, inputFor] of Object.entries(operations)) {
    await refused('CloudTrailARNInvalidException', operation, inputFor('audit'));
    await refused('ResourceTypeNotSupportedException', operation, inputFor(arn.replace('trail/', 'channel/')));
    await refused('InvalidTrailNameException', operation, inputFor(arn.replace('audit', '-')));
    await refused('ResourceNotFoundException', operation, inputFor(arn.replace('audit', 'nothing')));
  }
  const twice = { ResourceId: arn, TagsList: [{ Key: 'a' }, { Key: 'a', Value: 'b' }] };
  for (const operation of ['AddTags', 'RemoveTags']) await refused('InvalidTagParameterException', operation, twice);
  const many = Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}` }));
  await refused('TagsLimitExceededException', 'AddTags', { ResourceId: arn, TagsList: many });
});

test('insights are delivered into a folder of their own, and the bucket is tried for it', async (t) => {
  const { bucket, send, refused } = await start(t);
  const InsightSelectors = [{ InsightType: 'ApiErrorRateInsight' }];
  for (const [code, name] of [
    ['NoSuchBucket', 'S3BucketDoesNotExistException'],
    ['AccessDenied', 'InsufficientS3BucketPolicyException'],
  ] as const) {
    bucket.error = code;
    await refused(name, 'PutInsightSelectors', { TrailName: 'audit', InsightSelectors });
    await refused('InsightNotEnabledException', 'GetInsightSelectors', { TrailName: 'audit' });
  }
  // Nothing will be delivered for none.
  await send('PutInsightSelectors', { TrailName: 'audit', InsightSelectors: [] });
  bucket.error = undefined;
  await send('PutInsightSelectors', { TrailName: 'audit', InsightSelectors });
  assert.ok([...bucket.objects.keys()].some((key) => /^AWSLogs\/\d+\/CloudTrail-Insight\/$/.test(key)));
});
