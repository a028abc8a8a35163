/** The SDK's client of S3 with buckets in the path: not every system resolves names below `localhost`. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export class PathStyleS3 extends S3Client {
  constructor(config: S3ClientConfig) {
    super({ ...config, forcePathStyle: true });
  }
}
