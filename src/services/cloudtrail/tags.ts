/** Tags of trails, named by their ARNs. */
import { parseArn } from '#platform/base/arn.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { checkTags, removeTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { refuse } from './errors.ts';
import { trails } from './state.ts';
import { readName } from './trail-names.ts';

const MOST_ARNS = 20;

/** A tag without a value is one with an empty value here. */
export function checkedTags(list: readonly Model.Tag[], existing: Tags, arn: string): Tags {
  refuseTwice(list);
  const tags = Object.fromEntries(list.map(({ Key, Value }) => [Key, Value ?? '']));
  if (Object.keys({ ...existing, ...tags }).length > 50) refuse('TagsLimitExceededException', arn);
  checkTags(tags, existing, { invalid: 'InvalidTagParameterException', tooMany: 'TagsLimitExceededException' });
  return tags;
}

function refuseTwice(list: readonly Model.Tag[]): void {
  const keys = new Set(list.map(({ Key }) => Key));
  if (keys.size < list.length) refuse('InvalidTagParameterException', 'Tag keys must be unique.');
}

function checkTrail(tx: ReadTransaction, arn: string, call: Call): void {
  const parts = parseArn(arn);
  if (parts?.service !== 'cloudtrail') refuse('CloudTrailARNInvalidException', arn);
  if (!/^trail\//.test(parts?.resource ?? '')) refuse('ResourceTypeNotSupportedException', arn);
  const { name, region, account } = readName(arn);
  const isHere = region === call.region && account === call.account;
  if (!isHere || tx.get(trails, trails.key(name)) === undefined) refuse('ResourceNotFoundException', arn);
}

export function addTags({ ResourceId: arn, TagsList }: Model.AddTagsRequest, call: Call): object {
  checkTrail(call.tx, arn, call);
  setTags(call.tx, arn, checkedTags(TagsList, tagsOf(call.tx, arn), arn));
  return {};
}

export function removeTrailTags({ ResourceId: arn, TagsList }: Model.RemoveTagsRequest, call: Call): object {
  checkTrail(call.tx, arn, call);
  refuseTwice(TagsList);
  removeTags(
    call.tx,
    arn,
    TagsList.map(({ Key }) => Key),
  );
  return {};
}

export function listTags({ ResourceIdList }: Model.ListTagsRequest, call: Call): Model.ListTagsResponse {
  if (ResourceIdList.length > MOST_ARNS) refuse('ResourceNotFoundException', ResourceIdList[MOST_ARNS] ?? '');
  return {
    ResourceTagList: ResourceIdList.map((ResourceId) => {
      checkTrail(call.tx, ResourceId, call);
      const tags = Object.entries(tagsOf(call.tx, ResourceId));
      return { ResourceId, TagsList: tags.map(([Key, Value]) => ({ Key, ...(Value !== '' && { Value }) })) };
    }),
  };
}
