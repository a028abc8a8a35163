/** Whether a trail logs, and how its delivery goes. */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import { deliveryOf } from './delivery.ts';
import type { TrailRow } from './state.ts';
import type { TrailDirectory } from './trail-directory.ts';
import { ownTrail, putTrail, seenTrail } from './trails.ts';

export function startLogging(directory: TrailDirectory, { Name }: Model.StartLoggingRequest, call: Call): object {
  const row = ownTrail(directory, Name, call, call.tx);
  if (row.isLogging) return {};
  const { startedAt, stoppedAt, stoppedBy } = row;
  const earlier = {
    ...(startedAt !== undefined && { startedAt }),
    ...(stoppedAt !== undefined && { stoppedAt }),
    ...(stoppedBy !== undefined && { stoppedBy }),
  };
  putTrail(directory, call.tx, call.account, { ...row, isLogging: true, startedAt: call.now, earlier });
  return {};
}

export function stopLogging(directory: TrailDirectory, { Name }: Model.StopLoggingRequest, call: Call): object {
  const row = ownTrail(directory, Name, call, call.tx);
  if (!row.isLogging) return {};
  putTrail(directory, call.tx, call.account, stopped(row, call));
  return {};
}

export const stopped = (row: TrailRow, { now, eventId }: Pick<Call, 'now' | 'eventId'>): TrailRow => ({
  ...row,
  isLogging: false,
  stoppedAt: now,
  stoppedBy: eventId,
});

/** Of this region: each region that a trail logs delivers by itself. */
export function getTrailStatus(
  directory: TrailDirectory,
  { Name }: Model.GetTrailStatusRequest,
  call: Call,
): Model.GetTrailStatusResponse {
  const { row, arn } = seenTrail(directory, Name, call);
  const delivery = deliveryOf(call.tx, arn);
  return {
    IsLogging: row.isLogging,
    ...(delivery.latestError !== undefined && { LatestDeliveryError: delivery.latestError }),
    ...(delivery.latestDelivery !== undefined && { LatestDeliveryTime: delivery.latestDelivery }),
    ...(delivery.latestDigest !== undefined && { LatestDigestDeliveryTime: delivery.latestDigest }),
    ...(delivery.latestDigestError !== undefined && { LatestDigestDeliveryError: delivery.latestDigestError }),
    ...(row.startedAt !== undefined && { StartLoggingTime: row.startedAt, TimeLoggingStarted: textOf(row.startedAt) }),
    ...(row.stoppedAt !== undefined && { StopLoggingTime: row.stoppedAt, TimeLoggingStopped: textOf(row.stoppedAt) }),
    LatestDeliveryAttemptTime: delivery.latestDelivery === undefined ? '' : textOf(delivery.latestDelivery),
    LatestNotificationAttemptTime: '',
    LatestNotificationAttemptSucceeded: '',
    LatestDeliveryAttemptSucceeded: delivery.latestDelivery === undefined ? '' : textOf(delivery.latestDelivery),
  };
}

/** `2026-01-31T12:00:00Z`, as the fields that are no longer in use have it. */
const textOf = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
