/** StartInstances, StopInstances, RebootInstances, TerminateInstances: what should be is written down, and the reconciler follows. */
import type {
  InstanceStateChange,
  RebootInstancesRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { ReadTransaction, Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { STANDARD_VCPUS } from '#services/ec2/instance-limits.ts';
import { instanceType } from '#services/ec2/instance-types/types.ts';
import { findInstances } from '#services/ec2/instances/instances.ts';
import { REBOOT_GRACE, STATE_CODES } from '#services/ec2/instances/lifecycle.ts';
import { refuseForCapacity, roomFor } from '#services/ec2/instances/scheduler.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { type Happening, transition } from '#services/ec2/instances/transition.ts';
import { putInstance, upInstances } from '#services/ec2/instances/up.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { volumes } from '#services/ec2/volumes/state.ts';

const stateOf = ({ state }: InstanceRow) => ({ Code: STATE_CODES[state], Name: state });

const changeOf = (before: InstanceRow, after: InstanceRow): InstanceStateChange => ({
  InstanceId: after.id,
  CurrentState: stateOf(after),
  PreviousState: stateOf(before),
});

function change(parts: Ec2Parts, tx: Transaction, row: InstanceRow, happening: Happening): InstanceStateChange {
  const verb = { start: 'started', stop: 'stopped', terminate: 'terminated' }[happening.event as 'start'];
  const next = transition(parts, tx, row, happening) ?? fail('IncorrectInstanceState', row.id, verb);
  return changeOf(row, next);
}

function named(tx: ReadTransaction, ids: readonly string[]): readonly InstanceRow[] {
  if (ids.length === 0) fail('MissingParameter', 'InstanceId');
  return findInstances(tx, ids);
}

export const startInstances =
  (parts: Ec2Parts) =>
  ({ InstanceIds: ids }: StartInstancesRequest, call: Call): StartInstancesResult => {
    const StartingInstances = named(call.tx, ids).map((row) => {
      if (row.state === 'stopped') checkStart(parts, call, row);
      return change(parts, call.tx, row, { event: 'start', now: call.now });
    });
    return { StartingInstances };
  };

/** What was free while it was stopped may be taken. */
function checkStart(parts: Ec2Parts, call: Call, row: InstanceRow): void {
  const { tx, region } = call;
  const root = row.devices.find(({ device }) => device === row.rootDevice);
  if (root === undefined || volumes.find(tx, root.volume)?.attachment?.instance !== row.id) {
    fail(
      'InvalidValue',
      `Invalid value '${row.id}' for instanceId. Instance does not have a volume attached at root (${row.rootDevice})`,
    );
  }
  const type = instanceType(row.type) ?? fail('UnknownInstanceType', row.type);
  if (roomFor(parts, type, row.zone) < 1) refuseForCapacity(parts, type, row.zone, region);
  const limit = call.quota(STANDARD_VCPUS);
  const used = [...upInstances(tx.partition).values()].reduce((sum, { vcpus }) => sum + vcpus, 0);
  if (used + type.vcpus > limit) fail('VcpuLimitExceeded', limit);
}

export const stopInstances =
  (parts: Ec2Parts) =>
  (input: StopInstancesRequest, call: Call): StopInstancesResult => {
    const rows = named(call.tx, input.InstanceIds);
    const isForced = input.Force === true || input.SkipOsShutdown === true;
    const StoppingInstances = rows.map((row) => {
      if (input.Hibernate === true) fail('NotHibernatable', row.id);
      if (row.isStopProtected) fail('StopProtected', row.id);
      return change(parts, call.tx, row, { event: 'stop', now: call.now, isForced });
    });
    return { StoppingInstances };
  };

/** "Requests to reboot terminated instances are ignored." */
export function rebootInstances({ InstanceIds: ids }: RebootInstancesRequest, call: Call): void {
  for (const row of named(call.tx, ids)) {
    if (row.state === 'terminated' || row.state === 'shutting-down') continue;
    if (row.state !== 'running') fail('IncorrectInstanceState', row.id, 'rebooted');
    if (row.reboot === undefined) putInstance(call.tx, { ...row, reboot: { deadline: call.now + REBOOT_GRACE } });
  }
}

/**
 * Protected instances keep those of the same zone alive that are named with them; those of other zones end, although the request fails
 * (API Reference, TerminateInstances). So each zone is a transaction of its own.
 */
export const terminateInstances =
  (parts: Ec2Parts) =>
  async (input: TerminateInstancesRequest, call: Call): Promise<TerminateInstancesResult> => {
    const isForced = input.Force === true || input.SkipOsShutdown === true;
    const zones = call.partition.read((tx) => Object.groupBy(named(tx, input.InstanceIds), ({ zone }) => zone));
    const groups = Object.values(zones).flatMap((rows) => (rows === undefined ? [] : [rows]));
    const spared = groups.flatMap((rows) => rows.find(({ isTerminationProtected }) => isTerminationProtected) ?? []);
    const end = (tx: Transaction, ids: readonly string[]) =>
      findInstances(tx, ids).map((row) => change(parts, tx, row, { event: 'terminate', now: call.now, isForced }));
    const changes: ReturnType<typeof end> = [];
    for (const rows of groups) {
      if (rows.some(({ isTerminationProtected }) => isTerminationProtected)) continue;
      const ids = rows.map(({ id }) => id);
      changes.push(...(await again(() => call.transact((tx) => end(tx, ids)))));
    }
    if (spared[0] !== undefined) fail('TerminationProtected', spared[0].id);
    return { TerminatingInstances: changes };
  };
