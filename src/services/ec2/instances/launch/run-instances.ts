/** RunInstances: rows of instances, with their volumes and interfaces, in one transaction. The reconciler starts the machines. */

import { uuid } from '#platform/base/ids.ts';
import type { Reservation, RunInstancesRequest } from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { Suspend, type Transaction } from '#platform/store/store.ts';
import { setTags } from '#platform/tags.ts';
import { spareAddresses } from '#services/ec2/addresses/state.ts';
import { fail } from '#services/ec2/errors.ts';
import { STANDARD_VCPUS } from '#services/ec2/instance-limits.ts';
import type { InterfaceWish } from '#services/ec2/instances/launch/network.ts';
import { type LaunchPlan, launchPlan } from '#services/ec2/instances/launch/plan.ts';
import { refuseForCapacity, roomFor } from '#services/ec2/instances/scheduler.ts';
import { type InstanceRow, userData } from '#services/ec2/instances/state.ts';
import { putInstance, upInstances } from '#services/ec2/instances/up.ts';
import { shownReservations, sightOf, viewerOf } from '#services/ec2/instances/view.ts';
import { attachInterface, createInterface, giveBorrowedPublicIp } from '#services/ec2/network-interfaces/lifecycle.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { createVolumeFor } from '#services/ec2/volumes/volumes.ts';
import { ensureDefaultVpc } from '#services/ec2/vpcs/make-vpc.ts';

export const runInstances =
  (parts: Ec2Parts) =>
  (input: RunInstancesRequest, call: Call): Reservation => {
    const { tx } = call;
    ensureDefaultVpc(tx, call);
    const plan = launchPlan(parts, tx, input);
    const count = countOf(parts, call, plan, input);
    if (plan.draft.borrowsPublicIp) reserveAddresses(parts, tx, count);
    const reservation = newId('r');
    const rows = Array.from({ length: count }, (_, index) => launch(parts, call, plan, reservation, index));
    const viewer = viewerOf(tx);
    const [shown] = shownReservations(
      viewer,
      rows.map((row) => sightOf(viewer, row)),
    );
    return shown ?? fail('InvalidValue', 'Nothing was launched.');
  };

/** As many as there is room for, between the least and the most that are asked for. */
function countOf(parts: Ec2Parts, call: Call, plan: LaunchPlan, { MinCount: least, MaxCount: most }: Counts): number {
  const { type, draft, interfaces } = plan;
  if (least < 1) fail('InvalidParameter', 'minCount', String(least), 'It must be at least 1.');
  if (most < least) fail('InvalidParameter', 'maxCount', String(most), 'It must be at least minCount.');
  const isNamed = interfaces.some(({ existing, privateIps }) => existing !== undefined || privateIps.length > 0);
  if (isNamed && most > 1) {
    fail('InvalidCombination', 'An interface or an address that is named can be used by one instance alone.');
  }
  const limit = call.quota(STANDARD_VCPUS);
  const used = [...upInstances(call.partition).values()].reduce((sum, { vcpus }) => sum + vcpus, 0);
  const allowed = Math.floor((limit - used) / type.vcpus);
  if (allowed < least) fail('VcpuLimitExceeded', limit);
  const room = roomFor(parts, type, draft.zone);
  if (room < least) refuseForCapacity(parts, type, draft.zone, call.region);
  return Math.min(most, allowed, room);
}

type Counts = Pick<RunInstancesRequest, 'MinCount' | 'MaxCount'>;

/** All at once: each one that is missing would have the launch begin anew. */
function reserveAddresses({ publicAddresses }: Ec2Parts, tx: Transaction, count: number): void {
  const missing = count - tx.range(spareAddresses, { limit: count }).length;
  if (missing <= 0) return;
  const asked = Array.from({ length: missing }, () => publicAddresses.prepare(tx.partition));
  throw new Suspend(Promise.all(asked).then(() => undefined));
}

function launch(parts: Ec2Parts, call: Call, plan: LaunchPlan, reservation: string, launchIndex: number): InstanceRow {
  const { tx, now } = call;
  const id = newId('i');
  const interfaces = plan.interfaces.map((wish) => interfaceFor(parts, call, plan, wish, id));
  const devices = plan.devices.map((device) => {
    const volume = createVolumeFor(parts, tx, call, { device, zone: plan.draft.zone, instance: id });
    setTags(tx, resourceArn(call, 'volume', volume.id), plan.tags.volume);
    return { device: device.device, volume: volume.id };
  });
  const { clientToken, requester } = { clientToken: plan.wanted.ClientToken, requester: requesterOf(call) };
  if (plan.userData !== undefined) userData.put(tx, { id, base64: plan.userData });
  setTags(tx, resourceArn(call, 'instance', id), tagsOf(plan));
  return putInstance(tx, {
    id,
    reservation,
    launchIndex,
    ...plan.draft,
    ...(plan.draft.profile && { profile: { ...plan.draft.profile, association: newId('iip-assoc') } }),
    state: 'pending',
    transitionReason: '',
    stateReason: { code: 'pending', message: 'pending' },
    interfaces,
    devices,
    uuid: `ec2${uuid().slice(3)}`,
    ...(clientToken !== undefined && { clientToken }),
    ...(requester !== undefined && { requester }),
    launchedAt: now,
    createdAt: now,
    isOnHost: false,
    hasRun: false,
  });
}

/** A service that launches for its user. */
const requesterOf = ({ principal }: Call): string | undefined =>
  principal.kind === 'service' ? principal.service : undefined;

/** Of what came from a launch template, AWS says from which ("aws:ec2launchtemplate:id"). */
const tagsOf = ({ tags, template }: LaunchPlan) => ({
  ...tags.instance,
  ...(template && {
    'aws:ec2launchtemplate:id': template.template.id,
    'aws:ec2launchtemplate:version': String(template.number),
  }),
});

function interfaceFor(parts: Ec2Parts, call: Call, plan: LaunchPlan, wish: InterfaceWish, instance: string): string {
  const { tx, now } = call;
  const { existing, subnet, groups, privateIps, addressCount, description, deviceIndex, deletesOnTermination } = wish;
  const draft = {
    subnet: subnet.id,
    groups,
    privateIps,
    addressCount,
    description,
    tags: plan.tags['network-interface'],
  };
  const made = existing ?? createInterface(tx, call, draft);
  const attached = attachInterface(tx, made, { instance, deviceIndex, deletesOnTermination }, now);
  if (wish.borrowsPublicIp) giveBorrowedPublicIp(tx, attached, parts.publicAddresses);
  return made.id;
}
