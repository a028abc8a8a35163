/** Every error that S3 answers with, in AWS's words: status, message, and which member names what it is about. */
import { type ErrorDetails, errorsOf, type WordedError } from '#platform/error.ts';

const ERRORS = {
  AccessControlListNotSupported: { status: 400, message: 'The bucket does not allow ACLs' },
  AccessDenied: { status: 403, message: 'Access Denied' },
  AccessForbidden: { status: 403, message: 'CORSResponse: CORS is not enabled for this bucket.' },
  AnnotationLimitExceeded: {
    status: 400,
    message: 'The request would exceed the maximum number of annotations allowed per object.',
  },
  AnnotationNameTooLong: { status: 400, message: 'The annotation name exceeds 512 bytes.' },
  AuthorizationHeaderMalformed: { status: 400, message: 'The authorization header is malformed' },
  AuthorizationQueryParametersError: { status: 400, message: 'Error parsing the X-Amz-Credential parameter' },
  BadDigest: {
    status: 400,
    message: 'The Content-MD5 or checksum value that you specified did not match what the server received.',
  },
  BadTagCount: { status: 400, message: 'Object tags cannot be greater than 10' },
  BucketAlreadyExists: {
    status: 409,
    message:
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    about: 'BucketName',
  },
  BucketAlreadyOwnedByYou: {
    status: 409,
    message: 'Your previous request to create the named bucket succeeded and you already own it.',
    about: 'BucketName',
  },
  BucketHasAccessPointsAttached: {
    status: 400,
    message:
      'The bucket you are trying to delete has access points attached. Delete your access points before trying again.',
  },
  BucketNotEmpty: { status: 409, message: 'The bucket you tried to delete is not empty', about: 'BucketName' },
  ConditionalRequestConflict: {
    status: 409,
    message: 'The conditional request cannot succeed due to a conflicting operation against this resource.',
  },
  CrossLocationLoggingProhibitted: {
    status: 403,
    message:
      'Cross-location logging not allowed. Buckets in one geographic location cannot log information to a bucket in another location.',
    about: 'TargetBucket',
  },
  EncryptionTypeMismatch: {
    status: 400,
    message:
      'The existing object was created with a different encryption type. Subsequent write requests must include the appropriate encryption parameters in the request or while creating the session.',
  },
  EntityTooLarge: { status: 400, message: 'Your proposed upload exceeds the maximum allowed size' },
  EntityTooSmall: { status: 400, message: 'Your proposed upload is smaller than the minimum allowed size' },
  ExpiredToken: { status: 400, message: 'The provided token has expired.' },
  IllegalVersioningConfigurationException: {
    status: 400,
    message: 'The Versioning element must be specified',
  },
  IllegalLocationConstraintException: {
    status: 400,
    message:
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
  },
  IncompleteBody: {
    status: 400,
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
  },
  InvalidAnnotationName: { status: 400, message: 'The annotation name you provided is invalid.' },
  InvalidAccessPoint: { status: 400, message: 'The specified access point name or account is not valid.' },
  InvalidArgument: { status: 400, message: 'Invalid Argument', about: 'ArgumentName' },
  InvalidBucketAclWithObjectOwnership: {
    status: 400,
    message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  },
  InvalidBucketAclWithBlockPublicAccessError: {
    status: 400,
    message: 'Bucket cannot have public ACLs set with BlockPublicAccess enabled',
  },
  InvalidBucketName: { status: 400, message: 'The specified bucket is not valid.', about: 'BucketName' },
  InvalidBucketState: { status: 409, message: 'The request is not valid for the current state of the bucket.' },
  InvalidDigest: { status: 400, message: 'The Content-MD5 you specified was invalid.', about: 'Content-MD5' },
  InvalidEncryptionAlgorithmError: {
    status: 400,
    message: 'The encryption request that you specified is not valid. The valid value is AES256.',
    about: 'ArgumentValue',
  },
  InvalidLocationConstraint: {
    status: 400,
    message: 'The specified location-constraint is not valid',
    about: 'LocationConstraint',
  },
  InvalidObjectState: {
    status: 403,
    message: "The operation is not valid for the object's storage class",
    about: 'StorageClass',
  },
  InvalidPart: {
    status: 400,
    message:
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    about: 'PartNumber',
  },
  InvalidPartNumber: { status: 416, message: 'The requested partnumber is not satisfiable' },
  InvalidPartOrder: {
    status: 400,
    message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
    about: 'UploadId',
  },
  InvalidPrefix: { status: 400, message: 'The annotation prefix you provided is invalid.', about: 'Prefix' },
  InvalidRange: { status: 416, message: 'The requested range is not satisfiable', about: 'RangeRequested' },
  InvalidRedirectLocation: {
    status: 400,
    message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
  },
  InvalidRequest: { status: 400, message: 'Invalid Request' },
  InvalidS3DestinationBucket: {
    status: 400,
    message: 'The destination bucket does not exist, or is not in the region of the source bucket.',
    about: 'DestinationBucket',
  },
  InvalidStorageClass: {
    status: 400,
    message: 'The storage class you specified is not valid',
    about: 'StorageClassRequested',
  },
  InvalidTargetBucketForLogging: {
    status: 400,
    message:
      'The target bucket for logging does not exist, is not owned by you, or does not have the appropriate grants for the log-delivery group.',
    about: 'TargetBucket',
  },
  InvalidTag: { status: 400, message: 'The tag provided was not a valid tag.' },
  InvalidToken: { status: 400, message: 'The provided token is malformed or otherwise not valid' },
  InvalidWriteOffset: {
    status: 400,
    message: 'The write offset value that you specified does not match the current object size.',
  },
  KeyTooLongError: { status: 400, message: 'Your key is too long', about: 'Size' },
  MalformedACLError: {
    status: 400,
    message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
  MalformedPolicy: { status: 400, message: "Policies must be valid JSON and the first byte must be '{'" },
  MalformedXML: {
    status: 400,
    message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
  MetadataTooLarge: { status: 400, message: 'Your metadata headers exceed the maximum allowed metadata size' },
  MethodNotAllowed: {
    status: 405,
    message: 'The specified method is not allowed against this resource.',
    about: 'ResourceType',
  },
  MissingContentLength: { status: 411, message: 'You must provide the Content-Length HTTP header.' },
  MissingSecurityHeader: {
    status: 400,
    message: 'Your request was missing a required header',
    about: 'MissingHeaderName',
  },
  NoSuchAnnotation: {
    status: 404,
    message: 'The specified annotation does not exist on this object.',
    about: 'AnnotationName',
  },
  NoSuchAccessPoint: { status: 404, message: 'The specified accesspoint does not exist' },
  NoSuchBucket: { status: 404, message: 'The specified bucket does not exist', about: 'BucketName' },
  NoSuchBucketPolicy: { status: 404, message: 'The bucket policy does not exist', about: 'BucketName' },
  NoSuchConfiguration: { status: 404, message: 'The specified configuration does not exist.' },
  NoSuchCORSConfiguration: { status: 404, message: 'The CORS configuration does not exist', about: 'BucketName' },
  NoSuchKey: { status: 404, message: 'The specified key does not exist.', about: 'Key' },
  NoSuchPublicAccessBlockConfiguration: {
    status: 404,
    message: 'The public access block configuration was not found',
    about: 'BucketName',
  },
  NoSuchTagSet: { status: 404, message: 'The TagSet does not exist', about: 'BucketName' },
  NoSuchUpload: {
    status: 404,
    message:
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    about: 'UploadId',
  },
  NoSuchVersion: { status: 404, message: 'The specified version does not exist.', about: 'VersionId' },
  NoSuchWebsiteConfiguration: {
    status: 404,
    message: 'The specified bucket does not have a website configuration',
    about: 'BucketName',
  },
  NoSuchLifecycleConfiguration: {
    status: 404,
    message: 'The lifecycle configuration does not exist',
    about: 'BucketName',
  },
  NoSuchObjectLockConfiguration: {
    status: 404,
    message: 'The specified object does not have a ObjectLock configuration',
    about: 'Key',
  },
  NotImplemented: {
    status: 501,
    message: 'A header you provided implies functionality that is not implemented',
    about: 'Header',
  },
  NotModified: { status: 304, message: 'Not Modified' },
  ObjectLockConfigurationNotFoundError: {
    status: 404,
    message: 'Object Lock configuration does not exist for this bucket',
    about: 'BucketName',
  },
  ObjectNotInActiveTierError: {
    status: 403,
    message: 'The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.',
  },
  OperationAborted: {
    status: 409,
    message: 'A conflicting conditional operation is currently in progress against this resource. Try again.',
  },
  OwnershipControlsNotFoundError: {
    status: 404,
    message: 'The bucket ownership controls were not found',
    about: 'BucketName',
  },
  PermanentRedirect: {
    status: 301,
    message:
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    about: 'Bucket',
  },
  PreconditionFailed: {
    status: 412,
    message: 'At least one of the pre-conditions you specified did not hold',
    about: 'Condition',
  },
  ReplicationConfigurationNotFoundError: {
    status: 404,
    message: 'The replication configuration was not found',
    about: 'BucketName',
  },
  RestoreAlreadyInProgress: { status: 409, message: 'Object restore is already in progress' },
  ServerSideEncryptionConfigurationNotFoundError: {
    status: 404,
    message: 'The server side encryption configuration was not found',
    about: 'BucketName',
  },
  TooManyBuckets: { status: 400, message: 'You have attempted to create more buckets than allowed' },
  TooManyConfigurations: {
    status: 400,
    message: 'You are attempting to create a new configuration but have already reached the 1,000-configuration limit.',
  },
  TooManyParts: {
    status: 400,
    message: 'You have attempted to add more parts than the maximum of 10000 allowed for this upload',
  },
  UnsupportedMediaType: { status: 415, message: 'The annotation payload is not valid UTF-8 encoded text.' },
  UnexpectedContent: { status: 400, message: 'This request contains unsupported content.' },
} as const satisfies Record<string, WordedError>;

export type S3ErrorCode = keyof typeof ERRORS;

export const s3Error = errorsOf<S3ErrorCode>(ERRORS);

export function fail(code: S3ErrorCode, details?: ErrorDetails): never {
  throw s3Error(code, details);
}

export const invalidArgument = (name: string, value: string | undefined, message: string): never =>
  fail('InvalidArgument', { about: name, message, fields: value === undefined ? {} : { ArgumentValue: value } });
