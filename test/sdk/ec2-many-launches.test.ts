/** A hundred launches at the same time: each comes up by itself, once, and none passes through a state that it should not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, microImage } from '#test/sdk/ec2-host.ts';
import { until } from '#test/until.ts';

/** An account may have 64 vCPUs in a region. */
const REGIONS = ['us-east-1', 'eu-west-1'];
const IN_EACH = 50;

test('a hundred launches at once, and as many terminations', { timeout: 120_000 }, async (t) => {
  const { c, host } = await cloudWithHost(t, { capacity: { vcpus: 64, memoryMiB: 1024 * 1024 } });
  const clients = REGIONS.map((region) => ({ ec2: c.client(EC2Client, { region }), image: microImage(host, region) }));
  const launch = async ({ ec2, image }: (typeof clients)[number]) => {
    const input = { ImageId: image, InstanceType: 't2.nano', MinCount: 1, MaxCount: 1 } as const;
    return (await ec2.send(new RunInstancesCommand(input))).Instances?.[0]?.InstanceId ?? '';
  };
  const launched = await Promise.all(
    clients.map(async (client) => ({
      ...client,
      ids: await Promise.all(Array.from({ length: IN_EACH }, () => launch(client))),
    })),
  );
  const seen = new Map<string, string[]>();
  const look = async (): Promise<void> => {
    for (const { ec2, ids } of launched) {
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
      for (const { InstanceId = '', State } of Reservations.flatMap(({ Instances = [] }) => Instances)) {
        const states = seen.get(InstanceId) ?? [];
        if (states.at(-1) !== State?.Name) seen.set(InstanceId, [...states, State?.Name ?? '']);
      }
    }
  };
  const allAre = (state: string) => async (): Promise<boolean> => {
    await look();
    return [...seen.values()].every((states) => states.at(-1) === state);
  };
  await until(allAre('running'), 'all run', 60);
  assert.equal(host.machines.machines.size, REGIONS.length * IN_EACH);
  const taps = [...host.networks.plans.values()].flatMap(({ interfaces }) => interfaces);
  assert.equal(new Set(taps.map(({ mac }) => mac)).size, REGIONS.length * IN_EACH, 'each has a link of its own');

  await Promise.all(
    launched.flatMap(({ ec2, ids }) => ids.map((id) => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })))),
  );
  await until(allAre('terminated'), 'all are gone', 60);
  assert.equal(host.machines.machines.size, 0);
  const order = ['pending', 'running', 'shutting-down', 'terminated'];
  for (const [id, states] of seen) {
    assert.deepEqual(
      states,
      order.filter((state) => states.includes(state)),
      id,
    );
  }
  for (const id of seen.keys()) {
    assert.equal(host.machines.log.filter((step) => step === `start ${id}`).length, 1, `${id} was started once`);
  }
});
