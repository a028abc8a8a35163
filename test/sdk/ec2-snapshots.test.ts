/** Snapshots and encryption by AWS's SDK, on a simulated host. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AttachVolumeCommand,
  CopySnapshotCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DeleteSnapshotCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DisableEbsEncryptionByDefaultCommand,
  DisableSnapshotBlockPublicAccessCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
  EnableSnapshotBlockPublicAccessCommand,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  GetSnapshotBlockPublicAccessStateCommand,
  ModifyEbsDefaultKmsKeyIdCommand,
  ModifySnapshotAttributeCommand,
  ResetEbsDefaultKmsKeyIdCommand,
  ResetSnapshotAttributeCommand,
} from '@aws-sdk/client-ec2';
import { CreateKeyCommand, DisableKeyCommand, KMSClient, ListGrantsCommand } from '@aws-sdk/client-kms';
import { cloudWithHost, launchOne } from '#test/sdk/ec2-host.ts';
import { untilSnapshot, volumesOf } from '#test/sdk/ec2-storage.ts';
import { newAccount } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

const ZONE = 'us-east-1a';

async function start(t: TestContext) {
  const given = await cloudWithHost(t);
  const { ec2, image } = given;
  const storage = volumesOf(ec2);
  const volume = async (input: Partial<CreateVolumeCommandInput> = {}): Promise<string> => {
    const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 4, ...input }));
    await storage.untilVolume(VolumeId, 'available');
    return VolumeId;
  };
  const snapshot = async (VolumeId: string): Promise<string> => {
    const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId, Description: 'mine' }));
    await untilSnapshot(ec2, SnapshotId, 'completed');
    return SnapshotId;
  };
  const launch = (): Promise<string> => launchOne(ec2, image, { Placement: { AvailabilityZone: ZONE } });
  return { ...given, ...storage, volume, snapshot, launch };
}

test('a snapshot is taken, made a volume of, copied, deleted', async (t) => {
  const { c, ec2, host, volume, snapshot, untilVolume } = await start(t);
  const id = await volume();
  host.volumes.write(id, 0, 'kept');
  const first = await snapshot(id);
  host.volumes.write(id, 0, 'new');
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
  const [{ StartTime, CompletionTime, ...shown } = {}] = Snapshots;
  assert.ok(StartTime && CompletionTime && CompletionTime >= StartTime);
  assert.deepEqual(shown, {
    SnapshotId: first,
    VolumeId: id,
    VolumeSize: 4,
    State: 'completed',
    Progress: '100%',
    OwnerId: c.account,
    Description: 'mine',
    Encrypted: false,
    StorageTier: 'standard',
    FullSnapshotSizeInBytes: 512 * 1024,
    Tags: [],
  });
  const restored = await volume({ SnapshotId: first, Size: undefined });
  assert.equal(host.volumes.read(restored, 0), 'kept');
  assert.equal((await untilVolume(restored, 'available')).Size, 4);
  const small = ec2.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, SnapshotId: first, Size: 2 }));
  await assert.rejects(small, refusal('InvalidParameterValue', /cannot be smaller than the snapshot size/));

  const elsewhere = c.client(EC2Client, { region: 'eu-west-1' });
  const copy = await elsewhere.send(
    new CopySnapshotCommand({ SourceSnapshotId: first, SourceRegion: 'us-east-1', Description: 'a copy' }),
  );
  const copied = await untilSnapshot(elsewhere, copy.SnapshotId ?? '', 'completed');
  assert.deepEqual([copied.Description, copied.VolumeId, copied.TransferType], ['a copy', 'vol-ffffffff', 'standard']);
  const nowhere = ec2.send(new CopySnapshotCommand({ SourceSnapshotId: first, SourceRegion: 'atlantis-1' }));
  await assert.rejects(nowhere, refusal('InvalidParameterValue'));
  const absent = ec2.send(new CopySnapshotCommand({ SourceSnapshotId: 'snap-01234567', SourceRegion: 'us-east-1' }));
  await assert.rejects(absent, refusal('InvalidSnapshot.NotFound'));

  await ec2.send(new DeleteSnapshotCommand({ SnapshotId: first }));
  await assert.rejects(ec2.send(new DeleteSnapshotCommand({ SnapshotId: first })), refusal('InvalidSnapshot.NotFound'));
  await until(() => !host.volumes.snapshots.has(first), 'the host has forgotten it');
  assert.ok(host.volumes.snapshots.has(copy.SnapshotId ?? ''));
});

test('filters, and snapshots of what is built here', async (t) => {
  const { ec2, volume, snapshot } = await start(t);
  const id = await volume();
  await snapshot(id);
  await snapshot(id);
  const found = async (Name: string, ...Values: string[]) =>
    ((await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name, Values }] }))).Snapshots ?? []).length;
  assert.deepEqual(
    [await found('volume-id', id), await found('owner-alias', 'amazon'), await found('progress', '100%')],
    [2, 1, 3],
  );
  const amazon = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['amazon'] }));
  assert.equal(amazon.Snapshots?.length, 1);
  const mine = await ec2.send(new DescribeSnapshotsCommand({ RestorableByUserIds: ['self'] }));
  assert.equal(mine.Snapshots?.length, 2);
  const page = await ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5 }));
  assert.equal(page.Snapshots?.length, 3);
  const absent = ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: ['snap-01234567'] }));
  await assert.rejects(absent, refusal('InvalidSnapshot.NotFound'));
});

test('all volumes of a running instance at once', async (t) => {
  const { ec2, host, volume, launch, attachmentIs } = await start(t);
  const instance = await launch();
  const id = await volume();
  await ec2.send(new AttachVolumeCommand({ VolumeId: id, InstanceId: instance, Device: '/dev/sdf' }));
  await attachmentIs(id, 'attached');
  const both = await ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instance } }));
  assert.equal(both.Snapshots?.length, 2);
  for (const { SnapshotId = '' } of both.Snapshots ?? []) await untilSnapshot(ec2, SnapshotId, 'completed');
  assert.equal(host.machines.log.filter((line) => line === `switchLayer ${instance}`).length, 2);
  const data = await ec2.send(
    new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: instance, ExcludeBootVolume: true } }),
  );
  assert.deepEqual(
    data.Snapshots?.map(({ VolumeId }) => VolumeId),
    [id],
  );
  const strange = ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: instance, ExcludeDataVolumeIds: ['vol-01234567'] },
    }),
  );
  await assert.rejects(strange, refusal('InvalidVolume.NotFound'));
});

test('a snapshot is shared with an account, with everybody, and no more', async (t) => {
  const { c, ec2, volume, snapshot } = await start(t);
  const id = await snapshot(await volume());
  const other = c.client(EC2Client, { credentials: await newAccount(c, '222222222222') });
  const seen = async (): Promise<number> =>
    (await other.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: [id] }] }))).Snapshots
      ?.length ?? 0;
  const modify = (input: object) =>
    ec2.send(new ModifySnapshotAttributeCommand({ SnapshotId: id, Attribute: 'createVolumePermission', ...input }));
  const permissions = async () =>
    (await ec2.send(new DescribeSnapshotAttributeCommand({ SnapshotId: id, Attribute: 'createVolumePermission' })))
      .CreateVolumePermissions;
  assert.equal(await seen(), 0);
  await modify({ CreateVolumePermission: { Add: [{ UserId: '222222222222' }] } });
  assert.deepEqual([await seen(), await permissions()], [1, [{ UserId: '222222222222' }]]);
  const made = await other.send(new CreateVolumeCommand({ AvailabilityZone: ZONE, SnapshotId: id }));
  await volumesOf(other).untilVolume(made.VolumeId ?? '', 'available');
  await assert.rejects(other.send(new DeleteSnapshotCommand({ SnapshotId: id })), refusal('InvalidSnapshot.NotFound'));
  await modify({ OperationType: 'remove', UserIds: ['222222222222'] });
  assert.equal(await seen(), 0);
  await modify({ OperationType: 'add', GroupNames: ['all'] });
  assert.deepEqual([await seen(), await permissions()], [1, [{ Group: 'all' }]]);
  await assert.rejects(modify({ OperationType: 'add', UserIds: ['12'] }), refusal('InvalidUserID.Malformed'));
  await assert.rejects(modify({ OperationType: 'add', GroupNames: ['none'] }), refusal('InvalidGroup.NotFound'));
  await assert.rejects(modify({}), refusal('MissingParameter'));

  const state = async () => (await ec2.send(new GetSnapshotBlockPublicAccessStateCommand())).State;
  assert.equal(await state(), 'unblocked');
  await ec2.send(new EnableSnapshotBlockPublicAccessCommand({ State: 'block-all-sharing' }));
  assert.deepEqual([await state(), await seen()], ['block-all-sharing', 0]);
  await assert.rejects(modify({ OperationType: 'add', GroupNames: ['all'] }), refusal('OperationNotPermitted'));
  await ec2.send(new DisableSnapshotBlockPublicAccessCommand());
  assert.equal(await seen(), 1);
  await ec2.send(new ResetSnapshotAttributeCommand({ SnapshotId: id, Attribute: 'createVolumePermission' }));
  assert.deepEqual([await seen(), await permissions()], [0, []]);
});

test('an encrypted volume, its snapshots, and what is made of them', async (t) => {
  const { c, ec2, host, volume, snapshot, untilVolume, launch, attachmentIs } = await start(t);
  const kms = c.client(KMSClient);
  const { KeyMetadata: { KeyId = '', Arn = '' } = {} } = await kms.send(new CreateKeyCommand());
  const id = await volume({ Encrypted: true, KmsKeyId: KeyId });
  const shown = await untilVolume(id, 'available');
  assert.deepEqual([shown.Encrypted, shown.KmsKeyId], [true, Arn]);
  const { Grants = [] } = await kms.send(new ListGrantsCommand({ KeyId }));
  assert.deepEqual(
    Grants.map(({ Operations, Constraints }) => [Operations, Constraints?.EncryptionContextEquals]),
    [[['Decrypt'], { 'aws:ebs:id': id }]],
  );
  const key = host.volumes.volumes.get(id)?.key;
  assert.equal(key?.length, 32);
  assert.throws(() => host.volumes.read(id, 0));
  const taken = await snapshot(id);
  const [described] = (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [taken] }))).Snapshots ?? [];
  assert.deepEqual([described?.Encrypted, described?.KmsKeyId], [true, Arn]);
  const child = await volume({ SnapshotId: taken });
  assert.deepEqual(host.volumes.volumes.get(child)?.key, key);
  // Another key: another data key, and all is copied.
  const managed = await volume({ SnapshotId: taken, Encrypted: true, KmsKeyId: 'alias/aws/ebs' });
  assert.notDeepEqual(host.volumes.volumes.get(managed)?.key, key);
  const everybody = ec2.send(
    new ModifySnapshotAttributeCommand({ SnapshotId: taken, OperationType: 'add', GroupNames: ['all'] }),
  );
  await assert.rejects(everybody, refusal('OperationNotPermitted'));

  const instance = await launch();
  await ec2.send(new AttachVolumeCommand({ VolumeId: id, InstanceId: instance, Device: '/dev/sdf' }));
  await attachmentIs(id, 'attached');
  assert.deepEqual(host.machines.machines.get(instance)?.disks.get(id)?.key, key);
  await kms.send(new DisableKeyCommand({ KeyId }));
  const refused = ec2.send(
    new CreateVolumeCommand({ AvailabilityZone: ZONE, Size: 1, Encrypted: true, KmsKeyId: KeyId }),
  );
  await assert.rejects(refused, refusal('DisabledException'));
});

test('encryption by default', async (t) => {
  const { c, ec2, host, volume, snapshot, untilVolume, launch } = await start(t);
  const plain = await snapshot(await volume());
  const isOn = async () => (await ec2.send(new GetEbsEncryptionByDefaultCommand())).EbsEncryptionByDefault;
  const key = async () => (await ec2.send(new GetEbsDefaultKmsKeyIdCommand())).KmsKeyId;
  assert.deepEqual([await isOn(), await key()], [false, 'alias/aws/ebs']);
  await ec2.send(new EnableEbsEncryptionByDefaultCommand());
  assert.equal(await isOn(), true);
  const { KeyMetadata: { Arn = '' } = {} } = await c.client(KMSClient).send(new CreateKeyCommand());
  assert.equal((await ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: Arn }))).KmsKeyId, Arn);
  const absent = ec2.send(new ModifyEbsDefaultKmsKeyIdCommand({ KmsKeyId: 'alias/none' }));
  await assert.rejects(absent, refusal('NotFoundException'));
  const shown = await untilVolume(await volume({ SnapshotId: plain }), 'available');
  assert.deepEqual([shown.Encrypted, shown.KmsKeyId], [true, Arn]);
  const instance = await launch();
  const disks = [...(host.machines.machines.get(instance)?.disks.values() ?? [])];
  assert.equal(disks[0]?.key?.length, 32);
  const { Volumes = [] } = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [instance] }] }),
  );
  assert.equal(Volumes[0]?.KmsKeyId, Arn);
  assert.equal((await ec2.send(new ResetEbsDefaultKmsKeyIdCommand())).KmsKeyId, 'alias/aws/ebs');
  await ec2.send(new DisableEbsEncryptionByDefaultCommand());
  assert.equal((await untilVolume(await volume(), 'available')).Encrypted, false);
});
