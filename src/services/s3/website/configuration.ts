/** A bucket's website configuration: kept as it was put. Limits: S3 API reference, PutBucketWebsite. */
import type {
  DeleteBucketWebsiteRequest,
  GetBucketWebsiteOutput,
  GetBucketWebsiteRequest,
  PutBucketWebsiteRequest,
  RoutingRule,
  WebsiteConfiguration,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { openBucket } from '#services/s3/buckets/open-bucket.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { type BucketRow, settings } from '#services/s3/state.ts';

const SETTING = 'website';
/** "Amazon S3 has a limitation of 50 routing rules per website configuration." */
const MOST_RULES = 50;

export const websiteOf = (tx: ReadTransaction, { id }: BucketRow): WebsiteConfiguration | undefined =>
  // Written by putBucketWebsite.
  tx.get(settings, settings.key(id, SETTING)) as WebsiteConfiguration | undefined;

export const getBucketWebsite =
  (parts: S3Parts) =>
  (input: GetBucketWebsiteRequest, call: Call): GetBucketWebsiteOutput => {
    const bucket = openBucket(call.tx, parts.sealer, input.Bucket);
    return websiteOf(call.tx, bucket) ?? fail('NoSuchWebsiteConfiguration', { about: bucket.name });
  };

export const putBucketWebsite =
  (parts: S3Parts) =>
  ({ Bucket, WebsiteConfiguration: configuration }: PutBucketWebsiteRequest, call: Call): void => {
    const { id } = openBucket(call.tx, parts.sealer, Bucket);
    check(configuration);
    call.tx.put(settings, settings.key(id, SETTING), configuration as Record<string, unknown>);
  };

export const deleteBucketWebsite =
  (parts: S3Parts) =>
  (input: DeleteBucketWebsiteRequest, call: Call): void => {
    const { id } = openBucket(call.tx, parts.sealer, input.Bucket);
    call.tx.delete(settings, settings.key(id, SETTING));
  };

function check({ RedirectAllRequestsTo, IndexDocument, ErrorDocument, RoutingRules = [] }: WebsiteConfiguration): void {
  if (RedirectAllRequestsTo !== undefined) {
    if (IndexDocument !== undefined || ErrorDocument !== undefined || RoutingRules.length > 0) {
      fail('InvalidRequest', {
        message: 'RedirectAllRequestsTo cannot be provided in conjunction with other elements.',
      });
    }
    return;
  }
  if (IndexDocument === undefined) {
    invalidArgument(
      'IndexDocument',
      'null',
      'A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty',
    );
  }
  const suffix = IndexDocument?.Suffix ?? '';
  if (suffix === '' || suffix.includes('/')) {
    invalidArgument('IndexDocument', suffix, 'The IndexDocument Suffix is not well formed');
  }
  if (ErrorDocument?.Key === '') invalidArgument('ErrorDocument', '', 'The ErrorDocument Key is not well formed');
  if (RoutingRules.length > MOST_RULES) {
    fail('InvalidRequest', { message: `The number of routing rules must not exceed the limit of ${MOST_RULES}` });
  }
  for (const rule of RoutingRules) checkRule(rule);
}

function checkRule({ Condition, Redirect }: RoutingRule): void {
  const { HttpRedirectCode: code, ReplaceKeyWith, ReplaceKeyPrefixWith } = Redirect;
  if (ReplaceKeyWith !== undefined && ReplaceKeyPrefixWith !== undefined) {
    fail('InvalidRequest', { message: 'You can only define ReplaceKeyPrefix or ReplaceKey but not both.' });
  }
  if (code !== undefined && !/^3(?!00)\d\d$/.test(code)) {
    fail('InvalidRequest', {
      message: `The provided HTTP redirect code (${code}) is not valid. Valid codes are 3XX except 300.`,
    });
  }
  const { HttpErrorCodeReturnedEquals: error, KeyPrefixEquals } = Condition ?? {};
  if (Condition !== undefined && error === undefined && KeyPrefixEquals === undefined) fail('MalformedXML');
  if (error !== undefined && !/^[45]\d\d$/.test(error)) {
    fail('InvalidRequest', {
      message: `The provided HTTP error code (${error}) is not valid. Valid codes are 4XX or 5XX.`,
    });
  }
}
