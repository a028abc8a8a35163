/** What users do with machines while their cloud is killed, and what has to be true of both afterwards. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type Instance,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { tapOf } from '#platform/network/linux/names.ts';
import type { MachinesCloud } from '#test/crash/machines.ts';
import { until } from '#test/until.ts';

/** Machines are emulated, and so slow, on a processor that others use too; who kills for hours is to end of faults alone. */
export const PATIENCE_SECONDS = process.env['MAKONIS_KILLS'] === undefined ? 90 : 600;
const TYPE = 't3.nano';

export class Scene {
  readonly cloud: MachinesCloud;
  /** Runs from the beginning, and is never spoken of: nothing may happen to it. */
  #witness: { readonly id: string; readonly pid: number; readonly startedAt: string } | undefined;
  #launches = 0;

  constructor(cloud: MachinesCloud) {
    this.cloud = cloud;
  }

  newToken = (): string => `launch-${++this.#launches}`;

  async image(): Promise<string> {
    const { Images = [] } = await this.cloud.ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
    return Images[0]?.ImageId ?? assert.fail('no image');
  }

  async launch(ClientToken: string, behaviour: 'stop' | 'terminate' = 'stop'): Promise<string> {
    const { Instances = [] } = await this.cloud.ec2.send(
      new RunInstancesCommand({
        ImageId: await this.image(),
        InstanceType: TYPE,
        MinCount: 1,
        MaxCount: 1,
        ClientToken,
        InstanceInitiatedShutdownBehavior: behaviour,
      }),
    );
    return Instances[0]?.InstanceId ?? assert.fail('no instance');
  }

  /** It runs, and its guest is ready. */
  async launched(behaviour?: 'stop' | 'terminate'): Promise<string> {
    const id = await this.launch(this.newToken(), behaviour);
    await this.untilReady(id);
    return id;
  }

  async summonWitness(): Promise<void> {
    const id = await this.launched();
    const pid = this.pidOf(id) ?? assert.fail('no process');
    assert.equal(await this.cloud.tell(id, 'wA'), 'k');
    this.#witness = { id, pid, startedAt: startOf(pid) };
  }

  dismissWitness(): void {
    this.#witness = undefined;
  }

  async instances(): Promise<Instance[]> {
    const { Reservations = [] } = await this.cloud.ec2.send(new DescribeInstancesCommand());
    return Reservations.flatMap(({ Instances = [] }) => Instances);
  }

  async instance(id: string): Promise<Instance | undefined> {
    return (await this.instances()).find(({ InstanceId }) => InstanceId === id);
  }

  async isIn(id: string, state: string): Promise<boolean> {
    return (await this.instance(id))?.State?.Name === state;
  }

  pidOf = (id: string): number | undefined => this.cloud.machines().find((each) => each.id === id)?.pid;

  /** Running, by its row and by what its guest says. */
  async isReady(id: string): Promise<boolean> {
    return this.cloud.consoleOf(id).includes('ready') && (await this.isIn(id, 'running'));
  }

  untilReady = (id: string): Promise<void> => until(() => this.isReady(id), `${id} is ready`, PATIENCE_SECONDS);

  untilState = (id: string, state: string): Promise<void> =>
    until(() => this.isIn(id, state), `${id} is ${state}`, PATIENCE_SECONDS);

  async start(id: string): Promise<void> {
    await this.cloud.ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    await this.untilReady(id);
  }

  async stop(id: string): Promise<void> {
    await this.cloud.ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }));
    await this.untilState(id, 'stopped');
  }

  async terminate(ids: readonly string[]): Promise<void> {
    await this.cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [...ids], SkipOsShutdown: true }));
    for (const id of ids) await this.untilState(id, 'terminated');
  }

  /** The machine has all that its rows say, this host nothing that no row says, and the witness noticed nothing. */
  async isConsistent(): Promise<void> {
    const end = performance.now() + PATIENCE_SECONDS * 1000;
    for (;;) {
      try {
        return await this.#check();
      } catch (error) {
        if (performance.now() > end || this.cloud.isDead) throw error;
        await pause(50);
      }
    }
  }

  async #check(): Promise<void> {
    const { cloud } = this;
    const running = (await this.instances()).filter(({ State }) => State?.Name === 'running');
    const ids = running.map(({ InstanceId = '' }) => InstanceId).sort();
    const { NetworkInterfaces = [] } = await cloud.ec2.send(new DescribeNetworkInterfacesCommand());
    const taps = NetworkInterfaces.filter(({ Attachment }) => Attachment !== undefined)
      .map(({ NetworkInterfaceId = '' }) => tapOf(NetworkInterfaceId))
      .sort();
    const { Volumes = [] } = await cloud.ec2.send(new DescribeVolumesCommand());
    const { Snapshots = [] } = await cloud.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    const disks = cloud.disks();
    const found = {
      machines: cloud
        .machines()
        .map(({ id }) => id)
        .sort(),
      shares: [...new Set(cloud.shares().flatMap((path) => /i-[0-9a-f]+$/.exec(path)?.[0] ?? []))].sort(),
      namespaces: cloud.namespaces().length,
      taps: cloud.taps().sort(),
      guarded: taps.length === 0 ? [] : cloud.guarded().sort(),
      volumes: disks.volumes,
      snapshots: disks.snapshots.filter((id) => !id.startsWith('ami-')),
      stray: disks.stray,
      incoming: cloud.incoming(),
      hostd: cloud.hostds(),
    };
    assert.deepEqual(found, {
      machines: ids,
      shares: found.shares.length === 0 ? [] : ids,
      namespaces: taps.length === 0 ? 0 : 1,
      taps,
      guarded: taps,
      volumes: Volumes.map(({ VolumeId = '' }) => VolumeId).sort(),
      snapshots: Snapshots.map(({ SnapshotId = '' }) => SnapshotId).sort(),
      stray: [],
      incoming: [],
      hostd: 1,
    });
    await this.#askWitness();
  }

  /** The same process, the same boot, and what it was told is known to it. */
  async #askWitness(): Promise<void> {
    if (this.#witness === undefined) return;
    const { id, pid, startedAt } = this.#witness;
    assert.deepEqual([this.pidOf(id), startOf(pid)], [pid, startedAt]);
    assert.equal(this.cloud.consoleOf(id).split('ready').length - 1, 1);
    assert.equal(await this.cloud.tell(id, 'r'), 'A');
  }
}

/** When a process began, in ticks since the machine did. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
