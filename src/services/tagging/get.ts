/** What is tagged with what: GetResources, GetTagKeys, GetTagValues. */

import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/resourcegroupstaggingapi.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { type TaggedResource, type TaggingDeps, tagged } from '#services/tagging/resources.ts';

export interface GetDeps extends TaggingDeps {
  readonly pages: PageTokens;
}

const DEFAULT_RESOURCES_PER_PAGE = 50;
/** GetTagKeys and GetTagValues return 500 (keys) and 500 (values) at most a page. */
const NAMES_PER_PAGE = 500;

export function getResources(deps: GetDeps, input: Model.GetResourcesInput, call: Call): Model.GetResourcesOutput {
  check(input);
  const { PaginationToken: token, ...query } = input;
  const arns = input.ResourceARNList && new Set(input.ResourceARNList);
  const most = input.ResourcesPerPage ?? DEFAULT_RESOURCES_PER_PAGE;
  let tagsLeft = input.TagsPerPage ?? Number.POSITIVE_INFINITY;
  const found: Model.ResourceTagMapping[] = [];
  let last: TaggedResource | undefined;
  for (const resource of tagged(deps, call, positionOf(deps, call, query, token))) {
    if (arns !== undefined && !arns.has(resource.arn)) continue;
    if (!matchesType(resource.type, input.ResourceTypeFilters) || !matchesTags(resource, input.TagFilters)) continue;
    tagsLeft -= Object.keys(resource.tags).length;
    // A resource's tags are not split between pages; one resource fits always.
    if (last !== undefined && (found.length === most || tagsLeft < 0)) {
      return { PaginationToken: deps.pages.seal(call, query, last.position), ResourceTagMappingList: found };
    }
    found.push({
      ResourceARN: resource.arn,
      Tags: Object.entries(resource.tags).map(([Key, Value]) => ({ Key, Value })),
    });
    last = resource;
  }
  return { PaginationToken: '', ResourceTagMappingList: found };
}

function check(input: Model.GetResourcesInput): void {
  const { ResourcesPerPage: resources, TagsPerPage: tags } = input;
  if (resources !== undefined && (resources < 1 || resources > 100)) {
    fail('InvalidParameterException', 'ResourcesPerPage must be a number from 1 to 100');
  }
  if (tags !== undefined && (tags < 100 || tags > 500 || tags % 100 !== 0)) {
    fail('InvalidParameterException', 'TagsPerPage must be a multiple of 100 from 100 to 500');
  }
  const isFiltered = (input.TagFilters?.length ?? 0) > 0 || (input.ResourceTypeFilters?.length ?? 0) > 0;
  if (input.ResourceARNList !== undefined && (isFiltered || resources !== undefined || input.PaginationToken)) {
    fail('InvalidParameterException', 'ResourceARNList can not be combined with filters or pagination');
  }
  if (input.ExcludeCompliantResources && !input.IncludeComplianceDetails) {
    fail('InvalidParameterException', 'ExcludeCompliantResources requires IncludeComplianceDetails');
  }
}

function positionOf(deps: GetDeps, call: Call, query: unknown, token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  return deps.pages.open(call, query, token, () =>
    fail('PaginationTokenExpiredException', 'The pagination token is not valid'),
  );
}

/** `sqs` takes all of a service, `sqs:queue` one kind. */
const matchesType = (type: string, filters: readonly string[] | undefined): boolean =>
  filters === undefined ||
  filters.length === 0 ||
  filters.some((filter) => type === filter || type.startsWith(`${filter}:`));

/** All keys must be there, each with one of its values, or any value if none is named. */
const matchesTags = ({ tags }: TaggedResource, filters: Model.GetResourcesInput['TagFilters']): boolean =>
  (filters ?? []).every(({ Key: key, Values: values }) => {
    const value = key === undefined ? undefined : tags[key];
    return value !== undefined && (values === undefined || values.length === 0 || values.includes(value));
  });

export function getTagKeys(deps: GetDeps, input: Model.GetTagKeysInput, call: Call): Model.GetTagKeysOutput {
  const names = distinct(deps, call, ({ tags }) => Object.keys(tags));
  const { page, token } = pageOf(deps, call, names, {}, input.PaginationToken);
  return { PaginationToken: token, TagKeys: page };
}

export function getTagValues(deps: GetDeps, input: Model.GetTagValuesInput, call: Call): Model.GetTagValuesOutput {
  const values = distinct(deps, call, ({ tags }) => {
    const value = tags[input.Key];
    return value === undefined ? [] : [value];
  });
  const { page, token } = pageOf(deps, call, values, input.Key, input.PaginationToken);
  return { PaginationToken: token, TagValues: page };
}

function distinct(deps: GetDeps, call: Call, of: (resource: TaggedResource) => readonly string[]): string[] {
  const names = new Set<string>();
  for (const resource of tagged(deps, call, undefined)) for (const name of of(resource)) names.add(name);
  return [...names].sort();
}

function pageOf(deps: GetDeps, call: Call, names: readonly string[], query: unknown, token: string | undefined) {
  const after = positionOf(deps, call, query, token);
  const rest = after === undefined ? names : names.filter((name) => name > after);
  const page = rest.slice(0, NAMES_PER_PAGE);
  const last = page.at(-1);
  const hasMore = rest.length > page.length && last !== undefined;
  return { page, token: hasMore ? deps.pages.seal(call, query, last) : '' };
}
