/** Instances from launch to end, on a simulated host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, instanceOf, untilState } from '#test/sdk/ec2-host.ts';

test('an instance is launched, stopped, started, terminated', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t);
  const launched = await ec2.send(
    new RunInstancesCommand({ ImageId: image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
  );
  const [first] = launched.Instances ?? [];
  const id = first?.InstanceId ?? '';
  assert.match(id, /^i-0[0-9a-f]{16}$/);
  assert.deepEqual(first?.State, { Code: 0, Name: 'pending' });
  const running = await untilState(ec2, id, 'running');
  assert.equal(running.StateTransitionReason, '');
  assert.ok(host.machines.machines.has(id));
  const stopping = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  assert.deepEqual(stopping.StoppingInstances, [
    { InstanceId: id, CurrentState: { Code: 64, Name: 'stopping' }, PreviousState: { Code: 16, Name: 'running' } },
  ]);
  const stopped = await untilState(ec2, id, 'stopped');
  assert.match(stopped.StateTransitionReason ?? '', /^User initiated \(2\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'running');
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'terminated');
  assert.equal(host.machines.machines.has(id), false);
  assert.equal((await instanceOf(ec2, id)).PrivateIpAddress, undefined);
});
