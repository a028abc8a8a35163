/**
 * What an instance's time costs: by the second while it runs, at least a minute from each start ("EC2 billing and purchasing options",
 * per-second billing). The minute is counted when it starts, the rest now and then, and when it stops; the row says up to when, so
 * nothing is counted twice.
 */
import { type Milliseconds, minutes } from '#platform/base/clock.ts';
import { meterIn } from '#platform/metering/usage.ts';
import type { Transaction } from '#platform/store/store.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { resourceArn } from '#services/ec2/resources.ts';

const LEAST: Milliseconds = minutes(1);

/** The row, counted up to `now`; it goes on as long as it runs. */
export function metered(tx: Transaction, row: InstanceRow, now: number): InstanceRow {
  const isRunning = row.state === 'running';
  const from = row.meteredUntil ?? (isRunning ? now : undefined);
  if (from === undefined) return row;
  const until = row.meteredUntil === undefined ? from + LEAST : Math.max(from, now);
  const whole = Math.floor((until - from) / 1000);
  if (whole > 0) count(tx, row, now, whole);
  const { meteredUntil: _, ...rest } = row;
  return isRunning ? { ...rest, meteredUntil: from + whole * 1000 } : rest;
}

function count(tx: Transaction, { id, type }: InstanceRow, now: number, amount: number): void {
  const { account, region } = tx.partition.name;
  const resource = resourceArn({ account, region }, 'instance', id);
  meterIn(tx, now, { usageType: `BoxUsage:${type}`, operation: 'RunInstances', resource }, amount);
}
