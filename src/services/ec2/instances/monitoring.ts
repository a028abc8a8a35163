/** Detailed monitoring: on or off. Metrics themselves are CloudWatch's. */
import type {
  MonitorInstancesRequest,
  MonitorInstancesResult,
  UnmonitorInstancesResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { findInstances } from '#services/ec2/instances/instances.ts';
import { putInstance } from '#services/ec2/instances/up.ts';

function monitored({ InstanceIds: ids }: MonitorInstancesRequest, { tx }: Call, isMonitored: boolean) {
  const rows = findInstances(tx, ids);
  for (const row of rows) if (row.isMonitored !== isMonitored) putInstance(tx, { ...row, isMonitored });
  return rows;
}

export const monitorInstances = (input: MonitorInstancesRequest, call: Call): MonitorInstancesResult => ({
  InstanceMonitorings: monitored(input, call, true).map(({ id, isMonitored }) => ({
    InstanceId: id,
    Monitoring: { State: isMonitored ? 'enabled' : 'pending' },
  })),
});

export const unmonitorInstances = (input: MonitorInstancesRequest, call: Call): UnmonitorInstancesResult => ({
  InstanceMonitorings: monitored(input, call, false).map(({ id, isMonitored }) => ({
    InstanceId: id,
    Monitoring: { State: isMonitored ? 'disabling' : 'disabled' },
  })),
});
