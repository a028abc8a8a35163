/** Operations that are not there yet, each with its reason. */
const LATER = 'comes with the next part of S3';
const METRICS = 'metrics need CloudWatch';
const REPORTS = 'no reports are made yet';
const TIERING = 'objects do not move between access tiers yet';
const TABLES = 'S3 Tables is a service of its own';

export const notImplemented = {
  CreateBucketMetadataConfiguration: TABLES,
  CreateBucketMetadataTableConfiguration: TABLES,
  DeleteBucketAnalyticsConfiguration: REPORTS,
  DeleteBucketIntelligentTieringConfiguration: TIERING,
  DeleteBucketInventoryConfiguration: REPORTS,
  DeleteBucketMetadataConfiguration: TABLES,
  DeleteBucketMetadataTableConfiguration: TABLES,
  DeleteBucketMetricsConfiguration: METRICS,
  GetBucketAbac: LATER,
  GetBucketAccelerateConfiguration: 'there are no edge locations to accelerate by',
  GetBucketAnalyticsConfiguration: REPORTS,
  GetBucketIntelligentTieringConfiguration: TIERING,
  GetBucketInventoryConfiguration: REPORTS,
  GetBucketMetadataConfiguration: TABLES,
  GetBucketMetadataTableConfiguration: TABLES,
  GetBucketMetricsConfiguration: METRICS,
  GetBucketRequestPayment: 'who asks can not be billed for requests to another account’s bucket yet',
  ListBucketAnalyticsConfigurations: REPORTS,
  ListBucketIntelligentTieringConfigurations: TIERING,
  ListBucketInventoryConfigurations: REPORTS,
  ListBucketMetricsConfigurations: METRICS,
  PutBucketAbac: LATER,
  PutBucketAccelerateConfiguration: 'there are no edge locations to accelerate by',
  PutBucketAnalyticsConfiguration: REPORTS,
  PutBucketIntelligentTieringConfiguration: TIERING,
  PutBucketInventoryConfiguration: REPORTS,
  PutBucketMetricsConfiguration: METRICS,
  PutBucketRequestPayment: 'who asks can not be billed for requests to another account’s bucket yet',
  UpdateBucketMetadataAnnotationTableConfiguration: TABLES,
  UpdateBucketMetadataInventoryTableConfiguration: TABLES,
  UpdateBucketMetadataJournalTableConfiguration: TABLES,
  WriteGetObjectResponse: 'answers for S3 Object Lambda, which needs Lambda',
} as const;

const DIRECTORIES = 'directory buckets alone have it: s3express';

/** Of the model that S3 shares with S3 Express, and what AWS has given up but not taken out of it. */
export const notOffered = {
  CreateSession: DIRECTORIES,
  GetObjectTorrent: 'AWS ended BitTorrent in April 2022',
  ListDirectoryBuckets: DIRECTORIES,
  RenameObject: DIRECTORIES,
} as const;
