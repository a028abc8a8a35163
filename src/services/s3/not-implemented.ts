/** Operations that are not there yet, each with its reason. */
const TABLES = 'S3 Tables is a service of its own';

export const notImplemented = {
  CreateBucketMetadataConfiguration: TABLES,
  CreateBucketMetadataTableConfiguration: TABLES,
  DeleteBucketMetadataConfiguration: TABLES,
  DeleteBucketMetadataTableConfiguration: TABLES,
  GetBucketMetadataConfiguration: TABLES,
  GetBucketMetadataTableConfiguration: TABLES,
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
