/** A simulated host for clouds of tests, with an image to launch, and what tests of instances do again and again. */
import type { TestContext } from 'node:test';
import {
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  EC2Client,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import type { Host } from '#platform/compute/host.ts';
import { SimulatedMachines, type SimulatedMachinesOptions } from '#platform/compute/simulated/machines.ts';
import { SimulatedVolumes } from '#platform/compute/simulated/volumes.ts';
import type { BuiltImage, ImageBuilder } from '#platform/compute/volume.ts';
import { type SimulatedNetworks, simulatedNetworks } from '#platform/network/simulated/networks.ts';
import { builtAmis } from '#services/ec2/images/built-images.ts';
import { cloud, type TestCloud, type TestCloudOptions } from '#test/sdk/cloud.ts';
import { until } from '#test/until.ts';

const MICRO: BuiltImage = {
  name: 'makonis-micro',
  version: '1.0.0',
  user: 'ec2-user',
  sizeGiB: 1,
  boot: { kind: 'kernel', commandLine: 'console=ttyS0' },
  description: 'Makonis Linux micro',
};

export interface SimulatedHost extends Host {
  readonly machines: SimulatedMachines;
  readonly volumes: SimulatedVolumes;
  readonly networks: SimulatedNetworks;
}

export function simulatedHost(options: SimulatedMachinesOptions = {}): SimulatedHost {
  const disks = new SimulatedVolumes();
  const images: ImageBuilder = {
    images: [MICRO],
    async build(_, id, onProgress) {
      onProgress(100);
      if (!disks.snapshots.has(id)) {
        await disks.create({ id: `of-${id}`, sizeGiB: MICRO.sizeGiB });
        await disks.snapshot(id, `of-${id}`);
      }
    },
    kept: async () => [],
    remove: async () => {},
    kernelOf: () => ({ kernel: 'vmlinuz', initrd: 'initrd' }),
    lastBuild: undefined,
  };
  return { machines: new SimulatedMachines(options), volumes: disks, images, networks: simulatedNetworks(), lacks: [] };
}

/** The image that a simulated host builds, in a region. */
export const microImage = (host: Host, region = 'us-east-1'): string => builtAmis({ host }, region)[0]?.id ?? '';

export async function cloudWithHost(t: TestContext, options: TestCloudOptions & SimulatedMachinesOptions = {}) {
  const host = simulatedHost(options);
  let c = await cloud(t, { ...options, host });
  return {
    c,
    host,
    image: microImage(host),
    ec2: c.client(EC2Client),
    /** As after a crash: the host's machines go on. */
    async restart(): Promise<EC2Client> {
      c = await c.restart();
      return c.client(EC2Client);
    },
  };
}

/** Moves the clock by more than idle connections live, until the client has noticed that its are closed. */
export async function pass(c: TestCloud, ec2: EC2Client, milliseconds: number): Promise<void> {
  c.advance(milliseconds);
  const answers = () =>
    ec2.send(new DescribeRegionsCommand()).then(
      () => true,
      () => false,
    );
  await until(answers, 'new connections');
}

/** As the SDK shows it. */
export async function instanceOf(ec2: EC2Client, id: string): Promise<Instance> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  const found = Reservations[0]?.Instances?.[0];
  if (found === undefined) throw new Error(`${id} is not shown`);
  return found;
}

export async function untilState(ec2: EC2Client, id: string, state: string): Promise<Instance> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await instanceOf(ec2, id);
    if (found.State?.Name === state) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const last = await instanceOf(ec2, id);
  throw new Error(`${id} is ${last.State?.Name}, not ${state}: ${JSON.stringify(last.StateReason)}`);
}

/** Its id, when it is in the state. */
export async function launchOne(
  ec2: EC2Client,
  ImageId: string,
  more: Partial<RunInstancesCommandInput> = {},
  state = 'running',
): Promise<string> {
  const input = { ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...more } as const;
  const { Instances = [] } = await ec2.send(new RunInstancesCommand(input));
  const id = Instances[0]?.InstanceId ?? '';
  await untilState(ec2, id, state);
  return id;
}
