/** What users do with machines, each to be interrupted at any step: how it is prepared, asked for, done, and undone. */
import assert from 'node:assert/strict';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  AttachVolumeCommand,
  CreateImageCommand,
  CreateNetworkInterfaceCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DetachNetworkInterfaceCommand,
  DetachVolumeCommand,
  DisassociateAddressCommand,
  ModifyVolumeCommand,
  RebootInstancesCommand,
  ReleaseAddressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { PATIENCE_SECONDS, type Scene } from '#test/crash/machines-scene.ts';
import { until } from '#test/until.ts';

export interface Action {
  readonly name: string;
  /** At which step it is killed when it is killed once. */
  readonly at: string;
  /** What it needs; answers what it is about. */
  readonly prepare: () => Promise<string>;
  /** The user's call; made again if nobody answered. */
  readonly ask: (about: string) => Promise<unknown>;
  /** What the guest does about it, again and again as long as it is to. */
  readonly guest?: { readonly does: string; readonly isAsked?: (about: string) => boolean };
  readonly isDone: (about: string) => Promise<boolean>;
  readonly undo?: (about: string) => Promise<void>;
}

/** All that is done to an instance, in an order that leaves it running. */
export async function actionsOn(scene: Scene, subject: string): Promise<Action[]> {
  const { Placement, SubnetId = '', BlockDeviceMappings = [] } = (await scene.instance(subject)) ?? {};
  return [
    ...lifecycle(scene, subject),
    ...attachments(scene, subject, Placement?.AvailabilityZone ?? '', SubnetId),
    ...volumesAlone(scene, subject, Placement?.AvailabilityZone ?? ''),
    ...copies(scene, subject, BlockDeviceMappings[0]?.Ebs?.VolumeId ?? ''),
    ...addresses(scene, subject),
  ];
}

function lifecycle(scene: Scene, subject: string): Action[] {
  const { cloud } = scene;
  const InstanceIds = [subject];
  const stopped = async (): Promise<string> => {
    await scene.stop(subject);
    return subject;
  };
  const pid = async (): Promise<string> => String(scene.pidOf(subject));
  const start = async (): Promise<void> => await scene.start(subject);
  return [
    {
      name: 'run',
      at: 'after hostd.machines.start',
      prepare: async () => scene.newToken(),
      ask: (token) => scene.launch(token),
      isDone: async (token) => {
        const made = (await scene.instances()).find(({ ClientToken }) => ClientToken === token);
        return made?.InstanceId !== undefined && scene.isReady(made.InstanceId);
      },
      undo: async (token) => {
        const made = (await scene.instances()).filter(({ ClientToken }) => ClientToken === token);
        assert.equal(made.length, 1);
        await scene.terminate(made.map(({ InstanceId = '' }) => InstanceId));
      },
    },
    {
      name: 'stop by force',
      at: 'monitor stop',
      prepare: async () => subject,
      ask: () => cloud.ec2.send(new StopInstancesCommand({ InstanceIds, Force: true })),
      isDone: (id) => scene.isIn(id, 'stopped'),
      undo: start,
    },
    {
      name: 'stop',
      at: 'after machines.pressPower',
      prepare: async () => subject,
      ask: () => cloud.ec2.send(new StopInstancesCommand({ InstanceIds })),
      guest: { does: 'p' },
      isDone: (id) => scene.isIn(id, 'stopped'),
      undo: start,
    },
    {
      name: 'start',
      at: 'before machines.start',
      prepare: stopped,
      ask: () => cloud.ec2.send(new StartInstancesCommand({ InstanceIds })),
      isDone: (id) => scene.isReady(id),
    },
    {
      name: 'reboot',
      at: 'after hostd.machines.kill',
      prepare: pid,
      ask: () => cloud.ec2.send(new RebootInstancesCommand({ InstanceIds })),
      // The next one has not been asked.
      guest: { does: 'p', isAsked: (before) => String(scene.pidOf(subject)) === before },
      isDone: async (before) => {
        const now = scene.pidOf(subject);
        return now !== undefined && String(now) !== before && (await scene.isReady(subject));
      },
    },
    {
      name: 'terminate',
      at: 'monitor stop',
      prepare: () => scene.launched(),
      ask: (id) => cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id], SkipOsShutdown: true })),
      isDone: (id) => scene.isIn(id, 'terminated'),
    },
  ];
}

/** What is done to an interface of the subject's. */
function interfaceHands(cloud: Scene['cloud'], subject: string, SubnetId: string) {
  const nicOf = async (id: string) =>
    (await cloud.ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }))).NetworkInterfaces?.[0];
  const newNic = async (): Promise<string> =>
    (await cloud.ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }))).NetworkInterface?.NetworkInterfaceId ?? '';
  const nic = {
    attach: (NetworkInterfaceId: string) =>
      cloud.ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: subject, DeviceIndex: 1 })),
    isAttached: async (id: string) => (await nicOf(id))?.Attachment?.Status === 'attached',
    detach: async (id: string) => {
      const AttachmentId = (await nicOf(id))?.Attachment?.AttachmentId;
      if (AttachmentId !== undefined) await cloud.ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    },
    isFree: async (id: string) => (await nicOf(id))?.Status === 'available',
    remove: async (NetworkInterfaceId: string) =>
      void (await cloud.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))),
  };
  return { newNic, nic };
}

/** What is done to a volume, with the subject and without. */
function volumeHands(cloud: Scene['cloud'], subject: string, zone: string) {
  const volumeState = async (id: string) =>
    (await cloud.ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  const create = async (ClientToken?: string): Promise<string> => {
    const input = { AvailabilityZone: zone, Size: 1, ClientToken };
    return (await cloud.ec2.send(new CreateVolumeCommand(input))).VolumeId ?? '';
  };
  const newVolume = async (): Promise<string> => {
    const id = await create();
    await until(async () => (await volumeState(id))?.State === 'available', 'a volume', PATIENCE_SECONDS);
    return id;
  };
  const volume = {
    attach: (VolumeId: string) =>
      cloud.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: subject, Device: '/dev/sdf' })),
    isAttached: async (id: string) => (await volumeState(id))?.Attachments?.[0]?.State === 'attached',
    detach: (VolumeId: string) => cloud.ec2.send(new DetachVolumeCommand({ VolumeId, Force: true })),
    isFree: async (id: string) => (await volumeState(id))?.State === 'available',
    remove: async (VolumeId: string) => void (await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId }))),
  };
  return { volumeState, create, newVolume, volume };
}

function attachments(scene: Scene, subject: string, zone: string, SubnetId: string): Action[] {
  const { cloud } = scene;
  const { newNic, nic } = interfaceHands(cloud, subject, SubnetId);
  const { volumeState, newVolume, volume } = volumeHands(cloud, subject, zone);
  const leave = async (id: string, { detach, isFree, remove }: typeof volume | typeof nic): Promise<void> => {
    await detach(id);
    const isGone = async (): Promise<boolean> => {
      await cloud.tell(subject, 'e');
      return isFree(id);
    };
    await until(isGone, `${id} has left`, PATIENCE_SECONDS);
    await remove(id);
  };
  const attached = async (id: string, { attach, isAttached }: typeof volume | typeof nic): Promise<string> => {
    await attach(id);
    await until(() => isAttached(id), `${id} is attached`, PATIENCE_SECONDS);
    return id;
  };
  const pair = (
    noun: string,
    make: () => Promise<string>,
    hands: typeof volume | typeof nic,
    at: readonly [attach: string, detach: string],
  ): Action[] => {
    const { attach, isAttached, detach, isFree, remove } = hands;
    return [
      {
        name: `attach ${noun}`,
        at: at[0],
        prepare: make,
        ask: attach,
        isDone: isAttached,
        undo: (id) => leave(id, hands),
      },
      {
        name: `detach ${noun}`,
        at: at[1],
        prepare: async () => attached(await make(), hands),
        ask: detach,
        guest: { does: 'e' },
        isDone: isFree,
        undo: remove,
      },
    ];
  };
  return [
    ...pair('a volume', newVolume, volume, ['monitor object-add', 'monitor blockdev-del']),
    ...pair('an interface', newNic, nic, ['monitor device_add', 'monitor netdev_del']),
    {
      name: 'grow a volume',
      at: 'after volumes.grow',
      prepare: async () => attached(await newVolume(), volume),
      ask: (VolumeId) => cloud.ec2.send(new ModifyVolumeCommand({ VolumeId, Size: 2 })),
      isDone: async (id) => {
        const { VolumesModifications: [one] = [] } = await cloud.ec2.send(
          new DescribeVolumesModificationsCommand({ VolumeIds: [id] }),
        );
        return one?.ModificationState === 'completed' && (await volumeState(id))?.Size === 2;
      },
      undo: (id) => leave(id, volume),
    },
  ];
}

function volumesAlone(scene: Scene, subject: string, zone: string): Action[] {
  const { cloud } = scene;
  const { create, newVolume, volume } = volumeHands(cloud, subject, zone);
  const all = async () => (await cloud.ec2.send(new DescribeVolumesCommand())).Volumes ?? [];
  // Those that nobody has are this action's.
  const free = async () => (await all()).filter(({ Attachments = [] }) => Attachments.length === 0);
  return [
    {
      name: 'create a volume',
      at: 'after volumes.create',
      prepare: async () => scene.newToken(),
      ask: create,
      isDone: async () => (await free()).some(({ State }) => State === 'available'),
      undo: async () => {
        const made = await free();
        assert.equal(made.length, 1);
        await volume.remove(made[0]?.VolumeId ?? '');
      },
    },
    {
      name: 'delete a volume',
      at: 'before volumes.remove',
      prepare: newVolume,
      ask: volume.remove,
      isDone: async (id) => (await all()).every(({ VolumeId }) => VolumeId !== id),
    },
  ];
}

function addresses(scene: Scene, subject: string): Action[] {
  const { cloud } = scene;
  const find = async (id: string) =>
    (await cloud.ec2.send(new DescribeAddressesCommand({ AllocationIds: [id] }))).Addresses?.[0];
  const leadsThere = async (id: string): Promise<boolean> => {
    const ip = (await find(id))?.PublicIp ?? '';
    return cloud.routes().some((route) => route.startsWith(`${ip} `));
  };
  const allocated = async (): Promise<string> =>
    (await cloud.ec2.send(new AllocateAddressCommand())).AllocationId ?? '';
  const associate = (AllocationId: string) =>
    cloud.ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: subject }));
  const disassociate = async (id: string): Promise<void> => {
    const AssociationId = (await find(id))?.AssociationId;
    if (AssociationId !== undefined) await cloud.ec2.send(new DisassociateAddressCommand({ AssociationId }));
  };
  const leadsNowhere = async (id: string): Promise<boolean> => !(await leadsThere(id));
  const release = async (AllocationId: string): Promise<void> => {
    await cloud.ec2.send(new ReleaseAddressCommand({ AllocationId }));
  };
  return [
    {
      name: 'associate an address',
      at: 'before hostd.networks.apply',
      prepare: allocated,
      ask: associate,
      isDone: leadsThere,
      undo: async (id) => {
        await disassociate(id);
        await release(id);
      },
    },
    {
      name: 'disassociate an address',
      at: 'after hostd.networks.apply',
      prepare: async () => {
        const id = await allocated();
        await associate(id);
        await until(() => leadsThere(id), 'its address leads there', PATIENCE_SECONDS);
        return id;
      },
      ask: disassociate,
      isDone: leadsNowhere,
      undo: release,
    },
  ];
}

function copies(scene: Scene, subject: string, root: string): Action[] {
  const { cloud } = scene;
  let count = 0;
  const newName = async (): Promise<string> => `copy-${++count}`;
  const snapshot = async (name: string) =>
    (await cloud.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots?.find(
      ({ Description }) => Description === name,
    );
  const remove = async (name: string): Promise<void> => {
    const SnapshotId = (await snapshot(name))?.SnapshotId;
    if (SnapshotId !== undefined) await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  };
  const image = async (name: string) =>
    (await cloud.ec2.send(new DescribeImagesCommand({ Owners: ['self'] }))).Images?.find(({ Name }) => Name === name);
  return [
    {
      name: 'snapshot',
      at: 'monitor blockdev-snapshot',
      prepare: newName,
      ask: async (name) => {
        if ((await snapshot(name)) !== undefined) return;
        await cloud.ec2.send(new CreateSnapshotCommand({ VolumeId: root, Description: name }));
      },
      isDone: async (name) => (await snapshot(name))?.State === 'completed',
      undo: remove,
    },
    {
      name: 'delete a snapshot',
      at: 'before volumes.removeSnapshot',
      prepare: async () => {
        const name = await newName();
        await cloud.ec2.send(new CreateSnapshotCommand({ VolumeId: root, Description: name }));
        await until(async () => (await snapshot(name))?.State === 'completed', 'a snapshot', PATIENCE_SECONDS);
        return name;
      },
      ask: remove,
      isDone: async (name) => (await snapshot(name)) === undefined,
    },
    {
      name: 'image',
      at: 'before machines.switchLayer',
      prepare: newName,
      ask: (name) => cloud.ec2.send(new CreateImageCommand({ InstanceId: subject, Name: name, NoReboot: true })),
      isDone: async (name) => (await image(name))?.State === 'available',
      undo: async (name) => {
        const found = await image(name);
        await cloud.ec2.send(new DeregisterImageCommand({ ImageId: found?.ImageId }));
        const SnapshotId = found?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId;
        await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
      },
    },
  ];
}
