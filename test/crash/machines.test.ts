/**
 * Kills the control plane (SIGKILL) at steps of whatever users do with machines, starts it again, and holds rows, processes, taps, rules and
 * files against each other. Each action is killed once; `MAKONIS_KILLS=all node --test test/crash/machines.test.ts` kills each at
 * every step that it has, `MAKONIS_KILLS='run,stop by force'` those alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
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
  DescribeImagesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachNetworkInterfaceCommand,
  DetachVolumeCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { missingPrograms, NEEDED_PROGRAMS } from '#platform/compute/needed-programs.ts';
import { isRoot, skip as noQemu } from '#platform/compute/qemu/machines.fixture.ts';
import { type MachinesCloud, newCloud } from '#test/crash/machines.ts';
import { Scene } from '#test/crash/machines-scene.ts';
import { until } from '#test/until.ts';

const [first] = missingPrograms(NEEDED_PROGRAMS);
const skip = (!isRoot && 'needs root') || noQemu || (first !== undefined && `no ${first.program} here`);
const LONG = process.env['MAKONIS_KILLS'];
const IS_LONG = LONG !== undefined;
const isWanted = ({ name }: Action): boolean => LONG === undefined || LONG === 'all' || LONG.split(',').includes(name);
const PATIENCE_SECONDS = 90;

interface Action {
  readonly name: string;
  /** At which step it is killed when it is killed once. */
  readonly at: number;
  /** What it needs; answers what it is about. */
  readonly prepare: () => Promise<string>;
  /** The user's call; made again if nobody answered. */
  readonly ask: (about: string) => Promise<unknown>;
  /** What the guest does about it, again and again as long as it is to. */
  readonly guest?: { readonly does: string; readonly isAsked?: (about: string) => boolean };
  readonly isDone: (about: string) => Promise<boolean>;
  readonly undo?: (about: string) => Promise<void>;
}

/** Kills it at each of these steps, until it has no more. */
async function killed(scene: Scene, action: Action, subject: string): Promise<number> {
  const { cloud } = scene;
  let kills = 0;
  for (let at = IS_LONG ? 1 : action.at; ; at++) {
    const about = await action.prepare();
    await cloud.countdown(at);
    const answered = await action.ask(about).then(
      () => true,
      async (error: unknown) => {
        await isDeadBy(cloud, error);
        return false;
      },
    );
    const lived = await untilDone(scene, action, about, subject, () => cloud.isDead);
    if (lived) await cloud.countdown(0);
    if (!lived) {
      kills += 1;
      await cloud.start();
      // Refused if it was taken after all.
      if (!answered) await action.ask(about).catch(() => {});
      await untilDone(scene, action, about, subject, () => false);
    }
    await scene.isConsistent();
    await action.undo?.(about);
    if (lived || !IS_LONG) return kills;
  }
}

/** A connection that broke is the first that is seen of its death. */
const isDeadBy = (cloud: MachinesCloud, error: unknown): Promise<void> =>
  until(() => cloud.isDead, `its death after ${String(error)}`, 5);

/** Whether it was done before the end came. */
async function untilDone(
  { cloud }: Scene,
  { name, guest, isDone }: Action,
  about: string,
  subject: string,
  isOver: () => boolean,
): Promise<boolean> {
  let done = false;
  await until(
    async () => {
      if (isOver()) return true;
      if (guest?.isAsked?.(about) ?? guest !== undefined) await cloud.tell(subject, guest?.does ?? '').catch(() => {});
      done = await isDone(about).catch(async (error: unknown) => {
        await isDeadBy(cloud, error);
        return false;
      });
      return done || isOver();
    },
    `${name} is done`,
    PATIENCE_SECONDS,
  );
  return done && !isOver();
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
      at: 9,
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
      at: 2,
      prepare: async () => subject,
      ask: () => cloud.ec2.send(new StopInstancesCommand({ InstanceIds, Force: true })),
      isDone: (id) => scene.isIn(id, 'stopped'),
      undo: start,
    },
    {
      name: 'stop',
      at: 3,
      prepare: async () => subject,
      ask: () => cloud.ec2.send(new StopInstancesCommand({ InstanceIds })),
      guest: { does: 'p' },
      isDone: (id) => scene.isIn(id, 'stopped'),
      undo: start,
    },
    {
      name: 'start',
      at: 7,
      prepare: stopped,
      ask: () => cloud.ec2.send(new StartInstancesCommand({ InstanceIds })),
      isDone: (id) => scene.isReady(id),
    },
    {
      name: 'reboot',
      at: 5,
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
      at: 2,
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

function attachments(scene: Scene, subject: string, zone: string, SubnetId: string): Action[] {
  const { cloud } = scene;
  const { newNic, nic } = interfaceHands(cloud, subject, SubnetId);
  const volumeState = async (id: string) =>
    (await cloud.ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  const newVolume = async (): Promise<string> => {
    const { VolumeId = '' } = await cloud.ec2.send(new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 }));
    await until(async () => (await volumeState(VolumeId))?.State === 'available', 'a volume', PATIENCE_SECONDS);
    return VolumeId;
  };
  const volume = {
    attach: (VolumeId: string) =>
      cloud.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: subject, Device: '/dev/sdf' })),
    isAttached: async (id: string) => (await volumeState(id))?.Attachments?.[0]?.State === 'attached',
    detach: (VolumeId: string) => cloud.ec2.send(new DetachVolumeCommand({ VolumeId, Force: true })),
    isFree: async (id: string) => (await volumeState(id))?.State === 'available',
    remove: async (VolumeId: string) => void (await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId }))),
  };
  const pair = (
    noun: string,
    make: () => Promise<string>,
    { attach, isAttached, detach, isFree, remove }: typeof volume | typeof nic,
    at: readonly [number, number],
  ): Action[] => {
    const leave = async (id: string): Promise<void> => {
      await detach(id);
      await until(
        async () => {
          await cloud.tell(subject, 'e');
          return isFree(id);
        },
        `${noun} has left`,
        PATIENCE_SECONDS,
      );
      await remove(id);
    };
    const attached = async (): Promise<string> => {
      const id = await make();
      await attach(id);
      await until(() => isAttached(id), `${noun} is attached`, PATIENCE_SECONDS);
      return id;
    };
    return [
      { name: `attach ${noun}`, at: at[0], prepare: make, ask: attach, isDone: isAttached, undo: leave },
      {
        name: `detach ${noun}`,
        at: at[1],
        prepare: attached,
        ask: detach,
        guest: { does: 'e' },
        isDone: isFree,
        undo: remove,
      },
    ];
  };
  return [...pair('a volume', newVolume, volume, [6, 3]), ...pair('an interface', newNic, nic, [5, 3])];
}

function copies(scene: Scene, subject: string, root: string): Action[] {
  const { cloud } = scene;
  let count = 0;
  const newName = async (): Promise<string> => `copy-${++count}`;
  const snapshot = async (name: string) =>
    (await cloud.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots?.find(
      ({ Description }) => Description === name,
    );
  const image = async (name: string) =>
    (await cloud.ec2.send(new DescribeImagesCommand({ Owners: ['self'] }))).Images?.find(({ Name }) => Name === name);
  return [
    {
      name: 'snapshot',
      at: 4,
      prepare: newName,
      ask: async (name) => {
        if ((await snapshot(name)) !== undefined) return;
        await cloud.ec2.send(new CreateSnapshotCommand({ VolumeId: root, Description: name }));
      },
      isDone: async (name) => (await snapshot(name))?.State === 'completed',
      undo: async (name) => {
        const SnapshotId = (await snapshot(name))?.SnapshotId;
        await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
      },
    },
    {
      name: 'image',
      at: 3,
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

/** While nobody is there: each guest switches itself off, and one goes on. */
async function shutDownAlone(scene: Scene, subject: string): Promise<void> {
  const { cloud } = scene;
  const ending = await scene.launched('terminate');
  await cloud.kill();
  for (const id of [subject, ending]) await cloud.tell(id, 'p');
  await cloud.start();
  await scene.untilState(subject, 'stopped');
  await scene.untilState(ending, 'terminated');
  assert.equal((await scene.instance(subject))?.StateReason?.Code, 'Client.InstanceInitiatedShutdown');
  await scene.isConsistent();
}

const TIMEOUT = IS_LONG ? 7_200_000 : 280_000;

test('killed at any step, the control plane brings machines and rows together again', {
  skip,
  timeout: TIMEOUT,
}, async (t) => {
  const cloud = await newCloud(t);
  const scene = new Scene(cloud);
  await scene.summonWitness();
  const subject = await scene.launched();
  const { Placement, SubnetId = '', BlockDeviceMappings = [] } = (await scene.instance(subject)) ?? {};
  const actions = [
    ...lifecycle(scene, subject),
    ...attachments(scene, subject, Placement?.AvailabilityZone ?? '', SubnetId),
    ...copies(scene, subject, BlockDeviceMappings[0]?.Ebs?.VolumeId ?? ''),
  ];
  let kills = 0;
  for (const action of actions.filter(isWanted)) {
    const began = performance.now();
    const count = await killed(scene, action, subject);
    assert.ok(count > 0, `${action.name} was killed`);
    kills += count;
    t.diagnostic(`${action.name}: ${count} kills, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  t.diagnostic(`${kills} kills`);
  await shutDownAlone(scene, subject);

  const ids = (await scene.instances()).map(({ InstanceId = '' }) => InstanceId);
  scene.dismissWitness();
  await scene.terminate(ids);
  await scene.isConsistent();
  await until(() => !cloud.outerRules() && cloud.routes().length === 0, 'the way out is gone');
  assert.deepEqual(cloud.shares(), []);
  assert.deepEqual(cloud.disks().volumes, []);
});
