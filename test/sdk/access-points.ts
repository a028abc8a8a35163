/** A cloud with a bucket and an access point of it. */
import type { TestContext } from 'node:test';
import {
  CreateAccessPointCommand,
  type CreateAccessPointCommandInput,
  type S3ControlClient,
} from '@aws-sdk/client-s3-control';
import { type BucketTest, bucketTest } from '#test/sdk/s3.ts';
import { controlClient } from '#test/sdk/s3control.ts';

export const Bucket = 'books';
export const Name = 'readers';

export interface PointTest extends BucketTest {
  readonly control: S3ControlClient;
  readonly arn: string;
  readonly alias: string;
  readonly AccountId: string;
}

export async function pointTest(
  t: TestContext,
  further: Partial<CreateAccessPointCommandInput> = {},
): Promise<PointTest> {
  const made = await bucketTest(t);
  const control = controlClient(made.c);
  const AccountId = made.c.account;
  const point = await control.send(new CreateAccessPointCommand({ AccountId, Name, Bucket, ...further }));
  const { AccessPointArn: arn = '', Alias: alias = '' } = point;
  await made.put('novel', 'once upon a time');
  return { ...made, control, AccountId, arn, alias };
}

export const reading = (principal: unknown, arn: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: principal, Action: 's3:GetObject', Resource: `${arn}/object/*` },
      { Effect: 'Allow', Principal: principal, Action: 's3:ListBucket', Resource: arn },
    ],
  });
