/** Instances from launch to end, on a simulated host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  type Filter,
  ImportKeyPairCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceStopped,
} from '@aws-sdk/client-ec2';
import { hours, minutes } from '#platform/base/clock.ts';
import { MachineError } from '#platform/compute/machine.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { cloudWithHost, instanceOf, launchOne, pass, untilState } from '#test/sdk/ec2-host.ts';
import { operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEpXXBAXwmW1hWaMLmHhmRVHJJ2n6kzNe9oPG5d8Mz2D me@here';

test('an instance is launched, stopped, started, rebooted, terminated, and forgotten', async (t) => {
  const { c, ec2, host, image } = await cloudWithHost(t);
  const launched = await ec2.send(
    new RunInstancesCommand({ ImageId: image, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
  );
  assert.match(launched.ReservationId ?? '', /^r-0[0-9a-f]{16}$/);
  const [first] = launched.Instances ?? [];
  const id = first?.InstanceId ?? '';
  assert.match(id, /^i-0[0-9a-f]{16}$/);
  assert.deepEqual([first?.State, first?.AmiLaunchIndex], [{ Code: 0, Name: 'pending' }, 0]);
  await waitUntilInstanceRunning({ client: ec2, maxWaitTime: 60, minDelay: 1 }, { InstanceIds: [id] });
  const running = await instanceOf(ec2, id);
  assert.deepEqual([running.StateTransitionReason, running.StateReason], ['', undefined]);
  assert.equal(running.BlockDeviceMappings?.[0]?.Ebs?.Status, 'attached');
  assert.equal(running.NetworkInterfaces?.[0]?.Attachment?.Status, 'attached');
  const publicIp = running.PublicIpAddress;
  assert.match(publicIp ?? '', /^203\.0\.113\.\d+$/);
  assert.deepEqual(host.machines.machines.get(id)?.spec.nics.length, 1);

  const again = await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  assert.equal(again.StartingInstances?.[0]?.CurrentState?.Name, 'running');
  const stopping = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  assert.deepEqual(stopping.StoppingInstances, [
    { InstanceId: id, CurrentState: { Code: 64, Name: 'stopping' }, PreviousState: { Code: 16, Name: 'running' } },
  ]);
  await waitUntilInstanceStopped({ client: ec2, maxWaitTime: 60, minDelay: 1 }, { InstanceIds: [id] });
  const stopped = await instanceOf(ec2, id);
  assert.match(stopped.StateTransitionReason ?? '', /^User initiated \(2\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d GMT\)$/);
  assert.equal(stopped.StateReason?.Code, 'Client.UserInitiatedShutdown');
  assert.deepEqual([stopped.PublicIpAddress, stopped.PrivateIpAddress], [undefined, running.PrivateIpAddress]);
  assert.ok(host.machines.log.includes(`pressPower ${id}`) && !host.machines.log.includes(`kill ${id}`));
  await assert.rejects(
    ec2.send(new RebootInstancesCommand({ InstanceIds: [id] })),
    refusal('IncorrectInstanceState', `The instance '${id}' is not in a state from which it can be rebooted.`),
  );

  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  assert.match((await untilState(ec2, id, 'running')).PublicIpAddress ?? '', /^203\.0\.113\.\d+$/);
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await until(() => host.machines.log.filter((step) => step === `start ${id}`).length === 3, 'it boots again');
  assert.equal((await instanceOf(ec2, id)).State?.Name, 'running');

  const ending = await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  assert.equal(ending.TerminatingInstances?.[0]?.CurrentState?.Name, 'shutting-down');
  const ended = await untilState(ec2, id, 'terminated');
  assert.deepEqual([ended.PrivateIpAddress, ended.BlockDeviceMappings, ended.NetworkInterfaces], [undefined, [], []]);
  assert.equal(host.machines.machines.has(id), false);
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand());
  assert.deepEqual(NetworkInterfaces, []);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await assert.rejects(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })), refusal('IncorrectInstanceState'));
  await pass(c, ec2, hours(1) + 1);
  await until(() => host.machines.log.includes(`forget ${id}`), 'it is forgotten');
  await assert.rejects(
    instanceOf(ec2, id),
    refusal('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`),
  );
});

test('a guest that does not shut down is switched off, at once if its owner wants so', async (t) => {
  const { c, ec2, host, image } = await cloudWithHost(t);
  host.machines.guestsObey = false;
  const id = await launchOne(ec2, image);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await until(() => host.machines.log.includes(`pressPower ${id}`), 'it is asked');
  assert.equal((await instanceOf(ec2, id)).State?.Name, 'stopping');
  await pass(c, ec2, minutes(4) + 1);
  await untilState(ec2, id, 'stopped');
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'running');
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await pass(c, ec2, minutes(4) + 1);
  await until(() => host.machines.machines.get(id)?.resets === 1, 'it is reset');
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }));
  await untilState(ec2, id, 'stopped');
  await assert.rejects(
    ec2.send(new StopInstancesCommand({ InstanceIds: [id], Hibernate: true })),
    refusal('UnsupportedHibernationConfiguration'),
  );
});

test('a guest that switches itself off stops or ends, as it was launched; one whose host fails starts again', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t);
  const stops = await launchOne(ec2, image);
  const ends = await launchOne(ec2, image, { InstanceInitiatedShutdownBehavior: 'terminate' });
  const stays = await launchOne(ec2, image);
  const lost = await launchOne(ec2, image, { MaintenanceOptions: { AutoRecovery: 'disabled' } });
  host.machines.end(stops, 'guest-shutdown');
  host.machines.end(ends, 'guest-shutdown');
  host.machines.end(stays, 'failed');
  host.machines.end(lost, 'failed');
  const stopped = await untilState(ec2, stops, 'stopped');
  assert.deepEqual(stopped.StateReason, {
    Code: 'Client.InstanceInitiatedShutdown',
    Message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
  });
  await untilState(ec2, ends, 'terminated');
  await until(() => host.machines.log.filter((step) => step === `start ${stays}`).length === 2, 'it starts again');
  assert.equal((await instanceOf(ec2, stays)).State?.Name, 'running');
  assert.equal((await untilState(ec2, lost, 'stopped')).StateReason?.Code, 'Server.InternalError');
});

test('a launch that the host can not do ends, and says why', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t, { capacity: { vcpus: 4, memoryMiB: 3 * 1024 } });
  const [one, many] = [
    { ImageId: image, InstanceType: 't3.micro' as const },
    { MinCount: 1, MaxCount: 9 },
  ];
  // Three fit, by their memory.
  const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...one, ...many }));
  assert.equal(Instances.length, 3);
  assert.equal(new Set(Instances.map(({ InstanceId }) => InstanceId)).size, 3);
  assert.deepEqual(
    Instances.map(({ AmiLaunchIndex }) => AmiLaunchIndex),
    [0, 1, 2],
  );
  const full = ec2.send(new RunInstancesCommand({ ...one, MinCount: 1, MaxCount: 1 }));
  await assert.rejects(
    full,
    refusal('InsufficientInstanceCapacity', /^We currently do not have sufficient t3\.micro capacity/),
  );
  const large = ec2.send(new RunInstancesCommand({ ...one, InstanceType: 'm5.2xlarge', MinCount: 1, MaxCount: 1 }));
  await assert.rejects(large, refusal('InsufficientInstanceCapacity'));

  const id = Instances[0]?.InstanceId ?? '';
  await untilState(ec2, id, 'running');
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'terminated');
  host.machines.before = (step) => {
    if (step === 'start') throw new MachineError('no-capacity', 'memory is short');
  };
  const failed = await launchOne(ec2, image, {}, 'terminated');
  const { StateReason } = await instanceOf(ec2, failed);
  assert.equal(StateReason?.Code, 'Server.InsufficientInstanceCapacity');

  const nowhere = (await cloud(t)).client(EC2Client);
  const refused = nowhere.send(new RunInstancesCommand({ ...one, MinCount: 1, MaxCount: 1 }));
  await assert.rejects(refused, refusal('InsufficientInstanceCapacity', /`makonis doctor`/));
});

test('protected instances stay, with those of their zone', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const inZone = (AvailabilityZone: string, more: Partial<RunInstancesCommandInput> = {}) =>
    launchOne(ec2, image, { Placement: { AvailabilityZone }, ...more });
  const a = await inZone('us-east-1a');
  const guarded = await inZone('us-east-1b', { DisableApiTermination: true, DisableApiStop: true });
  const d = await inZone('us-east-1b');
  await assert.rejects(
    ec2.send(new TerminateInstancesCommand({ InstanceIds: [a, guarded, d] })),
    refusal(
      'OperationNotPermitted',
      `The instance '${guarded}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    ),
  );
  await untilState(ec2, a, 'terminated');
  for (const id of [guarded, d]) assert.equal((await instanceOf(ec2, id)).State?.Name, 'running');
  await assert.rejects(
    ec2.send(new StopInstancesCommand({ InstanceIds: [guarded] })),
    refusal('OperationNotPermitted'),
  );
  const unknown = 'i-00000000000000000';
  await assert.rejects(
    ec2.send(new TerminateInstancesCommand({ InstanceIds: [d, unknown] })),
    refusal('InvalidInstanceID.NotFound', `The instance ID '${unknown}' does not exist`),
  );
  await assert.rejects(
    ec2.send(new StopInstancesCommand({ InstanceIds: ['i-x'] })),
    refusal('InvalidInstanceID.Malformed', 'Invalid id: "i-x"'),
  );
  assert.equal((await instanceOf(ec2, d)).State?.Name, 'running');
});

test('instances are found by what they are, page by page', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  await ec2.send(new ImportKeyPairCommand({ KeyName: 'mine', PublicKeyMaterial: Buffer.from(PUBLIC_KEY) }));
  const Tags = [{ Key: 'Name', Value: 'web' }];
  const web = await launchOne(ec2, image, {
    KeyName: 'mine',
    ClientToken: 'first',
    InstanceType: 't3.small',
    TagSpecifications: ['instance', 'volume', 'network-interface'].map((ResourceType) => ({
      ResourceType,
      Tags,
    })) as never,
  });
  await ec2.send(new RunInstancesCommand({ ImageId: image, MinCount: 6, MaxCount: 6 }));
  const shown = await instanceOf(ec2, web);
  const by = async (Name: string, ...Values: string[]) => {
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name, Values }] as Filter[] }),
    );
    return Reservations.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? []));
  };
  const [face] = shown.NetworkInterfaces ?? [];
  const filters: Readonly<Record<string, string | undefined>> = {
    'tag:Name': 'w?b',
    'client-token': 'first',
    'instance-type': 't3.small',
    'key-name': 'mine',
    'private-ip-address': shown.PrivateIpAddress,
    'ip-address': shown.PublicIpAddress,
    'dns-name': shown.PublicDnsName,
    'network-interface.mac-address': face?.MacAddress,
    'network-interface.addresses.private-ip-address': face?.PrivateIpAddress,
    'network-interface.attachment.attachment-id': face?.Attachment?.AttachmentId,
    'network-interface.tag-value': 'web',
    'block-device-mapping.volume-id': shown.BlockDeviceMappings?.[0]?.Ebs?.VolumeId,
    'block-device-mapping.attach-time': shown.BlockDeviceMappings?.[0]?.Ebs?.AttachTime?.toISOString(),
    'launch-time': shown.LaunchTime?.toISOString(),
  };
  for (const [name, value = ''] of Object.entries(filters))
    assert.deepEqual([name, await by(name, value)], [name, [web]]);
  assert.equal((await by('instance-state-name', 'pending', 'running')).length, 7);
  assert.equal((await by('instance.group-name', 'default')).length, 7);
  assert.equal((await by('platform', 'windows')).length, 0);
  assert.equal((await by('metadata-options.http-tokens', 'required')).length, 7);
  await assert.rejects(by('colour', 'red'), refusal('InvalidParameterValue', "The filter 'colour' is invalid"));

  const first = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }));
  const second = await ec2.send(new DescribeInstancesCommand({ MaxResults: 5, NextToken: first.NextToken }));
  const ids = [first, second].flatMap(({ Reservations = [] }) =>
    Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId)),
  );
  assert.deepEqual([ids.length, new Set(ids).size, second.NextToken], [7, 7, undefined]);
  const both = ec2.send(new DescribeInstancesCommand({ MaxResults: 5, InstanceIds: [web] }));
  await assert.rejects(both, refusal('InvalidParameterCombination'));
});

test('the audit has who launched what, and nothing of the user data', async (t) => {
  const { c, ec2, image } = await cloudWithHost(t);
  const UserData = Buffer.from('password=secret').toString('base64');
  const id = await launchOne(ec2, image, { UserData });
  const trail = c.client(CloudTrailClient);
  const attribute = { AttributeKey: 'EventName', AttributeValue: 'RunInstances' } as const;
  const events = async () =>
    (await trail.send(new LookupEventsCommand({ LookupAttributes: [attribute] }))).Events ?? [];
  await until(async () => (await events()).length > 0, 'the record');
  const text = (await events())[0]?.CloudTrailEvent ?? '';
  assert.ok(text.includes(id) && !text.includes(UserData), text);
});

test('an account that is emptied has no instance left', async (t) => {
  const { c, ec2, host, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const remaining = async () =>
    (await operate(c, 'RemoveAccountResources', { AccountId: c.account }))['Remaining'] as
      | { Arn: string }[]
      | undefined;
  await until(async () => !(await remaining())?.some(({ Arn }) => Arn.includes(':instance/')), 'it is gone');
  assert.equal(host.machines.machines.has(id), false);
});
