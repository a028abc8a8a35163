import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  GetResourcesCommand,
  type GetResourcesCommandInput,
  GetTagKeysCommand,
  GetTagValuesCommand,
  paginateGetResources,
  ResourceGroupsTaggingAPIClient,
  TagResourcesCommand,
  UntagResourcesCommand,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { CreateQueueCommand, DeleteQueueCommand, ListQueueTagsCommand, SQSClient } from '@aws-sdk/client-sqs';
import { minutes, seconds } from '#platform/base/clock.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newAccount, newUser } from '#test/sdk/people.ts';

async function start(t: TestContext) {
  const c = await cloud(t);
  const sqs = c.client(SQSClient);
  const tagging = c.client(ResourceGroupsTaggingAPIClient);
  const arnOf = (name: string): string => `arn:aws:sqs:us-east-1:${c.account}:${name}`;
  return {
    c,
    sqs,
    tagging,
    arnOf,
    async queue(QueueName: string, tags: Record<string, string> = {}) {
      const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, tags }));
      return QueueUrl;
    },
    /** Names of the queues that a query finds. */
    async found(query: GetResourcesCommandInput): Promise<string[]> {
      const { ResourceTagMappingList: list = [] } = await tagging.send(new GetResourcesCommand(query));
      return list.map(({ ResourceARN = '' }) => ResourceARN.replace(/.*:/, ''));
    },
    tagsOf: async (QueueUrl: string) => (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags,
  };
}

test('resources are found by what they are tagged with', async (t) => {
  const { c, found, queue, arnOf, tagging, sqs } = await start(t);
  await queue('a', { team: 'blue', stage: 'test' });
  const b = await queue('b', { team: 'red' });
  await queue('c', { team: 'blue' });
  await queue('untagged');
  assert.deepEqual(await found({}), ['a', 'b', 'c']);
  assert.deepEqual(await found({ TagFilters: [{ Key: 'team', Values: ['blue'] }] }), ['a', 'c']);
  assert.deepEqual(await found({ TagFilters: [{ Key: 'team', Values: ['red', 'blue'] }, { Key: 'stage' }] }), ['a']);
  assert.deepEqual(await found({ TagFilters: [{ Key: 'team', Values: ['green'] }] }), []);
  assert.deepEqual(await found({ ResourceTypeFilters: ['sqs'] }), ['a', 'b', 'c']);
  assert.deepEqual(await found({ ResourceTypeFilters: ['sqs:queue'] }), ['a', 'b', 'c']);
  assert.deepEqual(await found({ ResourceTypeFilters: ['ec2:instance'] }), []);
  assert.deepEqual(await found({ ResourceARNList: [arnOf('b'), arnOf('untagged')] }), ['b']);
  const [first] = (await tagging.send(new GetResourcesCommand({}))).ResourceTagMappingList ?? [];
  assert.equal(first?.ResourceARN, arnOf('a'));
  assert.deepEqual(
    first.Tags?.toSorted((x, y) => ((x.Key ?? '') < (y.Key ?? '') ? -1 : 1)),
    [
      { Key: 'stage', Value: 'test' },
      { Key: 'team', Value: 'blue' },
    ],
  );
  assert.deepEqual((await tagging.send(new GetTagKeysCommand({}))).TagKeys, ['stage', 'team']);
  assert.deepEqual((await tagging.send(new GetTagValuesCommand({ Key: 'team' }))).TagValues, ['blue', 'red']);
  await sqs.send(new DeleteQueueCommand({ QueueUrl: b }));
  assert.deepEqual((await tagging.send(new GetTagValuesCommand({ Key: 'team' }))).TagValues, ['blue']);
  const ireland = c.client(ResourceGroupsTaggingAPIClient, { region: 'eu-west-1' });
  assert.deepEqual((await ireland.send(new GetResourcesCommand({}))).ResourceTagMappingList, []);
});

test('lists come in pages, and a token is good for its own list only', async (t) => {
  const { c, queue, tagging, found } = await start(t);
  const names = Array.from({ length: 25 }, (_, i) => `q${String(i).padStart(2, '0')}`);
  for (const name of names) await queue(name, { team: 'blue' });
  const pages: number[] = [];
  const walked: string[] = [];
  for await (const page of paginateGetResources({ client: tagging, pageSize: 10 }, { ResourceTypeFilters: ['sqs'] })) {
    pages.push(page.ResourceTagMappingList?.length ?? 0);
    walked.push(...(page.ResourceTagMappingList ?? []).map(({ ResourceARN = '' }) => ResourceARN.replace(/.*:/, '')));
  }
  assert.deepEqual(pages, [10, 10, 5]);
  assert.deepEqual(walked, names);
  c.advance(minutes(1));
  const { PaginationToken } = await tagging.send(new GetResourcesCommand({ ResourcesPerPage: 20 }));
  assert.equal((await found({ ResourcesPerPage: 20, PaginationToken })).length, 5);
  for (const query of [
    { ResourcesPerPage: 10, PaginationToken },
    { ResourcesPerPage: 20, PaginationToken: `${PaginationToken}x` },
    { ResourcesPerPage: 20, PaginationToken, TagFilters: [{ Key: 'team' }] },
  ]) {
    await assert.rejects(found(query), { name: 'PaginationTokenExpiredException' }, JSON.stringify(query));
  }
  for (const query of [
    { ResourcesPerPage: 101 },
    { TagsPerPage: 150 },
    { ResourceARNList: ['arn:aws:sqs:us-east-1:123456789012:a'], TagFilters: [{ Key: 'team' }] },
  ]) {
    await assert.rejects(found(query), { name: 'InvalidParameterException' }, JSON.stringify(query));
  }
});

test('tagging through the API is tagging by the service, each resource for itself', async (t) => {
  const { c, queue, arnOf, tagging, tagsOf } = await start(t);
  const QueueUrl = await queue('a', { team: 'blue' });
  const Tags = { stage: 'test' };
  const foreign = `arn:aws:sqs:us-east-1:210987654321:a`;
  const ResourceARNList = [arnOf('a'), arnOf('gone'), 'arn:aws:sqs:eu-west-1:123456789012:a', foreign];
  const { FailedResourcesMap } = await tagging.send(new TagResourcesCommand({ ResourceARNList, Tags }));
  assert.deepEqual(Object.keys(FailedResourcesMap ?? {}), ResourceARNList.slice(1));
  assert.equal(FailedResourcesMap?.[arnOf('gone')]?.StatusCode, 400);
  assert.equal(FailedResourcesMap[arnOf('gone')]?.ErrorCode, 'InvalidParameterException');
  assert.deepEqual(await tagsOf(QueueUrl), { team: 'blue', stage: 'test' });
  await newAccount(c, '210987654321');
  await tagging.send(new UntagResourcesCommand({ ResourceARNList: [arnOf('a')], TagKeys: ['team', 'none'] }));
  assert.deepEqual(await tagsOf(QueueUrl), { stage: 'test' });
  const reserved = { ResourceARNList: [arnOf('a')], Tags: { 'aws:x': 'y' } };
  const { FailedResourcesMap: refused } = await tagging.send(new TagResourcesCommand(reserved));
  assert.equal(refused?.[arnOf('a')]?.ErrorCode, 'InvalidParameterException');
  assert.deepEqual(await tagsOf(QueueUrl), { stage: 'test' });
});

test('tagging a queue needs both permissions: the API’s and the queue’s', async (t) => {
  const { c, queue, arnOf, tagsOf } = await start(t);
  const QueueUrl = await queue('a');
  const { credentials, allow } = await newUser(c, 'bob');
  const tagging = c.client(ResourceGroupsTaggingAPIClient, { credentials });
  const tag = () => tagging.send(new TagResourcesCommand({ ResourceARNList: [arnOf('a')], Tags: { team: 'blue' } }));
  await assert.rejects(tag(), { name: /^AccessDenied/ });
  const api = { Effect: 'Allow', Action: 'tag:*', Resource: '*' };
  await allow(api);
  const { FailedResourcesMap } = await tag();
  assert.match(FailedResourcesMap?.[arnOf('a')]?.ErrorMessage ?? '', /is not authorized to perform: sqs:TagQueue on/);
  assert.equal(FailedResourcesMap?.[arnOf('a')]?.StatusCode, 403);
  assert.equal(await tagsOf(QueueUrl), undefined);
  await allow(api, { Effect: 'Allow', Action: 'sqs:TagQueue', Resource: arnOf('a') });
  assert.deepEqual((await tag()).FailedResourcesMap, {});
  assert.deepEqual(await tagsOf(QueueUrl), { team: 'blue' });
  // Only by way of the tagging API.
  const Condition = { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'tagging.amazonaws.com' } };
  await allow(api, { Effect: 'Allow', Action: 'sqs:TagQueue', Resource: '*', Condition });
  c.advance(minutes(1));
  assert.deepEqual((await tag()).FailedResourcesMap, {});
});

test('tokens of no page, and calls beyond the rate', async (t) => {
  const { c, tagging, arnOf } = await start(t);
  const ResourceARNList = [arnOf('orders')];
  // Each is a command of this client.
  const send = (command: object) => tagging.send(command as GetTagKeysCommand);
  for (const command of [
    new GetTagKeysCommand({ PaginationToken: 'x' }),
    new GetTagValuesCommand({ Key: 'team', PaginationToken: 'x' }),
  ]) {
    await assert.rejects(send(command), { name: 'PaginationTokenExpiredException' });
  }
  const commands = () => [
    new GetResourcesCommand({}),
    new GetTagKeysCommand({}),
    new GetTagValuesCommand({ Key: 'team' }),
    new TagResourcesCommand({ ResourceARNList, Tags: { a: 'b' } }),
    new UntagResourcesCommand({ ResourceARNList, TagKeys: ['a'] }),
  ];
  for (const command of commands()) await send(command);
  // A rate counts time: where the clock goes back, the next call comes too early.
  c.advance(-seconds(30));
  for (const command of commands()) {
    await assert.rejects(send(command), { name: 'ThrottledException' }, command.constructor.name);
  }
});
