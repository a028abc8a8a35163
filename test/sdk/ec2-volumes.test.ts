/** Volumes by AWS's SDK, on a simulated host. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DeleteVolumeCommand,
  DescribeVolumeAttributeCommand,
  DescribeVolumeStatusCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DetachVolumeCommand,
  EC2Client,
  EnableVolumeIOCommand,
  ModifyVolumeAttributeCommand,
  ModifyVolumeCommand,
  paginateDescribeVolumes,
  type Volume,
} from '@aws-sdk/client-ec2';
import { days, minutes } from '#platform/base/clock.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { cloudWithHost, launchOne } from '#test/sdk/ec2-host.ts';
import { volumesOf } from '#test/sdk/ec2-storage.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const ZONE = 'us-east-1a';

async function start(t: TestContext) {
  const given = await cloudWithHost(t);
  const { ec2, c, image } = given;
  const storage = volumesOf(ec2);
  const create = async (input: Partial<CreateVolumeCommandInput> = {}): Promise<Volume> =>
    ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 10, ...input }));
  const launch = (): Promise<string> => launchOne(ec2, image, { Placement: { AvailabilityZone: ZONE } });
  return { ...given, ...storage, create, launch, clock: c.clock };
}

test('a volume is made, shown, deleted', async (t) => {
  const { ec2, host, create, untilVolume, c } = await start(t);
  const Tags = [{ Key: 'Name', Value: 'data' }];
  const made = await create({ VolumeType: 'gp3', TagSpecifications: [{ ResourceType: 'volume', Tags }] });
  const id = made.VolumeId ?? '';
  assert.match(id, /^vol-0[0-9a-f]{16}$/);
  assert.deepEqual(
    [made.State, made.Size, made.Iops, made.Throughput, made.Encrypted, made.SnapshotId, made.Tags],
    ['creating', 10, 3000, 125, false, '', Tags],
  );
  const shown = await untilVolume(id, 'available');
  assert.equal(host.volumes.volumes.get(id)?.sizeGiB, 10);
  assert.deepEqual(
    [shown.VolumeType, shown.AvailabilityZone, shown.AvailabilityZoneId, shown.Attachments, shown.OwnerId],
    ['gp3', ZONE, 'use1-az1', [], c.account],
  );
  await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  await until(async () => (await ec2.send(new DescribeVolumesCommand())).Volumes?.length === 0, 'it is gone');
  assert.equal(host.volumes.volumes.size, 0);
  for (const command of [
    new DescribeVolumesCommand({ VolumeIds: [id] }),
    new DescribeVolumesCommand({ VolumeIds: [id] }),
  ]) {
    await assert.rejects(ec2.send(command), refusal('InvalidVolume.NotFound', `The volume '${id}' does not exist.`));
  }
  await assert.rejects(ec2.send(new DeleteVolumeCommand({ VolumeId: id })), refusal('InvalidVolume.NotFound'));
});

test('what a type of volume may be, AWS says', async (t) => {
  const { create } = await start(t);
  const refused: [Partial<CreateVolumeCommandInput>, string, string | RegExp][] = [
    [
      { Size: 70_000, VolumeType: 'gp3' },
      'InvalidParameterValue',
      /too large for volume type gp3; maximum is 65536GiB/,
    ],
    [{ Size: 100, VolumeType: 'st1' }, 'InvalidParameterValue', /too small for volume type st1; minimum is 125GiB/],
    [
      { VolumeType: 'gp2', Iops: 100 },
      'InvalidParameterCombination',
      'The parameter iops is not supported for gp2 volumes.',
    ],
    [
      { VolumeType: 'io1', Iops: 600 },
      'InvalidParameterValue',
      'Iops to volume size ratio of 60.000000 is too high; maximum is 50',
    ],
    [{ VolumeType: 'io2', Iops: 11_000 }, 'InvalidParameterCombination', /^io2 volumes configured .* 1000:1 IOPS:GB/],
    [{ VolumeType: 'io2' }, 'InvalidParameterCombination', 'The parameter iops must be specified for io2 volumes.'],
    [{ VolumeType: 'gp3', Iops: 2000 }, 'InvalidParameterValue', 'Volume iops of 2000 is too low; minimum is 3000.'],
    [
      { VolumeType: 'gp3', Throughput: 1000 },
      'InvalidParameterValue',
      /^Throughput \(MiBps\) to iops ratio of 0.333333/,
    ],
    [
      { VolumeType: 'io2', Iops: 100, Throughput: 200 },
      'InvalidParameterCombination',
      /throughput is not supported for io2/,
    ],
    [{ Size: undefined }, 'MissingParameter', /size or snapshotId/],
    [{ AvailabilityZone: 'us-east-1z' }, 'InvalidParameterValue', 'Invalid availability zone: [us-east-1z]'],
    [{ AvailabilityZoneId: 'use1-az1' }, 'InvalidParameterCombination', /not both/],
    [{ SnapshotId: 'snap-01234567' }, 'InvalidSnapshot.NotFound', "The snapshot 'snap-01234567' does not exist."],
    [{ KmsKeyId: 'alias/mine' }, 'InvalidParameterDependency', /KmsKeyId requires the parameter Encrypted/],
    [{ MultiAttachEnabled: true }, 'InvalidParameterCombination', /not supported for gp2 volumes/],
    [{ MultiAttachEnabled: true, VolumeType: 'io2', Iops: 100 }, 'UnsupportedOperation', /one instance at a time/],
  ];
  for (const [input, code, message] of refused) await assert.rejects(create(input), refusal(code, message));
  const iops = async (input: Partial<CreateVolumeCommandInput>) => (await create(input)).Iops;
  assert.deepEqual(
    [
      await iops({ Size: 20 }),
      await iops({ Size: 1000 }),
      await iops({ Size: 16_384 }),
      await iops({ Size: 1, VolumeType: 'gp3' }),
    ],
    [100, 3000, 16_000, 3000],
  );
  assert.equal(await iops({ Size: 125, VolumeType: 'sc1' }), undefined);
});

test('filters and pages', async (t) => {
  const { ec2, create, untilVolume } = await start(t);
  const ids: string[] = [];
  for (const Size of [1, 2, 3, 4, 5, 6, 7]) ids.push((await create({ Size })).VolumeId ?? '');
  for (const id of ids) await untilVolume(id, 'available');
  const found = async (Name: string, ...Values: string[]) =>
    ((await ec2.send(new DescribeVolumesCommand({ Filters: [{ Name, Values }] }))).Volumes ?? []).length;
  assert.deepEqual(
    [await found('size', '1', '2'), await found('status', 'available'), await found('encrypted', 'true')],
    [2, 7, 0],
  );
  assert.deepEqual(
    [
      await found('volume-type', 'gp*'),
      await found('attachment.instance-id', '*'),
      await found('availability-zone-id', 'use1-az1'),
    ],
    [7, 0, 7],
  );
  await assert.rejects(found('colour', 'red'), refusal('InvalidParameterValue', "The filter 'colour' is invalid"));
  const pages: number[] = [];
  for await (const { Volumes } of paginateDescribeVolumes({ client: ec2, pageSize: 5 }, {}))
    pages.push(Volumes?.length ?? 0);
  assert.deepEqual(pages, [5, 2]);
});

test('a volume is attached to a running instance, and taken away', async (t) => {
  const { ec2, host, create, launch, untilVolume, attachmentIs } = await start(t);
  const instance = await launch();
  const id = (await create()).VolumeId ?? '';
  const attach = (input = {}) =>
    ec2.send(new AttachVolumeCommand({ VolumeId: id, InstanceId: instance, Device: '/dev/sdf', ...input }));
  await untilVolume(id, 'available');
  await assert.rejects(attach({ Device: '/dev/../x' }), refusal('InvalidParameterValue'));
  await assert.rejects(attach({ Device: '/dev/xvda' }), refusal('InvalidParameterValue', /already in use/));
  await assert.rejects(attach({ InstanceId: 'i-0123456789abcdef0' }), refusal('InvalidInstanceID.NotFound'));
  const attaching = await attach();
  assert.deepEqual([attaching.State, attaching.Device, attaching.InstanceId], ['attaching', '/dev/sdf', instance]);
  await attachmentIs(id, 'attached');
  assert.ok(host.machines.machines.get(instance)?.disks.has(id));
  await assert.rejects(attach({ Device: '/dev/sdg' }), refusal('VolumeInUse'));
  await assert.rejects(ec2.send(new DeleteVolumeCommand({ VolumeId: id })), refusal('VolumeInUse'));
  const wrong = ec2.send(new DetachVolumeCommand({ VolumeId: id, Device: '/dev/sdg' }));
  await assert.rejects(wrong, refusal('InvalidAttachment.NotFound'));
  const leaving = await ec2.send(new DetachVolumeCommand({ VolumeId: id, InstanceId: instance }));
  assert.equal(leaving.State, 'detaching');
  await untilVolume(id, 'available');
  assert.ok(!host.machines.machines.get(instance)?.disks.has(id));
  await assert.rejects(ec2.send(new DetachVolumeCommand({ VolumeId: id })), refusal('IncorrectState'));
  const elsewhere = (await create({ AvailabilityZone: 'us-east-1b' })).VolumeId ?? '';
  await untilVolume(elsewhere, 'available');
  await assert.rejects(attach({ VolumeId: elsewhere }), refusal('InvalidVolume.ZoneMismatch'));
  const { Volumes = [] } = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.device', Values: ['/dev/xvda'] }] }),
  );
  const root = Volumes[0]?.VolumeId ?? '';
  assert.equal(Volumes[0]?.Attachments?.[0]?.DeleteOnTermination, true);
  await assert.rejects(ec2.send(new DetachVolumeCommand({ VolumeId: root })), refusal('OperationNotPermitted'));
});

test('a volume is modified while it is in use', async (t) => {
  const { c, ec2, host, create, launch, untilVolume, attachmentIs } = await start(t);
  const instance = await launch();
  const id = (await create({ VolumeType: 'gp3' })).VolumeId ?? '';
  await untilVolume(id, 'available');
  await ec2.send(new AttachVolumeCommand({ VolumeId: id, InstanceId: instance, Device: '/dev/sdf' }));
  await attachmentIs(id, 'attached');
  const modify = (input: object) => ec2.send(new ModifyVolumeCommand({ VolumeId: id, ...input }));
  await assert.rejects(
    modify({ Size: 5 }),
    refusal('InvalidParameterValue', 'New size cannot be smaller than existing size'),
  );
  await assert.rejects(modify({ Size: 10 }), refusal('InvalidParameterValue'));
  const none = ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }));
  await assert.rejects(none, refusal('InvalidVolumeModification.NotFound'));
  const { VolumeModification: begun } = await modify({ Size: 20, Iops: 4000, Throughput: 500 });
  assert.deepEqual(
    [begun?.ModificationState, begun?.OriginalSize, begun?.TargetSize, begun?.TargetIops, begun?.TargetThroughput],
    ['modifying', 10, 20, 4000, 500],
  );
  const completed = async (): Promise<boolean> => {
    const { VolumesModifications = [] } = await ec2.send(
      new DescribeVolumesModificationsCommand({ Filters: [{ Name: 'modification-state', Values: ['completed'] }] }),
    );
    return VolumesModifications[0]?.Progress === 100;
  };
  await until(completed, 'it is modified');
  const shown = await untilVolume(id, 'in-use');
  assert.deepEqual([shown.Size, shown.Iops, shown.Throughput], [20, 4000, 500]);
  assert.equal(host.volumes.volumes.get(id)?.sizeGiB, 20);
  assert.ok(host.machines.log.includes(`resizeDisk ${instance}`));
  assert.deepEqual(host.machines.machines.get(instance)?.disks.get(id)?.limits, {
    iops: 4000,
    bytesPerSecond: 500 * 2 ** 20,
  });
  for (const Size of [21, 22, 23]) {
    await modify({ Size });
    await until(async () => (await untilVolume(id, 'in-use')).Size === Size, `${Size} GiB`);
  }
  await assert.rejects(modify({ Size: 24 }), refusal('VolumeModificationRateExceeded'));
  c.advance(days(1));
  // A jump of a day ends the connections that were open.
  const later = c.client(EC2Client);
  await later.send(new ModifyVolumeCommand({ VolumeId: id, VolumeType: 'io2', Iops: 200 }));
});

test('health and attributes', async (t) => {
  const { ec2, create, untilVolume } = await start(t);
  const id = (await create()).VolumeId ?? '';
  await untilVolume(id, 'available');
  const { VolumeStatuses = [] } = await ec2.send(new DescribeVolumeStatusCommand({ VolumeIds: [id] }));
  assert.deepEqual([VolumeStatuses[0]?.VolumeStatus?.Status, VolumeStatuses[0]?.Events], ['ok', []]);
  const io = async () =>
    (await ec2.send(new DescribeVolumeAttributeCommand({ VolumeId: id, Attribute: 'autoEnableIO' }))).AutoEnableIO
      ?.Value;
  assert.equal(await io(), false);
  await ec2.send(new ModifyVolumeAttributeCommand({ VolumeId: id, AutoEnableIO: { Value: true } }));
  assert.equal(await io(), true);
  await ec2.send(new EnableVolumeIOCommand({ VolumeId: id }));
});

test('permissions, by type and tag; what it costs', async (t) => {
  const { c, create, untilVolume } = await start(t);
  const { credentials, allow } = await newUser(c, 'anna');
  await allow(
    {
      Effect: 'Allow',
      Action: 'ec2:CreateVolume',
      Resource: '*',
      Condition: { StringEquals: { 'ec2:VolumeType': 'gp3' } },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:DeleteVolume',
      Resource: '*',
      Condition: { NumericLessThan: { 'ec2:VolumeSize': '20' } },
    },
  );
  const user = c.client(EC2Client, { credentials });
  const made = await user.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 5, VolumeType: 'gp3' }));
  const denied = user.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 5 }));
  await assert.rejects(denied, refusal('UnauthorizedOperation'));
  const tagged = user.send(
    new CreateVolumeCommand({
      AvailabilityZone: ZONE,
      Size: 5,
      VolumeType: 'gp3',
      TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'a', Value: 'b' }] }],
    }),
  );
  await assert.rejects(tagged, refusal('UnauthorizedOperation'));
  const large = await create({ Size: 30 });
  await untilVolume(large.VolumeId ?? '', 'available');
  await untilVolume(made.VolumeId ?? '', 'available');
  const trial = user.send(new DeleteVolumeCommand({ VolumeId: made.VolumeId, DryRun: true }));
  await assert.rejects(trial, refusal('DryRunOperation'));
  await assert.rejects(
    user.send(new DeleteVolumeCommand({ VolumeId: large.VolumeId })),
    refusal('UnauthorizedOperation'),
  );
  const from = c.clock.now();
  c.advance(minutes(11));
  const partition = c.running.cloud.store.partition({
    service: 'ec2',
    account: c.account as never,
    region: 'us-east-1' as never,
  });
  await until(async () => {
    const usage = partition.read((tx) => usageOf(tx, from - days(1), c.clock.now()));
    const amount = usage
      .filter(({ usageType }) => usageType === 'EBS:VolumeUsage.gp3')
      .reduce((sum, one) => sum + one.amount, 0);
    return amount >= 5 * 600 && amount < 5 * 720;
  }, 'eleven minutes are counted');
});
