/** A bucket whose time a test moves, what is metered of it, and a queue that is told of it. */
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateBucketCommand,
  type Event,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { minutes } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { reports } from '#services/s3/reports/state.ts';
import { cloud, type TestCloudOptions } from '#test/sdk/cloud.ts';
import { eventsOf } from '#test/sdk/event-queue.ts';
import { PathStyleS3 } from '#test/sdk/path-style.ts';

export const Bucket = 'source-of-all';
export const Reports = 'the-reports';

export async function inTime(t: TestContext, options: TestCloudOptions = {}) {
  const c = await cloud(t, options);
  const fresh = (): S3Client => c.client(PathStyleS3);
  const place = { service: 's3', account: c.account as AccountId, region: 'us-east-1' as Region };
  const partition = () => c.running.cloud.store.partition(place);
  const s3 = fresh();
  for (const each of [Bucket, Reports]) await s3.send(new CreateBucketCommand({ Bucket: each }));
  return {
    c,
    s3,
    /** Idle connections are closed by a jump: a new client. */
    after(time: number): S3Client {
      c.advance(time);
      return fresh();
    },
    /** What a timer has asked for is looked at every five minutes: the clock moves on until it is done. */
    async afterReports(time: number): Promise<S3Client> {
      c.advance(time);
      for (let tries = 0; tries < 40; tries++) {
        await pause(tries === 0 ? 1 : 200);
        if (partition().read((tx) => tx.range(reports, { limit: 1 })).length === 0) break;
        c.advance(minutes(6));
        await pause(20);
      }
      return fresh();
    },
    put: (client: S3Client, Key: string, bytes: number, more: Partial<PutObjectCommandInput> = {}) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(bytes, 1), ...more })),
    /** What was metered, by usage type. */
    usage(...types: readonly string[]): Record<string, number> {
      const records = partition().read((tx) => usageOf(tx, 0, c.clock.now() + 1));
      const sums: Record<string, number> = {};
      for (const { usageType, amount } of records) {
        if (types.includes(usageType)) sums[usageType] = (sums[usageType] ?? 0) + amount;
      }
      return sums;
    },
  };
}

export type InTime = Awaited<ReturnType<typeof inTime>>;

/** As AWS documents it for inventories and analyses ("Grant permissions for S3 Inventory and S3 analytics"). */
export const letReportsIn = (client: S3Client, account: string, source = Bucket) =>
  client.send(
    new PutBucketPolicyCommand({
      Bucket: Reports,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 's3.amazonaws.com' },
            Action: 's3:PutObject',
            Resource: [`arn:aws:s3:::${Reports}/*`],
            Condition: {
              ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${source}` },
              StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
            },
          },
        ],
      }),
    }),
  );

export async function reportKeys(client: S3Client): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: Reports }));
  return Contents.map(({ Key = '' }) => Key);
}

export async function bytesOf(client: S3Client, Key: string, from = Reports): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: from, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

export interface Told {
  readonly eventName: string;
  readonly userIdentity: { readonly principalId: string };
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly s3: { readonly object: { readonly key: string } };
  readonly glacierEventData?: { readonly restoreEventData: Readonly<Record<string, string>> };
  readonly lifecycleEventData?: { readonly transitionEventData: Readonly<Record<string, string>> };
  readonly intelligentTieringEventData?: Readonly<Record<string, string>>;
}

/** Answers the next event of the bucket. */
export const toldOf = ({ c, s3 }: InTime, ...Events: Event[]) => eventsOf<Told>(c, s3, Bucket, ...Events);
