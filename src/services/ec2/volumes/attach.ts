/** AttachVolume, DetachVolume: what should be. The instance's reconciler makes it so, and notes it. */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import { type InstanceRow, instances } from '#services/ec2/instances/state.ts';
import { findVolume } from '#services/ec2/volumes/crud.ts';
import { type VolumeAttachment, type VolumeRow, volumes } from '#services/ec2/volumes/state.ts';
import { shownAttachment } from '#services/ec2/volumes/view.ts';

/** Of Nitro instances, interfaces and disks together ("Amazon EBS volume limits for Amazon EC2 instances"). */
const MOST_VOLUMES = 27;
/** "Device names for volumes": hd, sd and xvd, with a letter or two, and a number for some. */
const DEVICE = /^(?:\/dev\/)?(?:sd[a-z](?:[1-9]|1[0-5])?|xvd[a-z]{1,2}|hd[a-z](?:[1-9]|1[0-5])?)$/;

export function attachVolume(input: Model.AttachVolumeRequest, call: Call): Model.VolumeAttachment {
  const { tx } = call;
  const row = findVolume(tx, input.VolumeId);
  const instance = findInstance(tx, input.InstanceId);
  if (row.attachment !== undefined) fail('VolumeIsAttached', row.id);
  if (row.state !== 'available') fail('WrongVolumeState', row.id, row.state);
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    fail('WrongInstanceState', instance.id, instance.state);
  }
  if (instance.zone !== row.zone) fail('WrongZone', row.id, instance.zone);
  if (!DEVICE.test(input.Device)) fail('InvalidDevice', input.Device);
  if (instance.devices.some(({ device }) => device === input.Device)) fail('DeviceInUse', input.Device);
  if (instance.devices.length >= MOST_VOLUMES) fail('VolumeLimit', MOST_VOLUMES);
  const attachment: VolumeAttachment = {
    instance: instance.id,
    device: input.Device,
    status: 'attaching',
    deletesOnTermination: false,
    attachedAt: call.now,
  };
  volumes.put(tx, { ...row, state: 'in-use', attachment });
  instances.put(tx, { ...instance, devices: [...instance.devices, { device: input.Device, volume: row.id }] });
  return shownAttachment(row, attachment);
}

export function detachVolume(input: Model.DetachVolumeRequest, { tx }: Call): Model.VolumeAttachment {
  const row = findVolume(tx, input.VolumeId);
  const { attachment } = row;
  if (attachment === undefined) return fail('VolumeNotAttached', row.id);
  if (input.InstanceId !== undefined && input.InstanceId !== attachment.instance) {
    fail('VolumeElsewhere', `The volume '${row.id}' is not attached to instance '${input.InstanceId}'`);
  }
  if (input.Device !== undefined && input.Device !== attachment.device) {
    fail(
      'VolumeElsewhere',
      `The volume '${row.id}' is not attached to instance '${attachment.instance}' as device '${input.Device}'`,
    );
  }
  const instance = instances.find(tx, attachment.instance);
  if (instance !== undefined) checkRoot(row, instance, attachment);
  return shownAttachment(row, leave(tx, row, attachment, input.Force === true));
}

/** "If an EBS volume is the root device of an instance, it can't be detached while the instance is running." */
function checkRoot(row: VolumeRow, instance: InstanceRow, { device }: VolumeAttachment): void {
  if (device === instance.rootDevice && instance.state !== 'stopped') fail('RootOfRunning', row.id);
}

function leave(tx: Transaction, row: VolumeRow, attachment: VolumeAttachment, isForced: boolean): VolumeAttachment {
  const leaving: VolumeAttachment = { ...attachment, status: 'detaching', ...(isForced && { isForced }) };
  volumes.put(tx, { ...row, attachment: leaving });
  return leaving;
}
