/** Where reports go: a bucket of the same region, whose policy lets `s3.amazonaws.com` write for the bucket that is reported on. */
import { type AccountId, type Region, uuid } from '#platform/base/ids.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/s3/errors.ts';
import { bucketArn } from '#services/s3/names.ts';
import type { S3Parts } from '#services/s3/parts.ts';

export interface Destination {
  /** ARN. */
  readonly Bucket: string;
  readonly Prefix?: string;
}

const ARN = bucketArn('');

export const destinationBucket = ({ Bucket }: Destination): string => Bucket.slice(ARN.length);

/** `<prefix>/`, or nothing. */
export const destinationFolder = ({ Prefix = '' }: Destination): string => (Prefix === '' ? '' : `${Prefix}/`);

/** "The destination bucket must be in the same AWS Region as the source bucket." */
export function checkDestination({ directory }: S3Parts, destination: Destination, call: Call): void {
  const isArn = destination.Bucket.startsWith(ARN);
  const owner = isArn ? directory.find(destinationBucket(destination)) : undefined;
  if (owner?.region !== call.region) fail('InvalidS3DestinationBucket', { about: destination.Bucket });
}

export interface ReportSource {
  readonly bucket: string;
  readonly account: AccountId;
  readonly region: Region;
}

export interface ReportObject {
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  /** Headers of the encryption, the owner that is expected. */
  readonly further?: Readonly<Record<string, unknown>>;
}

/** Throws what the bucket answers. */
export async function putReport(
  parts: S3Parts,
  source: ReportSource,
  destination: Destination,
  { key, body, contentType, further }: ReportObject,
): Promise<void> {
  const Bucket = destinationBucket(destination);
  await parts.deliver({
    service: 's3',
    operation: 'PutObject',
    input: {
      Bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      // As the documented policy for the bucket asks for it.
      ACL: 'bucket-owner-full-control',
      ...further,
    },
    region: source.region,
    target: Bucket,
    from: 's3',
    sourceArn: bucketArn(source.bucket),
    sourceAccount: source.account,
    requestId: uuid(),
    idempotencyToken: uuid(),
  });
}
