/** Tags of keys: the platform's, in KMS's form and errors. */
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { checkTags, removeTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/kms/errors.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkCustomerManaged, checkState } from '#services/kms/keys/key-states.ts';
import type { OpenKey } from '#services/kms/keys/open-key.ts';
import { pageOf } from '#services/kms/paging.ts';
import type { KmsParts } from '#services/kms/parts.ts';

export const tagList = (tags: Tags): Model.Tag[] =>
  Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));

/** Checks and writes. `arn` is of a key that is there, or about to be. */
export function addTags(tx: Transaction, arn: string, list: readonly Model.Tag[] | undefined): void {
  const tags: Record<string, string> = {};
  for (const { TagKey, TagValue } of list ?? []) {
    if (Object.hasOwn(tags, TagKey)) fail('Tag', `Duplicate tag key: ${TagKey}`);
    tags[TagKey] = TagValue;
  }
  checkTags(tags, tagsOf(tx, arn), { invalid: 'TagException', tooMany: 'LimitExceededException' });
  setTags(tx, arn, tags);
}

function keyToTag(call: Call, keyId: string): OpenKey {
  const key = keyOf(call.tx, call, keyId);
  checkCustomerManaged(key);
  checkState(key, 'change');
  return key;
}

export function tagResource(input: Model.TagResourceRequest, call: Call): void {
  addTags(call.tx, keyToTag(call, input.KeyId).arn, input.Tags);
}

export function untagResource(input: Model.UntagResourceRequest, call: Call): void {
  const { arn } = keyToTag(call, input.KeyId);
  if (input.TagKeys.some((key) => /^aws:/i.test(key))) fail('Tag', 'Tag keys starting with aws: are reserved.');
  removeTags(call.tx, arn, input.TagKeys);
}

export function listResourceTags(
  { pages }: KmsParts,
  input: Model.ListResourceTagsRequest,
  call: Call,
): Model.ListResourceTagsResponse {
  const key = keyOf(call.tx, call, input.KeyId);
  const tags = tagList(tagsOf(call.tx, key.arn));
  const { items, more } = pageOf(
    pages,
    call,
    input,
    { arn: key.arn },
    { usual: 50, most: 50 },
    (after, count) => tags.filter(({ TagKey }) => after === undefined || TagKey > after).slice(0, count),
    ({ TagKey }) => TagKey,
  );
  return { Tags: items, ...more };
}
