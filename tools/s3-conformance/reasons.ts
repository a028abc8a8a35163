/**
 * Why a test of the suite fails here. `AWS` answers as we do, by its documentation where a source is named, else by what is known
 * of it; `ours` is a choice or a gap of ours; `run` is what the suite wants and this set-up does not have.
 */
export interface Reason {
  readonly whose: 'AWS' | 'ours' | 'run' | '?';
  readonly why: string;
  /** Of names as results have them: `test_s3::test_bucket_acl_canned`. */
  readonly tests: RegExp;
}

const s3 = (...names: string[]): RegExp => new RegExp(`^test_s3::test_(${names.join('|')})(\\[|$)`);

interface ReasonOfToday extends Reason {
  /** Whether a bucket can be set up otherwise. */
  readonly canSetUp: boolean;
  /** What the test says when it fails, where that tells. */
  readonly said: RegExp;
}

/** Of what passes with the defaults that buckets had before April 2023. */
const TODAY: readonly ReasonOfToday[] = [
  {
    whose: 'AWS',
    why: 'makes a bucket with a list for others: a new one enforces its owner, InvalidBucketAclWithObjectOwnership (User Guide, "Object Ownership", "Troubleshooting")',
    canSetUp: true,
    said: /\(InvalidBucketAclWithObjectOwnership\)/,
    tests: /^$/,
  },
  {
    whose: 'AWS',
    why: 'sets a list, be it `private`, on a bucket or object of today: AccessControlListNotSupported ("All S3 PUT requests must either specify the bucket-owner-full-control canned ACL or not specify an ACL", there too)',
    canSetUp: true,
    said: /AccessControlListNotSupported/,
    tests: s3(
      '(encryption_sse_c_|sse_kms_|sse_kms_default_|sse_s3_default_)?post_object_.*',
      'object_presigned_put_object_with_acl(_tenant)?',
      'block_public_(object_canned|put_bucket)_acls',
      'bucket_acl_grant_nonexist_user',
      'bucket_concurrent_set_canned_acl',
    ),
  },
  {
    whose: 'AWS',
    why: 'lets everybody in by a policy: BlockPublicPolicy is on for new buckets, since April 2023',
    canSetUp: true,
    said: /PutBucketPolicy operation: Access Denied$/,
    tests: /^$/,
  },
  {
    whose: 'AWS',
    why: 'writes with a customer’s key: SSE-C is blocked for new buckets, AccessDenied, since April 2026',
    canSetUp: true,
    said: /(PutObject|CopyObject|CreateMultipartUpload) operation: Access Denied$/,
    tests: s3('encryption_sse_c_multipart_invalid_chunks_[12]'),
  },
  {
    whose: 'AWS',
    why: 'reads `DisplayName`, or wants lists in its order: it is not sent since November 2025',
    canSetUp: false,
    said: /DisplayName/,
    tests: s3('(bucket|object)_acl_(canned|default).*', 'put_bucket_acl_grant_group_read'),
  },
];

const REASONS: readonly Reason[] = [
  {
    whose: 'AWS',
    why: 'signatures of version 2 in headers: "Any new buckets created after June 24, 2020 will not support SigV2 signed requests" (AWS’s announcement)',
    tests: /_aws2$|::test_cors_presigned_.*_v2$/,
  },
  {
    whose: 'run',
    why: 'the client puts the header that the test takes away back in: nothing bad arrives',
    tests: /^test_headers::test_object_create_bad_contentlength_none$/,
  },
  { whose: 'ours', why: 'SNS does not exist yet', tests: /^test_sns::/ },
  {
    whose: 'AWS',
    why: 'a session’s tag has one value; this test wants two ("You must pass a single value for each session tag")',
    tests: /^test_sts::test_assume_role_with_web_identity_for_all_values_deny$/,
  },
  {
    whose: 'AWS',
    why: 'asks for `aws:TagKeys` in a request that brings no tags',
    tests: /^test_sts::test_assume_role_with_web_identity_tag_keys_role_policy$/,
  },
  {
    whose: 'AWS',
    why: 'the bucket is another account’s, whose policy lets nobody in: 403, and not 404 ("Cross-account policy evaluation logic")',
    tests: /^test_sts::test_assume_role_allow_head_nonexistent$/,
  },
  {
    whose: 'AWS',
    why: 'trusts `arn:aws:iam:::user/…`, an ARN of Ceph without an account: MalformedPolicyDocument; not translated, since it then waits a quarter of an hour',
    tests: /^test_sts::test_assume_role_creds_expiry$/,
  },
  {
    whose: 'AWS',
    why: 'completes a composite upload without the check sums of its parts: InvalidRequest (what clients report of AWS: apache/opendal, pull request 4580)',
    tests: s3('get_multipart_checksum_object_attributes'),
  },
  {
    whose: 'AWS',
    why: 'to delete an identity provider that is not there is no error (DeleteOpenIDConnectProvider: "idempotent")',
    tests: /^test_iam::test_account_oidc_provider$/,
  },
  {
    whose: '?',
    why: 'whether a name is found in another case than it was given in; that no two differ by case alone is documented',
    tests: /^test_iam::test_account_\w+_case_insensitive_name$/,
  },
  {
    whose: 'AWS',
    why: 'a list names accounts by their canonical users, and not by their ids ("Access control list overview")',
    tests: /^test_iam::test_account_role_policy_allow_create_bucket$/,
  },
  {
    whose: 'AWS',
    why: 'grants to e-mail addresses are a 405 since October 2025 (PutBucketAcl)',
    tests: /_grant_email(_not_exist)?$/,
  },
  {
    whose: 'AWS',
    why: 'reads Ceph’s texts of errors; `null` for an empty cell',
    tests: /^test_s3select::/,
  },
  {
    whose: 'AWS',
    why: 'without a policy the answer is NoSuchBucketPolicy, whatever the lists say (seen in CloudTrail records of AWS)',
    tests: s3('get_(authpublic_acl_|nonpublicpolicy_acl_|public_acl_|publicpolicy_acl_)?bucket_policy_status'),
  },
  {
    whose: 'AWS',
    why: 'a bucket always has a default encryption, since January 2023',
    tests: s3('(get|delete)_bucket_encryption_(s3|kms)'),
  },
  {
    whose: 'AWS',
    why: 'If-None-Match of a write takes `*` alone, else NotImplemented (PutObject: "Expects the \'*\' (asterisk) character")',
    tests: s3('(multipart_)?put_(current_)?object_(current_)?if_(none_)?match'),
  },
  {
    whose: 'AWS',
    why: 'a part beyond the last is a 416, InvalidPartNumber (list of error codes)',
    tests: s3('(non_)?multipart_(single_)?get_part', 'non_multipart_sse_c_get_part'),
  },
  {
    whose: '?',
    why: 'sends a part twice and names the first one’s ETag: with a customer’s key it is no MD5 of the data, and another each time: InvalidPart',
    tests: s3('multipart_sse_c_get_part'),
  },
  {
    whose: 'AWS',
    why: 'X-Amz-Expires below zero or beyond a week is a 400, AuthorizationQueryParametersError',
    tests: s3('object_raw_get_x_amz_expires_out_.*', 'object_raw_put_authenticated_expired'),
  },
  {
    whose: 'AWS',
    why: 'a check sum that can’t be one is InvalidRequest; BadDigest is for one that does not match',
    tests: s3('object_checksum_(sha256|crc64nvme)', 'multipart_checksum_sha256'),
  },
  {
    whose: 'AWS',
    why: 'making a bucket of us-east-1 again is a 200 and resets its list (list of error codes, BucketAlreadyOwnedByYou)',
    tests: s3('bucket_recreate_(new|overwrite)_acl'),
  },
  {
    whose: 'AWS',
    why: 'a statement allows and none denies: the bucket’s owner is not kept out by a condition that is not met',
    tests: s3('bucket_policy_set_condition_operator_end_with_IfExists'),
  },
  {
    whose: 'AWS',
    why: 'asks for the tag in the headers of another client than the one that then writes: nobody allowed that',
    tests: s3('bucket_policy_put_obj_request_obj_tag'),
  },
  {
    whose: 'AWS',
    why: 'tags in a form need s3:PutObjectTagging, which a list can’t grant (PutObject, "Permissions")',
    tests: s3('post_object_tags_anonymous_request'),
  },
  {
    whose: 'AWS',
    why: '`x-amz-delete-marker: false` is not sent (HeadObject: "If false, this response header does not appear in the response")',
    tests: s3('delete_marker_(nonversioned|expiration|suspended|versioned)'),
  },
  {
    whose: 'AWS',
    why: 'aws:kms without a key is the account’s key of S3 (PutObject)',
    tests: s3('sse_kms_no_key'),
  },
  {
    whose: 'AWS',
    why: 'metadata beyond US-ASCII come back as encoded words (User Guide, "User-defined object metadata")',
    tests: s3('object_set_get_unicode_metadata'),
  },
  {
    whose: 'AWS',
    why: 'ids of statements are unique in a policy',
    tests: s3('put_bucket_logging_policy_wildcard'),
  },
  {
    whose: 'AWS',
    why: 'another code than this one is AWS’s: InvalidArgument for a range beyond a copy’s source and for a retention of no days, BadTagCount, NoSuchKey for a key that is bad UTF-8 in no way, InvalidTargetBucketForLogging',
    tests: s3(
      'multipart_copy_invalid_range',
      'object_lock_put_obj_lock_invalid_(days|years)',
      'put_excess_tags',
      'object_read_unreadable',
      'put_bucket_logging_errors',
    ),
  },
  {
    whose: 'AWS',
    why: 'the parts of an upload without a check sum of its own are not listed (GetObjectAttributes, Parts: "if an additional checksum … isn’t applied")',
    tests: s3('get_(single_|paginated_)?multipart_object_attributes'),
  },
  {
    whose: 'AWS',
    why: 'an upload’s initiator that is a user is shown by its ARN (ListMultipartUploads); here `alt` is one',
    tests: s3('list_multipart_upload_owner'),
  },
  {
    whose: 'AWS',
    why: 'a customer’s key that is not the object’s is a 403',
    tests: s3('encryption_sse_c_(multipart_bad_download|other_key)'),
  },
  {
    whose: 'AWS',
    why: 'root users of the owner can always read, put and delete a bucket’s policy (PutBucketPolicy)',
    tests: s3('bucket_policy_deny_self_denied_policy_confirm_header'),
  },
  {
    whose: 'AWS',
    why: 'a form’s policy must name all fields but a few (POST Policy, "Conditions"), check sums too',
    tests: s3('post_object_upload_checksum'),
  },
  {
    whose: 'AWS',
    why: 'a policy’s statement needs a resource: MalformedPolicy',
    tests: s3('bucket_logging_owner'),
  },
  {
    whose: 'AWS',
    why: 'it is the method of the request that counts, and Access-Control-Request-Method in a preflight alone (User Guide, "CORS")',
    tests: s3('cors_origin_response'),
  },
  {
    whose: 'AWS',
    why: 'names a part twice in one list: InvalidPartOrder',
    tests: s3('multipart_resend_first_finishes_last'),
  },
  {
    whose: '?',
    why: 'who may list, but not read, is refused also where the key is not there',
    tests: s3('head_object_404_with_policy_prefix'),
  },
  {
    whose: '?',
    why: 'not documented: an algorithm that is none is refused before permissions; tags keep their order; GetBucketLogging shows a key format that nobody set; what PutBucketLogging says where no policy lets the logs in (AccessDenied is nowhere named)',
    tests: s3(
      'bucket_policy_put_obj_s3_incorrect_algo_sse_s3',
      'put_obj_with_tags',
      'put_bucket_logging',
      'put_bucket_logging_permissions',
    ),
  },
  {
    whose: 'AWS',
    why: 'to complete an upload a customer’s key is "required only when the object was created using a checksum algorithm" (CompleteMultipartUpload)',
    tests: s3('copy_part_enc'),
  },
  {
    whose: 'AWS',
    why: 'torrents ended in April 2022; the operation is not implemented',
    tests: s3('get_object_torrent'),
  },
];

const ofToday = (name: string, said: string): ReasonOfToday | undefined =>
  TODAY.find((reason) => reason.said.test(said) || reason.tests.test(name));

/** Whether it fails by what a bucket of today is, unless it is set up. */
export const canSetUp = (name: string, said: string): boolean => ofToday(name, said)?.canSetUp === true;

/** `passesWithOld`: with the old defaults. */
export const reasonOf = (name: string, said: string, passesWithOld: boolean): Reason | undefined =>
  (passesWithOld ? ofToday(name, said) : undefined) ?? REASONS.find(({ tests }) => tests.test(name));
