/**
 * Tags that come with what is created (User Guide, "Grant permission to tag Amazon EC2 resources during creation"): who gives some
 * needs ec2:CreateTags on the new resource as well, under the condition ec2:CreateAction.
 */
import type { ResourceType } from '#platform/model/generated/ec2.ts';
import type { ConditionValues, FurtherPermission } from '#platform/service.ts';
import { checkTags as checkResourceTags, type Tags } from '#platform/tags.ts';
import { fail } from '#services/ec2/errors.ts';

export interface GivenTag {
  readonly Key?: string;
  readonly Value?: string;
}

interface TagSpecification {
  readonly ResourceType?: string;
  readonly Tags?: readonly GivenTag[];
}

interface Tagging {
  readonly TagSpecifications?: readonly TagSpecification[];
}

const MOST_TAGS = 50;

/** As a record; checked, but for what the resource has already. */
export function tagsOfList(list: readonly GivenTag[], existing: Tags = {}): Tags {
  const tags: Record<string, string> = {};
  for (const { Key: key, Value: value = '' } of list) {
    if (key === undefined || key === '') return fail('MissingParameter', 'tagKey');
    if (Object.hasOwn(tags, key)) fail('InvalidValue', `Duplicate tag key '${key}' specified.`);
    tags[key] = value;
  }
  if (Object.keys({ ...existing, ...tags }).length > MOST_TAGS) fail('TagLimitExceeded', MOST_TAGS);
  checkResourceTags(tags, existing, { invalid: 'InvalidParameterValue', tooMany: 'TagLimitExceeded' });
  return tags;
}

/** Of a new resource of this type. Specifications of other types are refused: nothing of them is created. */
export function tagsFor(type: ResourceType, { TagSpecifications: specifications = [] }: Tagging): Tags {
  refuseOthers([type], specifications);
  return tagsOfList(specifications.flatMap(({ Tags: tags = [] }) => tags));
}

function refuseOthers(types: readonly string[], specifications: readonly TagSpecification[]): void {
  const other = specifications.find(({ ResourceType: named }) => named === undefined || !types.includes(named));
  if (other === undefined) return;
  if (other.ResourceType === undefined) fail('InvalidValue', 'Tag specification resource type must have a value');
  fail('InvalidValue', `'${other.ResourceType}' is not a valid taggable resource type for this operation.`);
}

/** Of each of several types that are created at once (RunInstances: the instance, its volumes, its interfaces). */
export function tagsForEach<const Type extends ResourceType>(
  types: readonly Type[],
  { TagSpecifications: specifications = [] }: Tagging,
): Readonly<Record<Type, Tags>> {
  refuseOthers(types, specifications);
  const ofType = (type: Type) =>
    tagsFor(type, { TagSpecifications: specifications.filter(({ ResourceType: named }) => named === type) });
  // A record of just these types.
  return Object.fromEntries(types.map((type) => [type, ofType(type)])) as Record<Type, Tags>;
}

const listed = ({ TagSpecifications: specifications = [] }: Tagging): readonly GivenTag[] =>
  specifications.flatMap(({ Tags: tags = [] }) => tags);

/** aws:RequestTag and aws:TagKeys, as EC2's inputs have them. */
export function requestTagConditions(tags: readonly GivenTag[]): ConditionValues {
  const keys = tags.flatMap(({ Key: key }) => (key === undefined ? [] : key));
  if (keys.length === 0) return {};
  const values = tags.map(({ Key: key = '', Value: value = '' }) => [`aws:requesttag/${key.toLowerCase()}`, value]);
  return { 'aws:tagkeys': keys, ...Object.fromEntries(values) };
}

/** The conditions of creating something with tags. */
export const taggedConditions = (input: Tagging): ConditionValues => requestTagConditions(listed(input));

export function permissionToTag(action: string, resource: string, input: Tagging): readonly FurtherPermission[] {
  const tags = listed(input);
  if (tags.length === 0) return [];
  const conditions = { 'ec2:createaction': action, ...requestTagConditions(tags) };
  return [{ action: 'ec2:CreateTags', resource, conditions }];
}

export const shownTags = (tags: Tags): { Key: string; Value: string }[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
