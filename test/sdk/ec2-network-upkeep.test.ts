/** What becomes of networks beside their operations: their time in the bill, their records, their end with the account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateDhcpOptionsCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteTableCommand,
  DescribeAddressesCommand,
  DescribeDhcpOptionsCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2';
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { hours, minutes } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { usageOf } from '#platform/metering/usage.ts';
import { startGroups, tagged } from '#test/sdk/ec2-network.ts';
import { operate } from '#test/sdk/people.ts';

test('the time of an address is in the bill, in use or idle', async (t) => {
  const { c, ec2, defaults } = await startGroups(t);
  const { subnet } = await defaults();
  const place = { service: 'ec2', account: c.account as AccountId, region: 'us-east-1' as Region };
  const partition = c.running.cloud.store.partition(place);
  const { AllocationId } = await ec2.send(new AllocateAddressCommand());
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  // A jump closes idle connections.
  const later = (milliseconds: number) => {
    c.advance(milliseconds);
    return c.client(EC2Client);
  };
  await later(minutes(10)).send(
    new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }),
  );
  await later(hours(3)).send(new ReleaseAddressCommand({ AllocationId }));
  c.advance(hours(2));
  const sums = new Map<string, number>();
  for (const { usageType, amount } of partition.read((tx) => usageOf(tx, 0, c.clock.now() + 1))) {
    sums.set(usageType, (sums.get(usageType) ?? 0) + amount);
  }
  const near = (usageType: string, expected: number): void => {
    const seconds = sums.get(usageType) ?? 0;
    assert.ok(seconds >= expected / 1000 && seconds <= expected / 1000 + 60, `${usageType}: ${seconds}`);
  };
  near('PublicIPv4:IdleAddress', minutes(10));
  near('PublicIPv4:InUseAddress', hours(3));
});

test('what is done is in the records, and found by its tags', async (t) => {
  const { c, ec2, defaults } = await startGroups(t);
  const { vpc } = await defaults();
  const made = await ec2.send(
    new CreateRouteTableCommand({ VpcId: vpc, TagSpecifications: tagged('route-table', { Owner: 'anna' }) }),
  );
  const { Events = [] } = await c.client(CloudTrailClient).send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateRouteTable' }],
    }),
  );
  assert.equal(Events.length, 1);
  assert.match(Events[0]?.CloudTrailEvent ?? '', new RegExp(made.RouteTable?.RouteTableId ?? 'none'));
  const { ResourceTagMappingList = [] } = await c
    .client(ResourceGroupsTaggingAPIClient)
    .send(new GetResourcesCommand({ TagFilters: [{ Key: 'Owner', Values: ['anna'] }] }));
  assert.deepEqual(
    ResourceTagMappingList.map(({ ResourceARN }) => ResourceARN),
    [`arn:aws:ec2:us-east-1:${c.account}:route-table/${made.RouteTable?.RouteTableId}`],
  );
});

test('with an account go its networks, whatever holds them', async (t) => {
  const { c, ec2, defaults, newVpc, newSubnet, newGroup, allow } = await startGroups(t);
  const { subnet } = await defaults();
  const own = await newVpc();
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: await newSubnet(own) }));
  const [one, other] = [await newGroup(own, 'one'), await newGroup(own, 'other')];
  const from = (GroupId: string) => ({ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] });
  await allow(one, from(other));
  await allow(other, from(one));
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: one, IpPermissions: [from(other)] }));
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({ PrefixListName: 'office', AddressFamily: 'IPv4', MaxEntries: 3 }),
  );
  const PrefixListIds = [{ PrefixListId: PrefixList?.PrefixListId ?? '' }];
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: one, IpPermissions: [{ IpProtocol: '-1', PrefixListIds }] }),
  );
  await ec2.send(new CreateDhcpOptionsCommand({ DhcpConfigurations: [{ Key: 'domain-name', Values: ['a.example'] }] }));
  const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet }));
  const { AllocationId } = await ec2.send(new AllocateAddressCommand());
  await ec2.send(
    new AssociateAddressCommand({ AllocationId, NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId }),
  );

  const { Remaining } = await operate(c, 'RemoveAccountResources', { AccountId: c.account });
  assert.deepEqual(Remaining, []);
  const { AccessKey } = await operate(c, 'CreateAccountAccessKey', { AccountId: c.account, Owner: 'root' });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey as Record<string, string>;
  const root = c.client(EC2Client, { credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } });
  assert.deepEqual((await root.send(new DescribeVpcsCommand())).Vpcs, []);
  assert.deepEqual((await root.send(new DescribeNetworkInterfacesCommand())).NetworkInterfaces, []);
  assert.deepEqual((await root.send(new DescribeSecurityGroupsCommand())).SecurityGroups, []);
  assert.deepEqual((await root.send(new DescribeAddressesCommand())).Addresses, []);
  assert.deepEqual((await root.send(new DescribeDhcpOptionsCommand())).DhcpOptions, []);
  const lists = await root.send(
    new DescribeManagedPrefixListsCommand({ Filters: [{ Name: 'owner-id', Values: [c.account] }] }),
  );
  assert.deepEqual(lists.PrefixLists, []);
});
