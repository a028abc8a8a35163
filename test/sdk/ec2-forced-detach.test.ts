/** What a guest does not let go of: volumes that are busy, interfaces that stay, and what makes them go. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AttachNetworkInterfaceCommand,
  AttachVolumeCommand,
  CreateNetworkInterfaceCommand,
  CreateVolumeCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
  DetachVolumeCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { minutes } from '#platform/base/clock.ts';
import { cloudWithHost, instanceOf, launchOne, pass, untilState } from '#test/sdk/ec2-host.ts';
import { volumesOf } from '#test/sdk/ec2-storage.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const ZONE = 'us-east-1a';

/** An instance with a volume, and a guest that will not let go of it. */
async function start(t: TestContext) {
  const given = await cloudWithHost(t);
  const { ec2, host, image } = given;
  const { untilVolume, attachmentIs } = volumesOf(ec2);
  const id = await launchOne(ec2, image, { Placement: { AvailabilityZone: ZONE } });
  const machine = () => host.machines.machines.get(id) ?? assert.fail('it does not run');
  const { VolumeId: volume = '' } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 1 }));
  await untilVolume(volume, 'available');
  const attach = async () => {
    await ec2.send(new AttachVolumeCommand({ VolumeId: volume, InstanceId: id, Device: '/dev/sdf' }));
    await attachmentIs(volume, 'attached');
  };
  const detach = (Force?: boolean) => ec2.send(new DetachVolumeCommand({ VolumeId: volume, ...(Force && { Force }) }));
  const makeBusy = async () => {
    machine().obeys = false;
    assert.equal((await detach()).State, 'detaching');
    await attachmentIs(volume, 'busy');
  };
  await attach();
  return { ...given, untilVolume, attachmentIs, id, machine, volume, attach, detach, makeBusy };
}

test('a busy volume stays with its instance until it is forced off', async (t) => {
  const { ec2, id, machine, volume, untilVolume, attach, detach, makeBusy } = await start(t);
  await makeBusy();
  const { State, Attachments = [] } = await untilVolume(volume, 'in-use');
  assert.deepEqual([State, Attachments[0]?.InstanceId], ['in-use', id]);
  assert.ok(machine().disks.has(volume), 'the guest has it yet');
  const again = ec2.send(new AttachVolumeCommand({ VolumeId: volume, InstanceId: id, Device: '/dev/sdg' }));
  await assert.rejects(again, refusal('VolumeInUse'));
  assert.equal((await detach(true)).State, 'detaching');
  const free = await untilVolume(volume, 'available');
  assert.deepEqual(free.Attachments, []);
  assert.ok(!machine().disks.has(volume));
  const { BlockDeviceMappings = [] } = await instanceOf(ec2, id);
  assert.ok(!BlockDeviceMappings.some(({ DeviceName }) => DeviceName === '/dev/sdf'));
  await assert.rejects(detach(true), refusal('IncorrectState'));
  // Its name is free as well.
  await attach();
});

test('a busy volume goes when its instance stops, and when it starts anew', async (t) => {
  const { c, ec2, id, machine, volume, untilVolume, attach, makeBusy } = await start(t);
  await makeBusy();
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }));
  await untilState(ec2, id, 'stopped');
  await untilVolume(volume, 'available');

  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'running');
  await attach();
  await makeBusy();
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await until(() => machine().obeys === false && machine().resets === 0, 'it is asked first');
  machine().obeys = true;
  await pass(c, ec2, minutes(5));
  await untilVolume(volume, 'available');
  assert.ok(!machine().disks.has(volume));
});

test('an interface that a guest keeps stays attached to it until it is forced off', async (t) => {
  const { ec2, id, host, machine } = await start(t);
  const { SubnetId } = await instanceOf(ec2, id);
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SubnetId ?? '' }));
  const nic = NetworkInterface?.NetworkInterfaceId ?? '';
  const shown = async () => {
    const found = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [nic] }));
    return found.NetworkInterfaces?.[0] ?? assert.fail('it is gone');
  };
  const { AttachmentId } = await ec2.send(
    new AttachNetworkInterfaceCommand({ NetworkInterfaceId: nic, InstanceId: id, DeviceIndex: 1 }),
  );
  await until(async () => (await shown()).Attachment?.Status === 'attached', 'it is attached');
  machine().obeys = false;
  const tried = new Promise<void>((resolve) => {
    host.machines.before = (step) => void (step === 'detachNic' && resolve());
  });
  await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
  await tried;
  const kept = await shown();
  assert.deepEqual([kept.Status, kept.Attachment?.Status], ['in-use', 'detaching']);
  assert.ok(machine().nics.has(nic));
  await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force: true }));
  await until(async () => (await shown()).Status === 'available', 'it is free');
  assert.equal((await shown()).Attachment, undefined);
  assert.ok(!machine().nics.has(nic));
  const gone = ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force: true }));
  await assert.rejects(gone, refusal('InvalidAttachmentID.NotFound'));
});
