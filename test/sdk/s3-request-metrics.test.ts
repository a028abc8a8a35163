/** Request metrics: configurations, and what the operator's port shows of the requests that they select. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DeleteBucketMetricsConfigurationCommand,
  GetBucketMetricsConfigurationCommand,
  GetObjectCommand,
  ListBucketMetricsConfigurationsCommand,
  ListObjectsV2Command,
  type MetricsConfiguration,
  PutBucketMetricsConfigurationCommand,
} from '@aws-sdk/client-s3';
import { CreateAccessPointCommand } from '@aws-sdk/client-s3-control';
import { Bucket, type InTime, inTime } from '#test/sdk/s3-in-time.ts';
import { controlClient } from '#test/sdk/s3control.ts';
import { until } from '#test/until.ts';

const configure = ({ s3 }: InTime, MetricsConfiguration: MetricsConfiguration) =>
  s3.send(new PutBucketMetricsConfigurationCommand({ Bucket, Id: MetricsConfiguration.Id, MetricsConfiguration }));

/** Metric -> sum, of one configuration. */
async function counted({ c }: InTime, id: string): Promise<Record<string, number>> {
  const url = `http://127.0.0.1:${c.running.adminPort}/metrics`;
  const text = await (await fetch(url, { headers: { authorization: 'Bearer test' } })).text();
  const form = new RegExp(
    `^makonis_s3_request_metrics_total\\{.*bucket="${Bucket}",filter="${id}",metric="(\\w+)"\\} (\\d+)`,
  );
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, metric, sum] = form.exec(line) ?? [];
      return metric === undefined || sum === '0' ? [] : [[metric, Number(sum)]];
    }),
  );
}

test('configurations are kept, shown, listed and deleted', async (t) => {
  const in1 = await inTime(t);
  const { s3 } = in1;
  const get = (Id: string) => s3.send(new GetBucketMetricsConfigurationCommand({ Bucket, Id }));
  const tag = { Key: 'a', Value: 'b' };
  await configure(in1, { Id: 'both', Filter: { And: { Prefix: 'x/', Tags: [tag] } } });
  await configure(in1, { Id: 'all' });
  assert.deepEqual((await get('both')).MetricsConfiguration?.Filter, { And: { Prefix: 'x/', Tags: [tag] } });
  const listed = await s3.send(new ListBucketMetricsConfigurationsCommand({ Bucket }));
  assert.deepEqual(
    listed.MetricsConfigurationList?.map(({ Id }) => Id),
    ['all', 'both'],
  );
  await assert.rejects(configure(in1, { Id: 'x', Filter: { And: { Prefix: 'x/' } } } as MetricsConfiguration), {
    name: 'MalformedXML',
  });
  const twice = { And: { Tags: [tag, tag] } };
  await assert.rejects(configure(in1, { Id: 'x', Filter: twice }), { name: 'InvalidTag' });
  await assert.rejects(configure(in1, { Id: 'x', Filter: { AccessPointArn: 'an-alias' } }), {
    name: 'InvalidArgument',
  });
  await s3.send(new DeleteBucketMetricsConfigurationCommand({ Bucket, Id: 'both' }));
  await assert.rejects(get('both'), { name: 'NoSuchConfiguration' });
});

test('requests are counted by the filters that select them', async (t) => {
  const in1 = await inTime(t);
  const { s3, put } = in1;
  await put(s3, 'before', 1);
  await configure(in1, { Id: 'all' });
  await configure(in1, { Id: 'logs', Filter: { Prefix: 'logs/' } });
  await configure(in1, { Id: 'tagged', Filter: { Tag: { Key: 'team', Value: 'red' } } });
  await put(s3, 'logs/1', 1000);
  await put(s3, 'other', 10, { Tagging: 'team=red' });
  const read = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    await Body?.transformToByteArray();
  };
  await read('logs/1');
  await read('other');
  await assert.rejects(read('logs/none'), { name: 'NoSuchKey' });
  await s3.send(new ListObjectsV2Command({ Bucket }));
  await until(async () => (await counted(in1, 'all'))['ListRequests'] === 1, 'all is counted');
  const { FirstByteLatency: _, BytesDownloaded, ...all } = await counted(in1, 'all');
  // The uploads of this client are framed by their check sums.
  const { BytesUploaded = 0, ...requests } = all;
  assert.deepEqual(requests, { AllRequests: 6, PutRequests: 2, GetRequests: 3, ListRequests: 1, '4xxErrors': 1 });
  assert.ok(BytesUploaded >= 1010 && (BytesDownloaded ?? 0) > 1010);
  const logs = await counted(in1, 'logs');
  assert.deepEqual([logs['AllRequests'], logs['GetRequests'], logs['4xxErrors']], [3, 2, 1]);
  const tagged = await counted(in1, 'tagged');
  assert.deepEqual([tagged['AllRequests'], tagged['PutRequests'], tagged['BytesDownloaded']], [2, 1, 10]);
});

test('requests through an access point are counted by its filter', async (t) => {
  const in1 = await inTime(t);
  const { c, s3, put } = in1;
  const made = new CreateAccessPointCommand({ AccountId: c.account, Name: 'door', Bucket });
  const { AccessPointArn = '', Alias = '' } = await controlClient(c).send(made);
  await configure(in1, { Id: 'through', Filter: { AccessPointArn } });
  await put(s3, 'key', 1);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: Alias, Key: 'key' }));
  await Body?.transformToByteArray();
  await until(async () => (await counted(in1, 'through'))['GetRequests'] === 1, 'the request is counted');
  assert.equal((await counted(in1, 'through'))['AllRequests'], 1);
});
