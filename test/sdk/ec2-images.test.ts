/** Images by AWS's SDK, on a simulated host. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  CancelImageLaunchPermissionCommand,
  CopyImageCommand,
  CreateImageCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  type DescribeImagesCommandInput,
  DescribeVolumesCommand,
  DisableImageBlockPublicAccessCommand,
  DisableImageCommand,
  DisableImageDeprecationCommand,
  DisableImageDeregistrationProtectionCommand,
  EC2Client,
  EnableImageBlockPublicAccessCommand,
  EnableImageCommand,
  EnableImageDeprecationCommand,
  EnableImageDeregistrationProtectionCommand,
  GetImageBlockPublicAccessStateCommand,
  type ImageAttributeName,
  ModifyImageAttributeCommand,
  RegisterImageCommand,
  type RegisterImageCommandInput,
  ResetImageAttributeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { days, hours, minutes } from '#platform/base/clock.ts';
import { cloudWithHost, untilState } from '#test/sdk/ec2-host.ts';
import { untilImage, untilSnapshot } from '#test/sdk/ec2-storage.ts';
import { newAccount } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

async function start(t: TestContext) {
  const given = await cloudWithHost(t);
  const { ec2, image } = given;
  const launch = async (ImageId = image, client = ec2): Promise<string> => {
    const { Instances = [] } = await client.send(
      new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1 }),
    );
    const id = Instances[0]?.InstanceId ?? '';
    await untilState(client, id, 'running');
    return id;
  };
  const rootOf = async (instance: string): Promise<string> => {
    const Filters = [{ Name: 'attachment.instance-id', Values: [instance] }];
    return (await ec2.send(new DescribeVolumesCommand({ Filters }))).Volumes?.[0]?.VolumeId ?? '';
  };
  const snapshotOf = async (VolumeId: string): Promise<string> => {
    const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    await untilSnapshot(ec2, SnapshotId, 'completed');
    return SnapshotId;
  };
  const describe = async (input: DescribeImagesCommandInput = {}, client = ec2) =>
    (await client.send(new DescribeImagesCommand(input))).Images ?? [];
  const register = async (SnapshotId: string, input: Partial<RegisterImageCommandInput> = {}): Promise<string> => {
    const { ImageId = '' } = await ec2.send(
      new RegisterImageCommand({
        Name: 'mine',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
        ...input,
      }),
    );
    return ImageId;
  };
  return { ...given, launch, rootOf, snapshotOf, describe, register };
}

test('what is built here is for everybody, by name and by owner', async (t) => {
  const { c, image, describe } = await start(t);
  const [found] = await describe({ Owners: ['amazon'], Filters: [{ Name: 'name', Values: ['makonis-micro-*'] }] });
  assert.deepEqual(
    [found?.ImageId, found?.ImageOwnerAlias, found?.Public, found?.State, found?.RootDeviceName, found?.ImdsSupport],
    [image, 'amazon', true, 'available', '/dev/xvda', 'v2.0'],
  );
  assert.equal(found?.BlockDeviceMappings?.[0]?.Ebs?.VolumeSize, 1);
  const elsewhere = await describe({ Owners: ['amazon'] }, c.client(EC2Client, { region: 'eu-west-1' }));
  assert.notEqual(elsewhere[0]?.ImageId, image);
  assert.deepEqual(await describe({ Owners: ['self'] }), []);
  assert.equal((await describe({ ExecutableUsers: ['all'] })).length, 1);
  await assert.rejects(describe({ ImageIds: ['ami-01234567'] }), refusal('InvalidAMIID.NotFound'));
  const own = c.client(EC2Client).send(new DeregisterImageCommand({ ImageId: image }));
  await assert.rejects(own, refusal('AuthFailure'));
});

test('an image is made of an instance, and launched', async (t) => {
  const { ec2, host, launch, rootOf, describe } = await start(t);
  const instance = await launch();
  host.volumes.write(await rootOf(instance), 3, 'mine');
  const TagSpecifications = [
    { ResourceType: 'image' as const, Tags: [{ Key: 'a', Value: 'image' }] },
    { ResourceType: 'snapshot' as const, Tags: [{ Key: 'a', Value: 'snapshot' }] },
  ];
  const make = (input = {}) =>
    ec2.send(new CreateImageCommand({ InstanceId: instance, Name: 'of-mine', NoReboot: true, ...input }));
  const { ImageId = '' } = await make({ TagSpecifications });
  const made = await untilImage(ec2, ImageId, 'available');
  assert.deepEqual([made.SourceInstanceId, made.Tags, made.Public], [instance, [{ Key: 'a', Value: 'image' }], false]);
  const snapshot = made.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '';
  const second = await launch(ImageId);
  assert.equal(host.volumes.read(await rootOf(second), 3), 'mine');
  assert.deepEqual(host.machines.machines.get(second)?.spec.boot, host.machines.machines.get(instance)?.spec.boot);
  await assert.rejects(make(), refusal('InvalidAMIName.Duplicate'));
  await assert.rejects(make({ Name: 'x' }), refusal('InvalidParameterValue'));
  const inUse = ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshot }));
  await assert.rejects(
    inUse,
    refusal('InvalidSnapshot.InUse', `The snapshot ${snapshot} is currently in use by ${ImageId}`),
  );
  const gone = await ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }));
  assert.deepEqual(gone.DeleteSnapshotResults, [{ SnapshotId: snapshot, ReturnCode: 'success' }]);
  assert.deepEqual(await describe({ Owners: ['self'] }), []);
  const again = ec2.send(new RunInstancesCommand({ ImageId, MinCount: 1, MaxCount: 1 }));
  await assert.rejects(again, refusal('InvalidAMIID.NotFound'));
});

test('the instance reboots first, unless it is not to', async (t) => {
  const { ec2, host, launch } = await start(t);
  const instance = await launch();
  const { ImageId = '' } = await ec2.send(new CreateImageCommand({ InstanceId: instance, Name: 'rebooted' }));
  await untilImage(ec2, ImageId, 'available');
  const log = host.machines.log.filter((line) => line.endsWith(instance)).map((line) => line.split(' ')[0]);
  assert.deepEqual(
    log.filter((step) => step !== 'isResponsive'),
    ['start', 'pressPower', 'start', 'switchLayer'],
  );
});

test('an image is registered of a snapshot, and copied', async (t) => {
  const { c, ec2, launch, rootOf, snapshotOf, register } = await start(t);
  const snapshot = await snapshotOf(await rootOf(await launch()));
  const id = await register(snapshot, { Description: 'by hand', ImdsSupport: 'v2.0' });
  const shown = await untilImage(ec2, id, 'available');
  assert.deepEqual(
    [shown.Description, shown.OwnerId, shown.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId],
    ['by hand', c.account, snapshot],
  );
  const refused: [Partial<RegisterImageCommandInput>, string][] = [
    [{}, 'InvalidAMIName.Duplicate'],
    [{ Name: 'b!' }, 'InvalidParameterValue'],
    [{ Name: 'other', BlockDeviceMappings: [] }, 'InvalidBlockDeviceMapping'],
    [
      {
        Name: 'other',
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshot, VolumeType: 'st1', VolumeSize: 125 } },
        ],
      },
      'InvalidParameterValue',
    ],
    [{ Name: 'other', Architecture: 'arm64' }, 'UnsupportedOperation'],
    [{ Name: 'other', BootMode: 'uefi' }, 'UnsupportedOperation'],
  ];
  for (const [input, code] of refused) await assert.rejects(register(snapshot, input), refusal(code));
  await assert.rejects(register('snap-01234567', { Name: 'other' }), refusal('InvalidSnapshot.NotFound'));
  const elsewhere = c.client(EC2Client, { region: 'eu-west-1' });
  const { ImageId = '' } = await elsewhere.send(
    new CopyImageCommand({ Name: 'copied', SourceImageId: id, SourceRegion: 'us-east-1' }),
  );
  const copied = await untilImage(elsewhere, ImageId, 'available');
  assert.deepEqual([copied.SourceImageId, copied.SourceImageRegion, copied.ImdsSupport], [id, 'us-east-1', 'v2.0']);
  await launch(ImageId, elsewhere);
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'team', Value: 'blue' }] }));
  const withTags = new CopyImageCommand({
    ...{ Name: 'tagged', SourceImageId: id, SourceRegion: 'us-east-1', CopyImageTags: true },
    TagSpecifications: [{ ResourceType: 'image', Tags: [{ Key: 'stage', Value: 'test' }] }],
  });
  const tagged = await untilImage(elsewhere, (await elsewhere.send(withTags)).ImageId ?? '', 'available');
  assert.deepEqual(tagged.Tags?.map(({ Key, Value }) => `${Key}=${Value}`).sort(), ['stage=test', 'team=blue']);
  assert.deepEqual(copied.Tags ?? [], []);
  const encrypted = await ec2.send(
    new CopyImageCommand({ Name: 'sealed', SourceImageId: id, SourceRegion: 'us-east-1', Encrypted: true }),
  );
  const sealed = await untilImage(ec2, encrypted.ImageId ?? '', 'available');
  assert.equal(sealed.BlockDeviceMappings?.[0]?.Ebs?.Encrypted, true);
});

test('an image is shared, given back, disabled', async (t) => {
  const { c, ec2, launch, rootOf, snapshotOf, register, describe } = await start(t);
  const id = await register(await snapshotOf(await rootOf(await launch())));
  const other = c.client(EC2Client, { credentials: await newAccount(c, '222222222222') });
  const seen = async () => (await describe({ Filters: [{ Name: 'image-id', Values: [id] }] }, other)).length;
  const modify = (input: object) => ec2.send(new ModifyImageAttributeCommand({ ImageId: id, ...input }));
  assert.equal(await seen(), 0);
  const UserIds = ['222222222222'];
  await modify({ LaunchPermission: { Add: [{ UserId: '222222222222' }] } });
  assert.deepEqual([await seen(), (await describe({ ExecutableUsers: ['self'] }, other)).length], [1, 1]);
  await launch(id, other);
  await other.send(new CancelImageLaunchPermissionCommand({ ImageId: id }));
  assert.equal(await seen(), 0);
  const again = other.send(new CancelImageLaunchPermissionCommand({ ImageId: id }));
  await assert.rejects(again, refusal('InvalidAMIID.NotFound'));

  const state = async () => (await ec2.send(new GetImageBlockPublicAccessStateCommand({}))).ImageBlockPublicAccessState;
  assert.equal(await state(), 'block-new-sharing');
  await assert.rejects(modify({ OperationType: 'add', UserGroups: ['all'] }), refusal('OperationNotPermitted'));
  await ec2.send(new DisableImageBlockPublicAccessCommand());
  await modify({ OperationType: 'add', UserGroups: ['all'] });
  assert.deepEqual([await state(), await seen()], ['unblocked', 1]);
  await ec2.send(new EnableImageBlockPublicAccessCommand({ ImageBlockPublicAccessState: 'block-new-sharing' }));
  await ec2.send(new ResetImageAttributeCommand({ ImageId: id, Attribute: 'launchPermission' }));
  assert.equal(await seen(), 0);
  await modify({ OperationType: 'add', UserIds });
  await ec2.send(new DisableImageCommand({ ImageId: id }));
  assert.deepEqual([await seen(), (await describe({ Owners: ['self'] })).length], [0, 0]);
  assert.equal((await describe({ Owners: ['self'], IncludeDisabled: true }))[0]?.State, 'disabled');
  await assert.rejects(modify({ OperationType: 'add', UserIds }), refusal('IncorrectState'));
  const dead = ec2.send(new RunInstancesCommand({ ImageId: id, MinCount: 1, MaxCount: 1 }));
  await assert.rejects(dead, refusal('InvalidAMIID.Unavailable'));
  await ec2.send(new EnableImageCommand({ ImageId: id }));
  assert.equal((await describe({ Owners: ['self'] })).length, 1);
});

test('words, deprecation, protection', async (t) => {
  const { c, ec2, launch, rootOf, snapshotOf, register } = await start(t);
  const id = await register(await snapshotOf(await rootOf(await launch())));
  const attribute = (Attribute: ImageAttributeName) =>
    ec2.send(new DescribeImageAttributeCommand({ ImageId: id, Attribute }));
  await ec2.send(new ModifyImageAttributeCommand({ ImageId: id, Description: { Value: 'better' } }));
  assert.equal((await attribute('description')).Description?.Value, 'better');
  await ec2.send(new ModifyImageAttributeCommand({ ImageId: id, Attribute: 'imdsSupport', Value: 'v2.0' }));
  assert.equal((await attribute('imdsSupport')).ImdsSupport?.Value, 'v2.0');
  assert.equal((await attribute('blockDeviceMapping')).BlockDeviceMappings?.length, 1);
  assert.deepEqual((await attribute('launchPermission')).LaunchPermissions, []);

  const past = ec2.send(
    new EnableImageDeprecationCommand({ ImageId: id, DeprecateAt: new Date(c.clock.now() - 60_000) }),
  );
  await assert.rejects(past, refusal('InvalidParameterValue'));
  const DeprecateAt = new Date(c.clock.now() + days(2));
  await ec2.send(new EnableImageDeprecationCommand({ ImageId: id, DeprecateAt }));
  const shown = await untilImage(ec2, id, 'available');
  assert.ok(Math.abs(Date.parse(shown.DeprecationTime ?? '') - DeprecateAt.getTime()) <= minutes(1));
  await ec2.send(new DisableImageDeprecationCommand({ ImageId: id }));
  assert.equal((await untilImage(ec2, id, 'available')).DeprecationTime, undefined);

  await ec2.send(new EnableImageDeregistrationProtectionCommand({ ImageId: id, WithCooldown: true }));
  const remove = (client = ec2) => client.send(new DeregisterImageCommand({ ImageId: id }));
  await assert.rejects(remove(), refusal('OperationNotPermitted'));
  assert.equal((await untilImage(ec2, id, 'available')).DeregistrationProtection, 'enabled-with-cooldown');
  await ec2.send(new DisableImageDeregistrationProtectionCommand({ ImageId: id }));
  await assert.rejects(remove(), refusal('OperationNotPermitted'));
  c.advance(hours(24) + 1000);
  // A jump of a day ends the connections that were open.
  await remove(c.client(EC2Client));
});
