/** Operations that are not there yet, each with its reason. */
const LATER = 'comes with the next part of S3';
const METRICS = 'metrics need CloudWatch';
const REPORTS = 'no reports are made yet';
const TIERING = 'objects do not move between access tiers yet';
const TABLES = 'S3 Tables is a service of its own';

export const notImplemented = {
  CreateBucketMetadataConfiguration: TABLES,
  CreateBucketMetadataTableConfiguration: TABLES,
  CreateSession: 'comes with directory buckets',
  DeleteBucketAnalyticsConfiguration: REPORTS,
  DeleteBucketIntelligentTieringConfiguration: TIERING,
  DeleteBucketInventoryConfiguration: REPORTS,
  DeleteBucketMetadataConfiguration: TABLES,
  DeleteBucketMetadataTableConfiguration: TABLES,
  DeleteBucketMetricsConfiguration: METRICS,
  DeleteObjectAnnotation: LATER,
  GetBucketAnalyticsConfiguration: REPORTS,
  GetBucketIntelligentTieringConfiguration: TIERING,
  GetBucketInventoryConfiguration: REPORTS,
  GetBucketMetadataConfiguration: TABLES,
  GetBucketMetadataTableConfiguration: TABLES,
  GetBucketMetricsConfiguration: METRICS,
  GetObjectAnnotation: LATER,
  GetObjectTorrent: LATER,
  ListBucketAnalyticsConfigurations: REPORTS,
  ListBucketIntelligentTieringConfigurations: TIERING,
  ListBucketInventoryConfigurations: REPORTS,
  ListBucketMetricsConfigurations: METRICS,
  ListDirectoryBuckets: 'comes with directory buckets',
  ListObjectAnnotations: LATER,
  PutBucketAnalyticsConfiguration: REPORTS,
  PutBucketIntelligentTieringConfiguration: TIERING,
  PutBucketInventoryConfiguration: REPORTS,
  PutBucketMetricsConfiguration: METRICS,
  PutObjectAnnotation: LATER,
  RenameObject: 'comes with directory buckets',
  SelectObjectContent: LATER,
  UpdateBucketMetadataAnnotationTableConfiguration: TABLES,
  UpdateBucketMetadataInventoryTableConfiguration: TABLES,
  UpdateBucketMetadataJournalTableConfiguration: TABLES,
  WriteGetObjectResponse: 'answers for S3 Object Lambda, which needs Lambda',
} as const;
