/** Whatever the control plane was doing when it ended, the next one brings host and rows together again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
  RebootInstancesCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import type { MachineStep, SimulatedMachines } from '#platform/compute/simulated/machines.ts';
import { cloudWithHost, instanceOf, launchOne, untilState } from '#test/sdk/ec2-host.ts';
import { until } from '#test/until.ts';

/** From the step on nothing succeeds any more; resolves when it has been reached. */
function crashAt(machines: SimulatedMachines, step: MachineStep, when: 'before' | 'after'): Promise<void> {
  const reached = Promise.withResolvers<void>();
  let isDead = false;
  const die = (): never => {
    isDead = true;
    reached.resolve();
    throw new Error('the process is gone');
  };
  machines.before = (current) => {
    if (isDead || (when === 'before' && current === step)) die();
  };
  machines.after = (current) => {
    if (isDead || (when === 'after' && current === step)) die();
  };
  return reached.promise;
}

function alive(machines: SimulatedMachines): void {
  machines.before = () => {};
  machines.after = () => {};
}

interface Scene {
  readonly step: MachineStep;
  readonly stubborn?: true;
  /** What the user does; the crash comes on the way. */
  readonly act: (ec2: EC2Client, id: string) => Promise<void>;
  /** What it comes to. */
  readonly ends: 'running' | 'stopped' | 'terminated';
}

const stop = async (ec2: EC2Client, id: string) =>
  void (await ec2.send(new StopInstancesCommand({ InstanceIds: [id] })));
const force = async (ec2: EC2Client, id: string) =>
  void (await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true })));
const terminate = async (ec2: EC2Client, id: string) =>
  void (await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })));
const reboot = async (ec2: EC2Client, id: string) =>
  void (await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] })));

const SCENES: readonly Scene[] = [
  { step: 'pressPower', act: stop, ends: 'stopped' },
  { step: 'kill', act: force, ends: 'stopped', stubborn: true },
  { step: 'pressPower', act: terminate, ends: 'terminated' },
  { step: 'start', act: reboot, ends: 'running' },
];

for (const when of ['before', 'after'] as const) {
  test(`a crash ${when} the first start`, async (t) => {
    const { ec2, host, image, restart } = await cloudWithHost(t);
    const crashed = crashAt(host.machines, 'start', when);
    const launch = new RunInstancesCommand({ ImageId: image, MinCount: 1, MaxCount: 1 });
    const id = (await ec2.send(launch)).Instances?.[0]?.InstanceId ?? '';
    await crashed;
    const again = await restart();
    alive(host.machines);
    await untilState(again, id, 'running');
    assert.deepEqual([...host.machines.machines.keys()], [id]);
    const shown = await instanceOf(again, id);
    await until(
      async () => (await instanceOf(again, id)).BlockDeviceMappings?.[0]?.Ebs?.Status === 'attached',
      'attached',
    );
    assert.equal(shown.NetworkInterfaces?.length, 1);
  });

  for (const { step, act, ends, stubborn } of SCENES) {
    test(`a crash ${when} ${step} on the way to ${ends}`, async (t) => {
      const { ec2, host, image, restart } = await cloudWithHost(t);
      if (stubborn) host.machines.guestsObey = false;
      const id = await launchOne(ec2, image);
      const crashed = crashAt(host.machines, step, when);
      await act(ec2, id);
      await crashed;
      const again = await restart();
      alive(host.machines);
      await untilState(again, id, ends);
      await until(() => host.machines.machines.has(id) === (ends === 'running'), 'the host follows');
    });
  }

  test(`a crash ${when} an interface comes and goes`, async (t) => {
    const { ec2, host, image, restart } = await cloudWithHost(t);
    const id = await launchOne(ec2, image);
    const { SubnetId } = await instanceOf(ec2, id);
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId }));
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const coming = crashAt(host.machines, 'attachNic', when);
    const { AttachmentId } = await ec2.send(
      new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: id, DeviceIndex: 1 }),
    );
    await coming;
    const second = await restart();
    alive(host.machines);
    const statusOf = async (client: EC2Client) =>
      (await instanceOf(client, id)).NetworkInterfaces?.find((one) => one.NetworkInterfaceId === NetworkInterfaceId)
        ?.Attachment?.Status;
    await until(async () => (await statusOf(second)) === 'attached', 'it is attached');
    assert.equal(host.machines.machines.get(id)?.nics.size, 2);
    const going = crashAt(host.machines, 'detachNic', when);
    await second.send(new DetachNetworkInterfaceCommand({ AttachmentId }));
    await going;
    const third = await restart();
    alive(host.machines);
    await until(async () => (await statusOf(third)) === undefined, 'it is gone');
    assert.equal(host.machines.machines.get(id)?.nics.size, 1);
  });
}

for (const [behaviour, ends] of [
  ['stop', 'stopped'],
  ['terminate', 'terminated'],
] as const) {
  test(`a guest that switched itself off while nobody was there has ${ends}`, async (t) => {
    const { ec2, host, image, restart } = await cloudWithHost(t);
    const id = await launchOne(ec2, image, { InstanceInitiatedShutdownBehavior: behaviour });
    await host.machines.close();
    // The old one is still there until it is stopped, and would start it again.
    host.machines.before = (step) => {
      if (step === 'start') throw new Error('the process is gone');
    };
    host.machines.end(id, 'guest-shutdown');
    const again = await restart();
    alive(host.machines);
    const { StateReason } = await untilState(again, id, ends);
    assert.equal(StateReason?.Code, 'Client.InstanceInitiatedShutdown');
    assert.equal(host.machines.log.filter((step) => step === `start ${id}`).length, 1);
  });
}

test('a running machine goes on over a restart, and one whose host failed meanwhile is started again', async (t) => {
  const { ec2, host, image, restart } = await cloudWithHost(t);
  const [stays, ended] = [await launchOne(ec2, image), await launchOne(ec2, image)];
  host.machines.machines.delete(ended);
  const again = await restart();
  await until(() => host.machines.machines.has(ended), 'it is started');
  assert.equal((await instanceOf(again, stays)).State?.Name, 'running');
  assert.equal(host.machines.log.filter((step) => step === `start ${stays}`).length, 1);
});

test('a start that fails is tried again; one that fails for good ends, or leaves stopped what has run before', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t);
  let failures = 2;
  host.machines.before = (step) => {
    if (step === 'start' && failures-- > 0) throw new Error('a fault');
  };
  const id = await launchOne(ec2, image);
  failures = Number.POSITIVE_INFINITY;
  const never = await launchOne(ec2, image, {}, 'terminated');
  assert.equal((await instanceOf(ec2, never)).StateReason?.Code, 'Server.InternalError');
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  const stopped = await untilState(ec2, id, 'stopped');
  assert.equal(stopped.StateReason?.Code, 'Server.InternalError');
});
