/** Storage class analysis: configurations, and the file that is exported each day. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnalyticsConfiguration,
  DeleteBucketAnalyticsConfigurationCommand,
  GetBucketAnalyticsConfigurationCommand,
  GetObjectCommand,
  ListBucketAnalyticsConfigurationsCommand,
  PutBucketAnalyticsConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { days } from '#platform/base/clock.ts';
import { Bucket, bytesOf, inTime, letReportsIn, Reports } from '#test/sdk/s3-in-time.ts';
import { until } from '#test/until.ts';

const analysis = (Id: string, more: Partial<AnalyticsConfiguration> = {}): AnalyticsConfiguration => ({
  Id,
  StorageClassAnalysis: {
    DataExport: {
      OutputSchemaVersion: 'V_1',
      Destination: { S3BucketDestination: { Format: 'CSV', Bucket: `arn:aws:s3:::${Reports}`, Prefix: 'analyses' } },
    },
  },
  ...more,
});

const configure = (s3: S3Client, AnalyticsConfiguration: AnalyticsConfiguration) =>
  s3.send(
    new PutBucketAnalyticsConfigurationCommand({ Bucket, Id: AnalyticsConfiguration.Id, AnalyticsConfiguration }),
  );

test('configurations are kept, shown, listed and deleted', async (t) => {
  const { s3 } = await inTime(t);
  const get = (Id: string) => s3.send(new GetBucketAnalyticsConfigurationCommand({ Bucket, Id }));
  await configure(s3, analysis('one', { Filter: { Prefix: 'x/' } }));
  await configure(s3, analysis('plain', { StorageClassAnalysis: {} }));
  assert.deepEqual((await get('one')).AnalyticsConfiguration, analysis('one', { Filter: { Prefix: 'x/' } }));
  const listed = await s3.send(new ListBucketAnalyticsConfigurationsCommand({ Bucket }));
  assert.deepEqual(
    listed.AnalyticsConfigurationList?.map(({ Id }) => Id),
    ['one', 'plain'],
  );
  await s3.send(new DeleteBucketAnalyticsConfigurationCommand({ Bucket, Id: 'one' }));
  await assert.rejects(get('one'), { name: 'NoSuchConfiguration' });
  const elsewhere = analysis('two');
  const destination = elsewhere.StorageClassAnalysis?.DataExport?.Destination?.S3BucketDestination;
  if (destination) destination.Bucket = 'arn:aws:s3:::nobody-has-this';
  await assert.rejects(configure(s3, elsewhere), { name: 'InvalidS3DestinationBucket' });
});

interface Line {
  readonly [column: string]: string;
}

async function linesOf(client: S3Client, id: string): Promise<Line[]> {
  const [header = '', ...lines] = (await bytesOf(client, `analyses/${Bucket}/${id}.csv`)).toString().trim().split('\n');
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, index) => [names[index] ?? '', value])));
}

test('each day adds what was stored and read, by age', async (t) => {
  const { c, s3, afterReports, put, usage } = await inTime(t);
  await letReportsIn(s3, c.account);
  await configure(s3, analysis('daily', { Filter: { Prefix: 'in/' } }));
  const megabyte = 1024 * 1024;
  await put(s3, 'in/large', 2 * megabyte);
  await put(s3, 'in/small', 1000);
  await put(s3, 'in/cold', megabyte, { StorageClass: 'STANDARD_IA' });
  await put(s3, 'out', megabyte);
  const read = async (client: S3Client, Key: string, Range?: string) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    await Body?.transformToByteArray();
  };
  await read(s3, 'in/large');
  await read(s3, 'in/large', `bytes=0-${megabyte - 1}`);
  await read(s3, 'in/small');
  await read(s3, 'out');
  const second = await afterReports(days(1));
  await until(
    () =>
      linesOf(second, 'daily').then(
        (lines) => lines.length > 0,
        () => false,
      ),
    'the first export',
  );
  const lines = await linesOf(second, 'daily');
  assert.deepEqual(
    lines.map((line) => [
      line['StorageClass'],
      line['ObjectAge'],
      line['ObjectCount'],
      line['DataUploaded_MB'],
      line['Storage_MB'],
      line['DataRetrieved_MB'],
      line['GetRequestCount'],
      line['Filter'],
    ]),
    [
      ['STANDARD', '000-014', '', '', '2', '3', '2', 'prefix=in/'],
      ['STANDARD', 'ALL', '2', '2.001', '2.001', '3.001', '3', 'prefix=in/'],
      ['STANDARD_IA', '000-014', '', '', '1', '0', '0', 'prefix=in/'],
      ['STANDARD_IA', 'ALL', '1', '1', '1', '0', '0', 'prefix=in/'],
    ],
  );
  assert.match(lines[0]?.['Date'] ?? '', /^\d\d-\d\d-\d{4}$/);
  assert.deepEqual(usage('StorageAnalytics-ObjCount'), { 'StorageAnalytics-ObjCount': 3 });

  let last = second;
  for (let day = 0; day < 16; day++) last = await afterReports(days(1));
  const ages = async () => (await linesOf(last, 'daily')).map((line) => line['ObjectAge']);
  await until(async () => (await ages()).includes('015-029'), 'the objects are older');
  const standard = (await linesOf(last, 'daily')).filter((line) => line['StorageClass'] === 'STANDARD');
  assert.deepEqual(
    [...new Set(standard.map((line) => line['ObjectAge']))],
    ['000-014', '015-029', 'ALL'],
    'sorted by age, the totals at the end',
  );
  await last.send(new DeleteBucketAnalyticsConfigurationCommand({ Bucket, Id: 'daily' }));
});
