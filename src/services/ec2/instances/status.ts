/**
 * DescribeInstanceStatus. The system's status is whether the host runs the machine, the instance's whether its processors answer (the
 * reconciler asks them each minute); the volumes' status is theirs. Nothing is scheduled to happen to instances here, so there are no events.
 */
import type {
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  InstanceStatus,
  InstanceStatusSummary,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { instancesAfter, refuseBoth } from '#services/ec2/instances/describe-instances.ts';
import { findInstances } from '#services/ec2/instances/instances.ts';
import { STATE_CODES } from '#services/ec2/instances/lifecycle.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { type Viewer, viewerOf } from '#services/ec2/instances/view.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

const SUMMARIES = {
  ok: { Status: 'ok', Details: [{ Name: 'reachability', Status: 'passed' }] },
  initializing: { Status: 'initializing', Details: [{ Name: 'reachability', Status: 'initializing' }] },
  none: { Status: 'not-applicable' },
} satisfies Record<string, InstanceStatusSummary>;

const impaired = (since: number): InstanceStatusSummary => ({
  Status: 'impaired',
  Details: [{ Name: 'reachability', Status: 'failed', ImpairedSince: since }],
});

function systemStatus({ state, isOnHost, launchedAt }: InstanceRow): InstanceStatusSummary {
  if (state !== 'running') return SUMMARIES.none;
  return isOnHost ? SUMMARIES.ok : impaired(launchedAt);
}

function instanceStatus({ state, check }: InstanceRow): InstanceStatusSummary {
  if (state !== 'running') return SUMMARIES.none;
  if (check === undefined) return SUMMARIES.initializing;
  return check.isPassed ? SUMMARIES.ok : impaired(check.since);
}

function volumesStatus({ tx }: Viewer, { state, devices, launchedAt }: InstanceRow): InstanceStatusSummary {
  if (state !== 'running') return SUMMARIES.none;
  const isBroken = devices.some(({ volume }) => volumes.find(tx, volume)?.state === 'error');
  return isBroken ? impaired(launchedAt) : SUMMARIES.ok;
}

const shown = (viewer: Viewer, row: InstanceRow): InstanceStatus => ({
  InstanceId: row.id,
  AvailabilityZone: row.zone,
  AvailabilityZoneId: viewer.zoneId(row.zone),
  Events: [],
  InstanceState: { Code: STATE_CODES[row.state], Name: row.state },
  SystemStatus: systemStatus(row),
  InstanceStatus: instanceStatus(row),
  AttachedEbsStatus: volumesStatus(viewer, row),
});

const FIELDS: Fields<InstanceStatus> = {
  ...shownFields((status) => status, {
    'availability-zone': 'AvailabilityZone',
    'availability-zone-id': 'AvailabilityZoneId',
    'event.code': 'Events.Code',
    'event.description': 'Events.Description',
    'event.instance-event-id': 'Events.InstanceEventId',
    'event.not-after': 'Events.NotAfter',
    'event.not-before': 'Events.NotBefore',
    'event.not-before-deadline': 'Events.NotBeforeDeadline',
    'instance-state-code': 'InstanceState.Code',
    'instance-state-name': 'InstanceState.Name',
    'instance-status.reachability': 'InstanceStatus.Details.Status',
    'instance-status.status': 'InstanceStatus.Status',
    'operator.principal': 'Operator.Principal',
    'system-status.reachability': 'SystemStatus.Details.Status',
    'system-status.status': 'SystemStatus.Status',
    'attached-ebs-status.status': 'AttachedEbsStatus.Status',
  }),
  // Of guests that tell EC2 about what runs in them.
  'application-status.status': () => undefined,
  'operator.managed': () => 'false',
};

export const describeInstanceStatus =
  ({ pages }: Ec2Parts) =>
  (input: DescribeInstanceStatusRequest, call: Call): DescribeInstanceStatusResult => {
    const { InstanceIds: ids = [], Filters: filters, IncludeAllInstances: isAll = false } = input;
    refuseBoth(ids, input.MaxResults);
    const { tx } = call;
    const viewer = viewerOf(tx);
    const passes = compileFilters(filters, FIELDS);
    const named = ids.length > 0 ? findInstances(tx, ids) : undefined;
    const { items, more } = pageOf(pages, call, input, [ids, filters, isAll], function* (position) {
      for (const row of named ?? instancesAfter(tx, position)) {
        if (!isAll && row.state !== 'running') continue;
        const item = shown(viewer, row);
        if (passes(item)) yield { item, position: row.id };
      }
    });
    return { InstanceStatuses: [...items], ...more };
  };
