/** CreateTags, DeleteTags and DescribeTags: one operation each for the resources of all types, by their ids. */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  DescribeTagsResult,
  TagDescription,
} from '#platform/model/generated/ec2.ts';
import type { Call, CallScope, ConditionValues } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { removeTags, setTags, taggedResources, tagsOf } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { type PageInput, pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { findResource, resourceId, resourceType } from '#services/ec2/resources.ts';
import { type GivenTag, requestTagConditions, tagsOfList } from '#services/ec2/tags/tag-specifications.ts';

interface Naming {
  readonly Resources: readonly (string | undefined)[];
  readonly Tags?: readonly GivenTag[];
}

const MOST_RESOURCES = 1000;

function namedResources(tx: ReadTransaction, { Resources: given }: Naming): string[] {
  const ids = given.flatMap((id) => (id === undefined || id === '' ? [] : id));
  if (ids.length === 0) fail('MissingParameter', 'resourceIdSet');
  if (ids.length > MOST_RESOURCES)
    fail('InvalidValue', `At most ${MOST_RESOURCES} resources can be named in a request.`);
  return ids.map((id) => findResource(tx, id));
}

/** The ARNs that the caller needs permission on. */
export const taggedArns = (input: Naming, scope: CallScope): readonly string[] =>
  scope.read((tx) => namedResources(tx, input));

export const tagConditions = ({ Tags: tags = [] }: Naming): ConditionValues => requestTagConditions(tags);

export function createTags(input: CreateTagsRequest, { tx }: Call): void {
  if (input.Tags.length === 0) fail('MissingParameter', 'tagSet');
  for (const arn of namedResources(tx, input)) setTags(tx, arn, tagsOfList(input.Tags, tagsOf(tx, arn)));
}

/** A tag that is not there, or has another value than the one that is named, stays as it is. */
export function deleteTags(input: DeleteTagsRequest, { tx }: Call): void {
  for (const arn of namedResources(tx, input)) {
    const present = tagsOf(tx, arn);
    const keys = input.Tags?.length ? input.Tags.flatMap((tag) => matching(tag, present)) : Object.keys(present);
    removeTags(
      tx,
      arn,
      keys.filter((key) => !key.startsWith('aws:')),
    );
  }
}

function matching({ Key: key, Value: value }: GivenTag, present: Readonly<Record<string, string>>): string[] {
  if (key === undefined) return fail('MissingParameter', 'tagKey');
  return Object.hasOwn(present, key) && (value === undefined || present[key] === value) ? [key] : [];
}

interface Tag {
  readonly type: string;
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

const FIELDS: Fields<Tag> = {
  key: ({ key }) => key,
  'resource-id': ({ id }) => id,
  'resource-type': ({ type }) => type,
  value: ({ value }) => value,
};

const RESOURCES_AT_ONCE = 200;

export const describeTags =
  ({ pages }: Ec2Parts) =>
  (input: DescribeTagsRequest, call: Call): DescribeTagsResult => {
    const passes = compileFilters(input.Filters, FIELDS, ({ key, value }) => ({ [key]: value }));
    const { items, more } = pageOf(pages, call, input as PageInput, [input.Filters], tagsAfter(call.tx, passes));
    return { Tags: items.map(shown), ...more };
  };

/** In the order of ARNs and keys; a position is both of the last one. */
const tagsAfter = (tx: ReadTransaction, passes: (tag: Tag) => boolean) =>
  function* (position: string | undefined): Generator<{ item: Tag; position: string }> {
    const [from, fromKey] = position === undefined ? [] : (JSON.parse(position) as [string, string]);
    if (from !== undefined) yield* tagsOn(from, tagsOf(tx, from), passes, fromKey);
    let after = from;
    for (;;) {
      const resources = taggedResources(tx, after, RESOURCES_AT_ONCE);
      for (const { arn, tags } of resources) yield* tagsOn(arn, tags, passes, undefined);
      after = resources.at(-1)?.arn;
      if (resources.length < RESOURCES_AT_ONCE) return;
    }
  };

function* tagsOn(
  arn: string,
  tags: Readonly<Record<string, string>>,
  passes: (tag: Tag) => boolean,
  after: string | undefined,
): Generator<{ item: Tag; position: string }> {
  const resource = { type: resourceType(arn), id: resourceId(arn) };
  const keys = Object.keys(tags).sort();
  for (const key of keys) {
    if (after !== undefined && key <= after) continue;
    const item = { ...resource, key, value: tags[key] ?? '' };
    if (passes(item)) yield { item, position: JSON.stringify([arn, key]) };
  }
}

const shown = ({ type, id, key, value }: Tag): TagDescription => ({
  Key: key,
  ResourceId: id,
  // Of one of the kinds that there are.
  ResourceType: type as NonNullable<TagDescription['ResourceType']>,
  Value: value,
});
