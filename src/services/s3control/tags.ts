/** Tags of what S3 Control has: access points. */
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

function existing({ tx }: Call, arn: string): string {
  return accessPointKind.exists(tx, arn) ? arn : fail('NoSuchResource');
}

export const tagResource = ({ ResourceArn, Tags }: TagResourceRequest, call: Call): object => {
  const arn = existing(call, ResourceArn);
  const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  checkTags(tags, tagsOf(call.tx, arn), { invalid: 'InvalidTag', tooMany: 'TooManyTagsException' });
  setTags(call.tx, arn, tags);
  return {};
};

export const untagResource = ({ ResourceArn, TagKeys }: UntagResourceRequest, call: Call): object => {
  removeTags(call.tx, existing(call, ResourceArn), TagKeys);
  return {};
};

export const listTagsForResource = (
  { ResourceArn }: ListTagsForResourceRequest,
  call: Call,
): ListTagsForResourceResult => ({
  Tags: Object.entries(tagsOf(call.tx, existing(call, ResourceArn))).map(([Key, Value]) => ({ Key, Value })),
});
