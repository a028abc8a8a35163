/** Tags of access points, and of buckets of both types, which are S3's to keep. */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResult,
  TagResourceRequest,
  UntagResourceRequest,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { checkTags, removeTags, setTags, tagsOf } from '#platform/tags.ts';
import { accessPointKind } from '#services/s3control/access-points/kind.ts';
import { fail } from '#services/s3control/errors.ts';
import type { S3ControlParts } from '#services/s3control/parts.ts';

type Tags = Readonly<Record<string, string>>;

interface Tagged {
  tags(): Tags;
  change(set: Tags, remove: readonly string[]): void | Promise<void>;
}

const DIRECTORY_BUCKET = /^arn:aws:s3express:[^:]*:\d{12}:bucket\/([^/]+)$/;

export const bucketOfArn = (arn: string): string | undefined =>
  (/^arn:aws:s3:::([^/]+)$/.exec(arn) ?? DIRECTORY_BUCKET.exec(arn))?.[1];

/** "For directory buckets, you must have the s3express:TagResource permission" (API Reference, TagResource). */
export const tagAction =
  (verb: 'TagResource' | 'UntagResource' | 'ListTagsForResource') =>
  ({ ResourceArn }: { readonly ResourceArn: string }): readonly string[] => [
    `${DIRECTORY_BUCKET.test(ResourceArn) ? 's3express' : 's3'}:${verb}`,
  ];

function open({ buckets }: S3ControlParts, call: Call, arn: string): Tagged {
  const bucket = bucketOfArn(arn);
  if (bucket !== undefined) {
    const { account, region } = buckets.find(bucket) ?? fail('NoSuchResource');
    if (account !== call.account || region !== call.region || buckets.arnOf(bucket) !== arn) fail('NoSuchResource');
    return { tags: () => buckets.tagsOf(bucket), change: (set, remove) => buckets.changeTags(bucket, set, remove) };
  }
  if (!call.partition.read((tx) => accessPointKind.exists(tx, arn))) fail('NoSuchResource');
  return {
    tags: () => call.partition.read((tx) => tagsOf(tx, arn)),
    change: (set, remove) =>
      call.transact((tx) => {
        removeTags(tx, arn, remove);
        setTags(tx, arn, set);
      }),
  };
}

export const tagResource =
  (parts: S3ControlParts) =>
  async (input: TagResourceRequest, call: Call): Promise<object> => {
    const tagged = open(parts, call, input.ResourceArn);
    const tags = Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value]));
    checkTags(tags, tagged.tags(), { invalid: 'InvalidTag', tooMany: 'TooManyTagsException' });
    await tagged.change(tags, []);
    return {};
  };

export const untagResource =
  (parts: S3ControlParts) =>
  async (input: UntagResourceRequest, call: Call): Promise<object> => {
    await open(parts, call, input.ResourceArn).change({}, input.TagKeys);
    return {};
  };

export const listTagsForResource =
  (parts: S3ControlParts) =>
  (input: ListTagsForResourceRequest, call: Call): ListTagsForResourceResult => ({
    Tags: Object.entries(open(parts, call, input.ResourceArn).tags()).map(([Key, Value]) => ({ Key, Value })),
  });
