/** Instance types: what they are, and where they are offered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DescribeInstanceTypeOfferingsCommand,
  type DescribeInstanceTypeOfferingsCommandInput,
  DescribeInstanceTypesCommand,
  EC2Client,
  GetInstanceTypesFromInstanceRequirementsCommand,
  type InstanceRequirementsRequest,
  paginateDescribeInstanceTypes,
} from '@aws-sdk/client-ec2';
import { cloud } from '#test/sdk/cloud.ts';
import { refusal } from '#test/sdk/refusals.ts';

test('a type is described with its figures, found by them, and refused where it is none', async (t) => {
  const ec2 = (await cloud(t)).client(EC2Client);
  const named = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.micro'] }));
  const [micro] = named.InstanceTypes ?? [];
  assert.deepEqual(micro?.VCpuInfo, {
    DefaultVCpus: 2,
    DefaultCores: 1,
    DefaultThreadsPerCore: 2,
    ValidCores: [1],
    ValidThreadsPerCore: [1, 2],
  });
  assert.equal(micro?.MemoryInfo?.SizeInMiB, 1024);
  const { MaximumNetworkInterfaces, Ipv4AddressesPerInterface, NetworkPerformance } = micro?.NetworkInfo ?? {};
  assert.deepEqual(
    [MaximumNetworkInterfaces, Ipv4AddressesPerInterface, NetworkPerformance],
    [2, 2, 'Up to 5 Gigabit'],
  );
  assert.equal(micro?.BurstablePerformanceSupported, true);
  const by = async (Name: string, ...Values: string[]) => {
    const { InstanceTypes = [] } = await ec2.send(new DescribeInstanceTypesCommand({ Filters: [{ Name, Values }] }));
    return InstanceTypes.map(({ InstanceType }) => InstanceType);
  };
  assert.deepEqual(await by('instance-type', 't2.*nano', 'c5.18*'), ['t2.nano', 'c5.18xlarge']);
  assert.deepEqual(await by('memory-info.size-in-mib', '512'), ['t2.nano', 't3.nano', 't3a.nano']);
  assert.ok((await by('ebs-info.ebs-optimized-info.baseline-iops', '18750')).includes('m5.4xlarge'));
  assert.deepEqual(await by('bare-metal', 'true'), []);
  assert.deepEqual(await by('hypervisor', 'xen'), await by('instance-type', 't2.*'));
  await assert.rejects(
    ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['a1.medium'] })),
    refusal('InvalidInstanceType', 'The following supplied instance types do not exist: [a1.medium]'),
  );
  const seen: string[] = [];
  for await (const { InstanceTypes = [] } of paginateDescribeInstanceTypes({ client: ec2, pageSize: 50 }, {})) {
    seen.push(...InstanceTypes.map(({ InstanceType }) => InstanceType ?? ''));
  }
  assert.ok(seen.length > 100 && new Set(seen).size === seen.length);
});

test('types are found by what is required of them', async (t) => {
  const ec2 = (await cloud(t)).client(EC2Client);
  const found = async (InstanceRequirements: InstanceRequirementsRequest, ArchitectureTypes = ['x86_64' as const]) => {
    const VirtualizationTypes = ['hvm' as const];
    const input = { ArchitectureTypes, VirtualizationTypes, InstanceRequirements };
    const { InstanceTypes = [] } = await ec2.send(new GetInstanceTypesFromInstanceRequirementsCommand(input));
    return InstanceTypes.map(({ InstanceType }) => InstanceType);
  };
  const small = { VCpuCount: { Min: 2, Max: 2 }, MemoryMiB: { Min: 8192, Max: 8192 } };
  assert.deepEqual(await found({ ...small, CpuManufacturers: ['amd'] }), ['m6a.large']);
  assert.deepEqual(await found({ ...small, AllowedInstanceTypes: ['m5.*', 't3.*'] }), ['m5.large']);
  assert.deepEqual(await found({ ...small, BurstablePerformance: 'required', ExcludedInstanceTypes: ['t2.*'] }), [
    't3.large',
    't3a.large',
  ]);
  assert.deepEqual(await found({ ...small, BareMetal: 'required' }), []);
  const both = found({ ...small, AllowedInstanceTypes: ['m5.*'], ExcludedInstanceTypes: ['t2.*'] });
  await assert.rejects(both, refusal('InvalidParameterCombination'));
});

test('every type is offered in every zone', async (t) => {
  const ec2 = (await cloud(t)).client(EC2Client);
  const offered = async (input: DescribeInstanceTypeOfferingsCommandInput) => {
    const { InstanceTypeOfferings = [] } = await ec2.send(new DescribeInstanceTypeOfferingsCommand(input));
    return InstanceTypeOfferings.map(({ InstanceType, Location }) => `${InstanceType} ${Location}`);
  };
  const Filters = [{ Name: 'instance-type', Values: ['t3.micro'] }];
  assert.deepEqual(await offered({ Filters }), ['t3.micro us-east-1']);
  assert.equal((await offered({ Filters, LocationType: 'availability-zone' })).length, 6);
  const zone = { Name: 'location', Values: ['use1-az2'] };
  assert.deepEqual(await offered({ Filters: [...Filters, zone], LocationType: 'availability-zone-id' }), [
    't3.micro use1-az2',
  ]);
});

test('sizes of a family that are not like the others', async (t) => {
  const c = await cloud(t);
  const { InstanceTypes = [] } = await c
    .client(EC2Client)
    .send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t2.nano', 't2.large', 'c5.9xlarge', 'c5.12xlarge'] }));
  const clocks = InstanceTypes.map(({ InstanceType, ProcessorInfo }) => [
    InstanceType,
    ProcessorInfo?.SustainedClockSpeedInGhz,
  ]);
  assert.deepEqual(Object.fromEntries(clocks), {
    't2.nano': 2.4,
    't2.large': 2.3,
    'c5.9xlarge': 3.4,
    'c5.12xlarge': 3.6,
  });
});
