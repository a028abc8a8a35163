/** Operations that are not there yet, each with its reason. */
const LATER = 'comes with the next part of S3';
const TABLES = 'S3 Tables is a service of its own';

export const notImplemented = {
  CreateBucketMetadataConfiguration: TABLES,
  CreateBucketMetadataTableConfiguration: TABLES,
  CreateSession: 'comes with directory buckets',
  DeleteBucketMetadataConfiguration: TABLES,
  DeleteBucketMetadataTableConfiguration: TABLES,
  DeleteObjectAnnotation: LATER,
  GetBucketMetadataConfiguration: TABLES,
  GetBucketMetadataTableConfiguration: TABLES,
  GetObjectAnnotation: LATER,
  GetObjectTorrent: LATER,
  ListDirectoryBuckets: 'comes with directory buckets',
  ListObjectAnnotations: LATER,
  PutObjectAnnotation: LATER,
  RenameObject: 'comes with directory buckets',
  SelectObjectContent: LATER,
  UpdateBucketMetadataAnnotationTableConfiguration: TABLES,
  UpdateBucketMetadataInventoryTableConfiguration: TABLES,
  UpdateBucketMetadataJournalTableConfiguration: TABLES,
  WriteGetObjectResponse: 'answers for S3 Object Lambda, which needs Lambda',
} as const;
