/**
 * Resource Groups Tagging API: tags over all services, derived from what services declare of their kinds. It has no state of
 * its own: tags are the platform's rows beside each resource.
 */
import type { ResourceGroupsTaggingApiOperations as Operations } from '#platform/model/generated/resourcegroupstaggingapi.ts';
import { defineService, type Handlers } from '#platform/service.ts';
import { tagResources, untagResources } from '#services/tagging/change.ts';
import { type GetDeps, getResources, getTagKeys, getTagValues } from '#services/tagging/get.ts';
import { fromAll } from '#services/tagging/resources.ts';

const notImplemented = {
  DescribeReportCreation: 'reports tell of all accounts of an organization, which comes later',
  StartReportCreation: 'reports tell of all accounts of an organization, which comes later',
  GetComplianceSummary: 'tag policies belong to Organizations, which comes later',
  ListRequiredTags: 'tag policies belong to Organizations, which comes later',
} as const;

const all = (): string => '*';

export const tagging = (deps: GetDeps) =>
  defineService({
    defaults: { event: 'management', usage: 'Requests' },
    operations: {
      GetResources: {
        handler: (input, call) => fromAll(deps, call, () => getResources(deps, input, call)),
        resource: all,
        steps: true,
      },
      GetTagKeys: {
        handler: (input, call) => fromAll(deps, call, () => getTagKeys(deps, input, call)),
        resource: all,
        steps: true,
      },
      GetTagValues: {
        handler: (input, call) => fromAll(deps, call, () => getTagValues(deps, input, call)),
        resource: all,
        steps: true,
      },
      TagResources: { handler: (input, call) => tagResources(deps, input, call), resource: all, steps: true },
      UntagResources: { handler: (input, call) => untagResources(deps, input, call), resource: all, steps: true },
    } satisfies Handlers<Operations, typeof notImplemented>,
    notImplemented,
    kinds: {},
    quotas: {},
    // AWS documents 15 GetResources calls a second, 5 of the others.
    throttles: {
      GetResources: { perSecond: 15, burst: 15 },
      TagResources: { perSecond: 5, burst: 5 },
      UntagResources: { perSecond: 5, burst: 5 },
      GetTagKeys: { perSecond: 5, burst: 5 },
      GetTagValues: { perSecond: 5, burst: 5 },
    },
    throttlingError: 'ThrottledException',
  });
