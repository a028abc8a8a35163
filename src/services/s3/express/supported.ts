/** What requests to directory buckets can't say ("This functionality is not supported for directory buckets", API Reference). */
import type { Call } from '#platform/service.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';

/** Member of the input -> header or parameter. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  ACL: 'x-amz-acl',
  BucketNamespace: 'x-amz-bucket-namespace',
  BypassGovernanceRetention: 'x-amz-bypass-governance-retention',
  ChecksumMD5: 'x-amz-checksum-md5',
  ConfirmRemoveSelfBucketAccess: 'x-amz-confirm-remove-self-bucket-access',
  ContentMD5: 'Content-MD5',
  CopySourceSSECustomerAlgorithm: 'x-amz-copy-source-server-side-encryption-customer-algorithm',
  CopySourceSSECustomerKey: 'x-amz-copy-source-server-side-encryption-customer-key',
  CopySourceSSECustomerKeyMD5: 'x-amz-copy-source-server-side-encryption-customer-key-MD5',
  GrantFullControl: 'x-amz-grant-full-control',
  GrantRead: 'x-amz-grant-read',
  GrantReadACP: 'x-amz-grant-read-acp',
  GrantWrite: 'x-amz-grant-write',
  GrantWriteACP: 'x-amz-grant-write-acp',
  MFA: 'x-amz-mfa',
  ObjectLockEnabledForBucket: 'x-amz-bucket-object-lock-enabled',
  ObjectLockEventHold: 'x-amz-object-lock-event-hold',
  ObjectLockEventHoldDurationDays: 'x-amz-object-lock-event-hold-duration-days',
  ObjectLockEventHoldDurationYears: 'x-amz-object-lock-event-hold-duration-years',
  ObjectLockLegalHoldStatus: 'x-amz-object-lock-legal-hold',
  ObjectLockMode: 'x-amz-object-lock-mode',
  ObjectLockRetainUntilDate: 'x-amz-object-lock-retain-until-date',
  ObjectOwnership: 'x-amz-object-ownership',
  OptionalObjectAttributes: 'x-amz-optional-object-attributes',
  RequestPayer: 'x-amz-request-payer',
  SSECustomerAlgorithm: 'x-amz-server-side-encryption-customer-algorithm',
  SSECustomerKey: 'x-amz-server-side-encryption-customer-key',
  SSECustomerKeyMD5: 'x-amz-server-side-encryption-customer-key-MD5',
  StartAfter: 'start-after',
  Tagging: 'x-amz-tagging',
  UploadIdMarker: 'upload-id-marker',
  WebsiteRedirectLocation: 'x-amz-website-redirect-location',
};

const ONLY_VERSION = 'null';

type Handler<In, Out> = (input: In, call: Call) => Out;

/** A handler of S3's for inputs that a directory bucket understands. */
export const supported =
  <In extends object, Out>(handler: Handler<In, Out>): Handler<In, Out> =>
  (input, call) => {
    for (const [member, header] of Object.entries(UNSUPPORTED)) {
      // Any input of S3's.
      if ((input as Record<string, unknown>)[member] !== undefined) fail('NotImplemented', { about: header });
    }
    if (!('VersionId' in input) || input.VersionId === undefined) return handler(input, call);
    // "only the null value of the version ID is supported by directory buckets"
    if (input.VersionId !== ONLY_VERSION)
      invalidArgument('versionId', String(input.VersionId), 'Invalid version id specified');
    const { VersionId: _, ...plain } = input;
    return handler(plain as unknown as In, call);
  };

const DELIMITER = '/';

interface ListRequest {
  readonly Prefix?: string;
  readonly Delimiter?: string;
}

/** "only prefixes that end in a delimiter (/) are supported", "/ is the only supported delimiter" (API Reference, ListObjectsV2). */
export function checkList({ Prefix: prefix = '', Delimiter: delimiter = '' }: ListRequest): void {
  if (delimiter !== '' && delimiter !== DELIMITER) {
    invalidArgument('delimiter', delimiter, 'For directory buckets, / is the only supported delimiter.');
  }
  if (prefix !== '' && !prefix.endsWith(DELIMITER)) {
    invalidArgument(
      'prefix',
      prefix,
      'For directory buckets, only prefixes that end in a delimiter (/) are supported.',
    );
  }
}
