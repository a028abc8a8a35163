/** What lies on the host and no row names goes; what a row names stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  type EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { minutes } from '#platform/base/clock.ts';
import type { MachineSpec } from '#platform/compute/machine.ts';
import { cloudWithHost, instanceOf, launchOne, pass, type SimulatedHost, untilState } from '#test/sdk/ec2-host.ts';
import { untilSnapshot, volumesOf } from '#test/sdk/ec2-storage.ts';
import { until } from '#test/until.ts';

const [MACHINE, ENDED, VPC] = ['i-0dead0dead0dead0d', 'i-0dead0dead0dead1d', 'vpc-0dead0dead0dead0d'];
const [VOLUME, SNAPSHOT, IMAGE] = ['vol-0dead0dead0dead0d', 'snap-0dead0dead0dead0d', 'ami-0dead0dead0dead0d'];

/** A machine that runs, the console of one that has ended, a network, a volume and a snapshot. */
async function leaveOrphans({ machines, networks, volumes }: SimulatedHost, like: string): Promise<void> {
  const spec = machines.machines.get(like)?.spec as MachineSpec;
  await machines.start({ ...spec, id: MACHINE });
  await machines.start({ ...spec, id: ENDED });
  machines.machines.delete(ENDED);
  const plan = [...networks.plans.values()][0] ?? assert.fail('no network');
  await networks.apply({ ...plan, id: VPC });
  await volumes.create({ id: VOLUME, sizeGiB: 1 });
  await volumes.snapshot(SNAPSHOT, VOLUME);
  volumes.adopt(IMAGE, 1, new Map());
}

async function own(ec2: EC2Client, host: SimulatedHost, image: string) {
  const id = await launchOne(ec2, image);
  const { Placement, BlockDeviceMappings = [], VpcId = '' } = await instanceOf(ec2, id);
  const zone = Placement?.AvailabilityZone;
  const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 }));
  await volumesOf(ec2).untilVolume(VolumeId, 'available');
  const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  await untilSnapshot(ec2, SnapshotId, 'completed');
  const volumes = [BlockDeviceMappings[0]?.Ebs?.VolumeId ?? '', VolumeId];
  const snapshots = [...host.volumes.snapshots.keys()];
  return { id, vpc: VpcId, volumes, snapshots };
}

test('at a start machines and networks that are nobody’s go, and disks when they were nobody’s for a while', async (t) => {
  const { ec2, host, image, restart } = await cloudWithHost(t);
  const { id, vpc, volumes, snapshots } = await own(ec2, host, image);
  await leaveOrphans(host, id);
  const again = await restart();
  await until(async () => (await host.machines.left()).length === 1, 'machines are gone');
  await until(() => !host.networks.plans.has(VPC), 'the network is gone');
  assert.deepEqual([await host.machines.left(), [...host.networks.plans.keys()]], [[id], [vpc]]);
  assert.ok(host.volumes.volumes.has(VOLUME) && host.volumes.snapshots.has(SNAPSHOT));
  assert.equal((await instanceOf(again, id)).State?.Name, 'running');
  assert.deepEqual(
    host.machines.log.filter((step) => step.endsWith(id) && !step.startsWith('isResponsive')),
    [`start ${id}`],
  );
  assert.ok(volumes.every((each) => host.volumes.volumes.has(each)));
  assert.ok(snapshots.every((each) => host.volumes.snapshots.has(each)));
});

test('from time to time all that is nobody’s goes, and nothing of what has a row', async (t) => {
  const { c, ec2, host, image } = await cloudWithHost(t);
  const { id, vpc, volumes, snapshots } = await own(ec2, host, image);
  await leaveOrphans(host, id);
  await until(async () => {
    await pass(c, ec2, minutes(5));
    return !host.volumes.volumes.has(VOLUME) && !host.volumes.snapshots.has(IMAGE);
  }, 'disks are gone');
  assert.deepEqual([...host.volumes.volumes.keys()].filter((each) => !each.startsWith('of-')).sort(), volumes.sort());
  assert.deepEqual([...host.volumes.snapshots.keys()].sort(), snapshots.sort());
  assert.deepEqual([await host.machines.left(), [...host.networks.plans.keys()]], [[id], [vpc]]);

  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'terminated');
  await pass(c, ec2, minutes(5));
  assert.deepEqual(await host.machines.left(), [id], 'its console is shown as long as it is');
});
