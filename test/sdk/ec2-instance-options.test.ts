/** What can be changed of an instance, and asked about it, beside its life. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AssociateIamInstanceProfileCommand,
  CreateSecurityGroupCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceCreditSpecificationsCommand,
  DescribeInstanceStatusCommand,
  DisassociateIamInstanceProfileCommand,
  EC2Client,
  GetConsoleOutputCommand,
  GetConsoleScreenshotCommand,
  GetDefaultCreditSpecificationCommand,
  GetInstanceMetadataDefaultsCommand,
  GetPasswordDataCommand,
  ModifyDefaultCreditSpecificationCommand,
  ModifyInstanceAttributeCommand,
  type ModifyInstanceAttributeCommandInput,
  ModifyInstanceCpuOptionsCommand,
  ModifyInstanceCreditSpecificationCommand,
  ModifyInstanceMaintenanceOptionsCommand,
  ModifyInstanceMetadataDefaultsCommand,
  ModifyInstanceMetadataOptionsCommand,
  ModifyInstancePlacementCommand,
  ModifyPrivateDnsNameOptionsCommand,
  MonitorInstancesCommand,
  ReplaceIamInstanceProfileAssociationCommand,
  ResetInstanceAttributeCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  UnmonitorInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { minutes } from '#platform/base/clock.ts';
import { usageOf } from '#platform/metering/usage.ts';
import type { TestCloud } from '#test/sdk/cloud.ts';
import { cloudWithHost, instanceOf, launchOne, untilState } from '#test/sdk/ec2-host.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

test('attributes are changed, shown and reset; some only while the instance is stopped', async (t) => {
  const { ec2, host, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const change = (input: Omit<ModifyInstanceAttributeCommandInput, 'InstanceId'>) =>
    ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, ...input }));
  const shown = (Attribute: 'instanceType') =>
    ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute }));
  const of = async (name: string) => shown(name as 'instanceType');
  await change({ DisableApiTermination: { Value: true } });
  assert.equal((await of('disableApiTermination')).DisableApiTermination?.Value, true);
  await change({ Attribute: 'disableApiTermination', Value: 'false' });
  assert.equal((await of('disableApiTermination')).DisableApiTermination?.Value, false);
  await change({ DisableApiStop: { Value: true } });
  assert.equal((await of('disableApiStop')).DisableApiStop?.Value, true);
  await change({ DisableApiStop: { Value: false } });
  await change({ InstanceInitiatedShutdownBehavior: { Value: 'terminate' } });
  assert.equal((await of('instanceInitiatedShutdownBehavior')).InstanceInitiatedShutdownBehavior?.Value, 'terminate');
  await change({ SourceDestCheck: { Value: false } });
  assert.equal((await of('sourceDestCheck')).SourceDestCheck?.Value, false);
  await ec2.send(new ResetInstanceAttributeCommand({ InstanceId: id, Attribute: 'sourceDestCheck' }));
  assert.equal((await of('sourceDestCheck')).SourceDestCheck?.Value, true);
  const { VpcId } = await instanceOf(ec2, id);
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }),
  );
  await change({ Groups: [GroupId] });
  assert.deepEqual((await of('groupSet')).Groups, [{ GroupId, GroupName: 'web' }]);
  await change({ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }] });
  assert.equal((await of('blockDeviceMapping')).BlockDeviceMappings?.[0]?.Ebs?.DeleteOnTermination, false);
  assert.equal((await of('rootDeviceName')).RootDeviceName?.Value, '/dev/xvda');
  assert.equal((await of('userData')).UserData?.Value, undefined);

  await assert.rejects(change({ InstanceType: { Value: 't3.large' } }), refusal('IncorrectInstanceState'));
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'stopped');
  await change({ InstanceType: { Value: 't3.large' } });
  await change({ UserData: { Value: Buffer.from('hello') } });
  assert.equal((await of('userData')).UserData?.Value, Buffer.from('hello').toString('base64'));
  await change({ EbsOptimized: { Value: true } });
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'running');
  assert.equal(host.machines.machines.get(id)?.spec.memoryMiB, 8192);

  await assert.rejects(change({}), refusal('InvalidParameterCombination', 'No attributes specified.'));
  const two = { DisableApiStop: { Value: true }, DisableApiTermination: { Value: true } };
  await assert.rejects(change(two), refusal('InvalidParameterCombination'));
  await assert.rejects(change({ Kernel: { Value: 'aki-1' } }), refusal('Unsupported'));
  const wrong = change({ InstanceInitiatedShutdownBehavior: { Value: 'explode' } });
  await assert.rejects(wrong, refusal('InvalidParameterValue'));
  const none = change({ BlockDeviceMappings: [{ DeviceName: '/dev/sdz', Ebs: { DeleteOnTermination: true } }] });
  await assert.rejects(none, refusal('InvalidInstanceAttributeValue'));
  const reset = ec2.send(new ResetInstanceAttributeCommand({ InstanceId: id, Attribute: 'instanceType' }));
  await assert.rejects(reset, refusal('InvalidParameterValue'));
});

test('options have operations of their own', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image, { InstanceType: 'm5.xlarge' });
  const InstanceId = id;
  const metadata = await ec2.send(
    new ModifyInstanceMetadataOptionsCommand({ InstanceId, HttpTokens: 'optional', HttpPutResponseHopLimit: 4 }),
  );
  assert.deepEqual(
    [metadata.InstanceMetadataOptions?.State, metadata.InstanceMetadataOptions?.HttpPutResponseHopLimit],
    ['pending', 4],
  );
  assert.equal((await instanceOf(ec2, id)).MetadataOptions?.HttpTokens, 'optional');
  await assert.rejects(ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId })), refusal('MissingParameter'));
  const cpu = new ModifyInstanceCpuOptionsCommand({ InstanceId, CoreCount: 1, ThreadsPerCore: 2 });
  await assert.rejects(
    ec2.send(cpu),
    refusal('IncorrectInstanceState', `The instance '${id}' is not in the 'stopped' state.`),
  );
  await ec2.send(new ModifyInstanceMaintenanceOptionsCommand({ InstanceId, AutoRecovery: 'disabled' }));
  assert.equal((await instanceOf(ec2, id)).MaintenanceOptions?.AutoRecovery, 'disabled');
  await ec2.send(new ModifyInstancePlacementCommand({ InstanceId, Tenancy: 'default' }));
  const elsewhere = ec2.send(new ModifyInstancePlacementCommand({ InstanceId, Tenancy: 'host' }));
  await assert.rejects(elsewhere, refusal('Unsupported'));
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'stopped');
  await ec2.send(cpu);
  assert.deepEqual((await instanceOf(ec2, id)).CpuOptions, { CoreCount: 1, ThreadsPerCore: 2 });
  await ec2.send(new ModifyPrivateDnsNameOptionsCommand({ InstanceId, PrivateDnsHostnameType: 'resource-name' }));
  assert.equal((await instanceOf(ec2, id)).PrivateDnsName, `${id}.ec2.internal`);

  const on = await ec2.send(new MonitorInstancesCommand({ InstanceIds: [id] }));
  assert.equal(on.InstanceMonitorings?.[0]?.Monitoring?.State, 'pending');
  assert.equal((await instanceOf(ec2, id)).Monitoring?.State, 'enabled');
  const off = await ec2.send(new UnmonitorInstancesCommand({ InstanceIds: [id] }));
  assert.equal(off.InstanceMonitorings?.[0]?.Monitoring?.State, 'disabling');
  assert.equal((await instanceOf(ec2, id)).Monitoring?.State, 'disabled');
});

test('an account has defaults of its own for metadata options', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const set = { HttpTokens: 'optional', HttpPutResponseHopLimit: 5, InstanceMetadataTags: 'enabled' } as const;
  await ec2.send(new ModifyInstanceMetadataDefaultsCommand(set));
  const { AccountLevel } = await ec2.send(new GetInstanceMetadataDefaultsCommand());
  assert.deepEqual(AccountLevel, { ...set, ManagedBy: 'account' });
  const id = await launchOne(ec2, image, { MetadataOptions: { HttpPutResponseHopLimit: 7 } });
  const { HttpTokens, HttpPutResponseHopLimit, InstanceMetadataTags } =
    (await instanceOf(ec2, id)).MetadataOptions ?? {};
  assert.deepEqual([HttpTokens, HttpPutResponseHopLimit, InstanceMetadataTags], ['optional', 7, 'enabled']);
  await ec2.send(
    new ModifyInstanceMetadataDefaultsCommand({ HttpTokens: 'no-preference', HttpPutResponseHopLimit: -1 }),
  );
  const after = await ec2.send(new GetInstanceMetadataDefaultsCommand());
  assert.deepEqual(after.AccountLevel, { InstanceMetadataTags: 'enabled', ManagedBy: 'account' });
  await ec2.send(new ModifyInstanceMetadataDefaultsCommand({ HttpTokensEnforced: 'enabled' }));
  const old = launchOne(ec2, image, { MetadataOptions: { HttpTokens: 'optional' } });
  await assert.rejects(old, refusal('UnsupportedOperation', /httpTokensEnforced is enabled/));
  const modern = await launchOne(ec2, image, { MetadataOptions: { HttpTokens: 'required' } });
  const back = new ModifyInstanceMetadataOptionsCommand({ InstanceId: modern, HttpTokens: 'optional' });
  await assert.rejects(ec2.send(back), refusal('UnsupportedOperation'));
  const enforced = (await ec2.send(new GetInstanceMetadataDefaultsCommand())).AccountLevel?.HttpTokensEnforced;
  assert.equal(enforced, 'enabled');
  await ec2.send(new ModifyInstanceMetadataDefaultsCommand({ HttpTokensEnforced: 'no-preference' }));
  await ec2.send(back);
  const wrong = ec2.send(new ModifyInstanceMetadataDefaultsCommand({ HttpPutResponseHopLimit: 0 }));
  await assert.rejects(wrong, refusal('InvalidParameterValue'));
});

test('status checks are what the host and the guest say', async (t) => {
  const { c, ec2, host, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const status = async (more = {}) =>
    (await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [id], ...more }))).InstanceStatuses?.[0];
  await until(async () => (await status())?.InstanceStatus?.Status === 'ok', 'the guest answers');
  assert.equal((await status())?.SystemStatus?.Status, 'ok');
  assert.deepEqual((await status())?.AttachedEbsStatus?.Details?.[0], { Name: 'reachability', Status: 'passed' });
  const machine = host.machines.machines.get(id);
  if (machine !== undefined) machine.isResponsive = false;
  c.advance(minutes(1) + 1);
  await until(
    () =>
      status().then(
        (s) => s?.InstanceStatus?.Status === 'impaired',
        () => false,
      ),
    'it hangs',
  );
  assert.equal((await status())?.InstanceStatus?.Details?.[0]?.Status, 'failed');
  const Filters = [{ Name: 'instance-status.status', Values: ['impaired'] }];
  const found = await ec2.send(new DescribeInstanceStatusCommand({ Filters }));
  assert.deepEqual(
    found.InstanceStatuses?.map(({ InstanceId }) => InstanceId),
    [id],
  );
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id], Force: true }));
  await untilState(ec2, id, 'stopped');
  assert.equal(await status(), undefined);
  assert.equal((await status({ IncludeAllInstances: true }))?.SystemStatus?.Status, 'not-applicable');
});

test('the console is heard and seen; no Linux has a password', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const { Output = '' } = await ec2.send(new GetConsoleOutputCommand({ InstanceId: id }));
  assert.match(Buffer.from(Output, 'base64').toString(), /Linux version/);
  const { ImageData = '' } = await ec2.send(new GetConsoleScreenshotCommand({ InstanceId: id }));
  assert.equal(Buffer.from(ImageData, 'base64').toString('latin1', 1, 4), 'PNG');
  assert.equal((await ec2.send(new GetPasswordDataCommand({ InstanceId: id }))).PasswordData, '');
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  await untilState(ec2, id, 'stopped');
  const dark = ec2.send(new GetConsoleScreenshotCommand({ InstanceId: id }));
  await assert.rejects(dark, refusal('IncorrectInstanceState'));
});

test('credits are what was chosen, where a type has any', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  const [burst, steady] = [await launchOne(ec2, image), await launchOne(ec2, image, { InstanceType: 'm5.large' })];
  const shown = async (InstanceIds?: string[]) =>
    (await ec2.send(new DescribeInstanceCreditSpecificationsCommand({ ...(InstanceIds && { InstanceIds }) })))
      .InstanceCreditSpecifications;
  assert.deepEqual(await shown(), [{ InstanceId: burst, CpuCredits: 'unlimited' }]);
  const { SuccessfulInstanceCreditSpecifications: done, UnsuccessfulInstanceCreditSpecifications: failed } =
    await ec2.send(
      new ModifyInstanceCreditSpecificationCommand({
        InstanceCreditSpecifications: [
          { InstanceId: burst, CpuCredits: 'standard' },
          { InstanceId: steady, CpuCredits: 'standard' },
        ],
      }),
    );
  assert.deepEqual(
    [done, failed?.map(({ Error: error }) => error?.Code)],
    [[{ InstanceId: burst }], ['InstanceCreditSpecification.NotSupported']],
  );
  assert.deepEqual(await shown([burst]), [{ InstanceId: burst, CpuCredits: 'standard' }]);
  assert.deepEqual(await shown(), []);
  const family = { InstanceFamily: 't3' } as const;
  await ec2.send(new ModifyDefaultCreditSpecificationCommand({ ...family, CpuCredits: 'standard' }));
  const own = await ec2.send(new GetDefaultCreditSpecificationCommand(family));
  assert.equal(own.InstanceFamilyCreditSpecification?.CpuCredits, 'standard');
  assert.deepEqual(await shown([await launchOne(ec2, image)]).then((all) => all?.[0]?.CpuCredits), 'standard');
  const none = ec2.send(new GetDefaultCreditSpecificationCommand({ InstanceFamily: 't4g' }));
  await assert.rejects(none, refusal('InvalidParameterValue'));
  await assert.rejects(shown([steady]), refusal('InstanceCreditSpecification.NotSupported'));
});

async function profile(c: TestCloud, name: string): Promise<string> {
  const iam = c.client(IAMClient);
  const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
  const made = await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }));
  return made.InstanceProfile?.Arn ?? '';
}

test('a profile is associated, replaced and taken; who does it must be allowed to pass its role', async (t) => {
  const { c, ec2, image } = await cloudWithHost(t);
  const [web, app] = [await profile(c, 'web'), await profile(c, 'app')];
  const id = await launchOne(ec2, image);
  const give = new AssociateIamInstanceProfileCommand({ InstanceId: id, IamInstanceProfile: { Name: 'web' } });
  const user = await newUser(c, 'anna');
  await user.allow({ Effect: 'Allow', Action: 'ec2:AssociateIamInstanceProfile', Resource: '*' });
  const anna = c.client(EC2Client, { credentials: user.credentials });
  await assert.rejects(anna.send(give), refusal('UnauthorizedOperation', /iam:PassRole/));
  const made = await ec2.send(give);
  const association = made.IamInstanceProfileAssociation?.AssociationId ?? '';
  assert.match(association, /^iip-assoc-0[0-9a-f]{16}$/);
  assert.equal((await instanceOf(ec2, id)).IamInstanceProfile?.Arn, web);
  await assert.rejects(
    ec2.send(give),
    refusal('IncorrectState', `There is an existing association for instance ${id}`),
  );
  const replaced = await ec2.send(
    new ReplaceIamInstanceProfileAssociationCommand({ AssociationId: association, IamInstanceProfile: { Arn: app } }),
  );
  const next = replaced.IamInstanceProfileAssociation?.AssociationId ?? '';
  const Filters = [{ Name: 'instance-id', Values: [id] }];
  const { IamInstanceProfileAssociations: shown } = await ec2.send(
    new DescribeIamInstanceProfileAssociationsCommand({ Filters }),
  );
  assert.deepEqual(
    shown?.map(({ AssociationId, IamInstanceProfile, State }) => [AssociationId, IamInstanceProfile?.Arn, State]),
    [[next, app, 'associated']],
  );
  await ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: next }));
  assert.equal((await instanceOf(ec2, id)).IamInstanceProfile, undefined);
  const gone = ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: next }));
  await assert.rejects(gone, refusal('NoSuchAssociation'));
});

test('an instance costs its seconds, and a minute at least', async (t) => {
  const { c, ec2, image } = await cloudWithHost(t);
  const id = await launchOne(ec2, image);
  const partition = c.running.cloud.store.partition({
    service: 'ec2',
    account: c.account as never,
    region: 'us-east-1' as never,
  });
  const seconds = () =>
    partition
      .read((tx) => usageOf(tx, 0, c.clock.now() + 1))
      .filter(({ usageType }) => usageType === 'BoxUsage:t3.micro')
      .reduce((sum, { amount }) => sum + amount, 0);
  await until(() => seconds() === 60, 'the first minute');
  c.advance(minutes(3));
  await until(async () => {
    try {
      await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
      return true;
    } catch {
      return false;
    }
  }, 'a new connection');
  await untilState(ec2, id, 'stopped');
  assert.ok(seconds() >= 180 && seconds() < 200, String(seconds()));
});
