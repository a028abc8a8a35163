/**
 * AWS CloudTrail: who did what. The kernel writes a record of every management call into the partition that it speaks of
 * (platform/audit). Here they become the event history, the log files of trails, and the rates that insights are found in.
 *
 * Order of reading: state.ts, collector.ts, history.ts, then trails.ts and delivery.ts.
 */
import type { CloudTrailOperations as Operations } from '#platform/model/generated/cloudtrail.ts';
import { type Call, type CallScope, defineService, type Handlers } from '#platform/service.ts';
import { deleteTrail } from './delete-trail.ts';
import { type DeliveryDeps, deliverLogs } from './delivery.ts';
import { refuse } from './errors.ts';
import { getEventConfiguration, putEventConfiguration } from './event-configuration.ts';
import { getEventSelectors, getInsightSelectors, putEventSelectors, putInsightSelectors } from './event-selectors.ts';
import { sweepHistory } from './history.ts';
import { listInsightsData, listInsightsMetricData } from './insight-metrics.ts';
import { getTrailStatus, startLogging, stopLogging } from './logging.ts';
import { type LookupDeps, lookupEvents } from './lookup-events.ts';
import type { SigningKeys } from './signing-keys.ts';
import { addTags, listTags, removeTrailTags } from './tags.ts';
import { arnOf } from './trail-names.ts';
import { createTrail, describeTrails, getTrail, listTrails, type TrailDeps, trailKind, updateTrail } from './trails.ts';

export interface CloudTrailDeps extends LookupDeps, TrailDeps {
  readonly keys: SigningKeys;
}

const LAKE = 'CloudTrail Lake keeps and queries events by SQL: event data stores come later';
const DASHBOARDS = 'dashboards show queries of CloudTrail Lake, which comes later';
const CHANNELS = 'channels bring events of others into CloudTrail Lake, which comes later';
const IMPORTS = 'imports fill event data stores of CloudTrail Lake, which comes later';
const POLICIES = 'only event data stores, dashboards and channels have policies, and they come later';

const notImplemented = {
  CancelQuery: LAKE,
  CreateChannel: CHANNELS,
  CreateDashboard: DASHBOARDS,
  CreateEventDataStore: LAKE,
  DeleteChannel: CHANNELS,
  DeleteDashboard: DASHBOARDS,
  DeleteEventDataStore: LAKE,
  DeleteResourcePolicy: POLICIES,
  DescribeQuery: LAKE,
  DisableFederation: LAKE,
  EnableFederation: LAKE,
  GenerateQuery: 'queries are written by a language model, which this cloud does not have',
  GetChannel: CHANNELS,
  GetDashboard: DASHBOARDS,
  GetEventDataStore: LAKE,
  GetImport: IMPORTS,
  GetQueryResults: LAKE,
  GetResourcePolicy: POLICIES,
  ListChannels: CHANNELS,
  ListDashboards: DASHBOARDS,
  ListEventDataStores: LAKE,
  ListImportFailures: IMPORTS,
  ListImports: IMPORTS,
  ListQueries: LAKE,
  PutResourcePolicy: POLICIES,
  RestoreEventDataStore: LAKE,
  SearchSampleQueries: LAKE,
  StartDashboardRefresh: DASHBOARDS,
  StartEventDataStoreIngestion: LAKE,
  StartImport: IMPORTS,
  StartQuery: LAKE,
  StopEventDataStoreIngestion: LAKE,
  StopImport: IMPORTS,
  UpdateChannel: CHANNELS,
  UpdateDashboard: DASHBOARDS,
  UpdateEventDataStore: LAKE,
} as const;

const all = (): string => '*';
const named = { resource: ({ Name }: { readonly Name: string }, scope: CallScope) => arnOf(Name, scope) } as const;
const trailNamed = {
  resource: ({ TrailName }: { readonly TrailName?: string }, scope: CallScope) => arnOf(TrailName, scope),
} as const;
const tagged = { resource: ({ ResourceId }: { readonly ResourceId: string }) => ResourceId } as const;
const noOrganization = (): never => refuse('OrganizationsNotInUseException');

const deliveryDeps = ({ trails, bucket, keys, collector }: CloudTrailDeps): DeliveryDeps => ({
  ...{ trails, bucket, keys },
  take: (account, region) => collector.take(account, region),
});

const operations = (deps: CloudTrailDeps) => {
  const { trails, keys } = deps;
  /** Handlers that need to know the trails of other regions. */
  const withTrails =
    <In, Out>(handler: (directory: typeof trails, input: In, call: Call) => Out) =>
    (input: In, call: Call): Out =>
      handler(trails, input, call);
  return {
    AddTags: { handler: addTags, ...tagged },
    CreateTrail: { handler: (input, call) => createTrail(deps, input, call), ...named, steps: true },
    DeleteTrail: { handler: (input, call) => deleteTrail(deliveryDeps(deps), input, call), ...named, steps: true },
    DeregisterOrganizationDelegatedAdmin: { handler: noOrganization, resource: all },
    DescribeTrails: { handler: withTrails(describeTrails), resource: all },
    GetEventConfiguration: { handler: withTrails(getEventConfiguration), ...trailNamed },
    GetEventSelectors: { handler: withTrails(getEventSelectors), ...trailNamed },
    GetInsightSelectors: { handler: withTrails(getInsightSelectors), ...trailNamed },
    GetTrail: { handler: withTrails(getTrail), ...named },
    GetTrailStatus: { handler: withTrails(getTrailStatus), ...named },
    ListInsightsData: {
      handler: (input, call) => listInsightsData(deps, input, call),
      resource: ({ InsightSource }) => InsightSource,
    },
    ListInsightsMetricData: {
      handler: withTrails(listInsightsMetricData),
      resource: ({ TrailName }, scope) => (TrailName === undefined ? '*' : arnOf(TrailName, scope)),
      // "… is linked to the cloudtrail:LookupEvents action", for a trail's data events to ListInsightsData as well.
      action: ({ TrailName }) => [
        'cloudtrail:LookupEvents',
        ...(TrailName === undefined ? [] : ['cloudtrail:ListInsightsData']),
      ],
    },
    ListPublicKeys: { handler: keys.list, resource: all },
    ListTags: { handler: listTags, resource: ({ ResourceIdList }) => ResourceIdList },
    ListTrails: { handler: (input, call) => listTrails(deps, input, call), resource: all },
    LookupEvents: { handler: (input, call) => lookupEvents(deps, input, call), resource: all, steps: true },
    PutEventConfiguration: { handler: withTrails(putEventConfiguration), ...trailNamed },
    PutEventSelectors: { handler: withTrails(putEventSelectors), ...trailNamed },
    PutInsightSelectors: {
      handler: (input, call) => putInsightSelectors(deps, input, call),
      ...trailNamed,
      steps: true,
    },
    RegisterOrganizationDelegatedAdmin: { handler: noOrganization, resource: all },
    RemoveTags: { handler: removeTrailTags, ...tagged },
    StartLogging: { handler: withTrails(startLogging), ...named },
    StopLogging: { handler: withTrails(stopLogging), ...named },
    UpdateTrail: { handler: (input, call) => updateTrail(deps, input, call), ...named, steps: true },
  } satisfies Handlers<Operations, typeof notImplemented>;
};

export const cloudtrail = (deps: CloudTrailDeps) =>
  defineService({
    defaults: { event: 'management', usage: 'Requests' },
    operations: operations(deps),
    notImplemented,
    kinds: { trail: trailKind },
    quotas: {},
    // "The rate of lookup requests is limited to two per second, per account, per Region."
    throttles: { LookupEvents: { perSecond: 2, burst: 2 }, ListInsightsData: { perSecond: 2, burst: 2 } },
    timers: { sweepHistory },
    reconcilers: {
      deliverLogs: deliverLogs(deliveryDeps(deps)),
    },
  });
