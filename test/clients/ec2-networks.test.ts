/** A network with a way out, by AWS's command line and its waiters alone, and taken down again. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Client, commandLine, testClients } from '#test/clients/command-line.ts';

type Made<Name extends string> = Readonly<Record<Name, Readonly<Record<string, string>>>>;

async function buildNetwork(t: TestContext, client: Client): Promise<void> {
  const { cli } = await commandLine(t, client);
  const ec2 = <T>(command: string): Promise<T> => cli<T & {}>(`ec2 ${command}`);
  const tags = 'ResourceType=vpc,Tags=[{Key=Name,Value=mine}]';
  const { Vpc } = await ec2<Made<'Vpc'>>(`create-vpc --cidr-block 10.0.0.0/16 --tag-specifications ${tags}`);
  const vpc = Vpc['VpcId'];
  await ec2(`wait vpc-available --vpc-ids ${vpc}`);
  const { Subnet } = await ec2<Made<'Subnet'>>(`create-subnet --vpc-id ${vpc} --cidr-block 10.0.1.0/24`);
  const subnet = Subnet['SubnetId'];
  await ec2(`wait subnet-available --subnet-ids ${subnet}`);
  await ec2(`modify-subnet-attribute --subnet-id ${subnet} --map-public-ip-on-launch`);
  const { InternetGateway } = await ec2<Made<'InternetGateway'>>('create-internet-gateway');
  const gateway = InternetGateway['InternetGatewayId'];
  await ec2(`wait internet-gateway-exists --internet-gateway-ids ${gateway}`);
  await ec2(`attach-internet-gateway --internet-gateway-id ${gateway} --vpc-id ${vpc}`);
  const { RouteTable } = await ec2<Made<'RouteTable'>>(`create-route-table --vpc-id ${vpc}`);
  const table = RouteTable['RouteTableId'];
  await ec2(`create-route --route-table-id ${table} --destination-cidr-block 0.0.0.0/0 --gateway-id ${gateway}`);
  const { AssociationId } = await ec2<{ AssociationId: string }>(
    `associate-route-table --route-table-id ${table} --subnet-id ${subnet}`,
  );
  const { GroupId } = await ec2<{ GroupId: string }>(
    `create-security-group --group-name web --description web --vpc-id ${vpc}`,
  );
  await ec2(`wait security-group-exists --group-ids ${GroupId}`);
  const allow = `authorize-security-group-ingress --group-id ${GroupId} --protocol tcp --port`;
  await ec2(`${allow} 22 --cidr 203.0.113.0/24`);
  await ec2(`${allow} 8000-8080 --source-group ${GroupId}`);
  await ec2(`authorize-security-group-egress --group-id ${GroupId} --protocol udp --port 53 --cidr 0.0.0.0/0`);
  const rules = await ec2<string[]>(
    `describe-security-group-rules --filters Name=group-id,Values=${GroupId} --query sort(SecurityGroupRules[].IpProtocol)`,
  );
  assert.deepEqual(rules, ['-1', 'tcp', 'tcp', 'udp']);
  const { NetworkInterface } = await ec2<Made<'NetworkInterface'>>(
    `create-network-interface --subnet-id ${subnet} --groups ${GroupId} --private-ip-address 10.0.1.10`,
  );
  const face = NetworkInterface['NetworkInterfaceId'];
  await ec2(`wait network-interface-available --network-interface-ids ${face}`);
  const found = await ec2<string[]>(
    `describe-network-interfaces --filters Name=group-id,Values=${GroupId} --query NetworkInterfaces[].PrivateIpAddress`,
  );
  assert.deepEqual(found, ['10.0.1.10']);

  for (const step of [
    `delete-network-interface --network-interface-id ${face}`,
    `delete-security-group --group-id ${GroupId}`,
    `disassociate-route-table --association-id ${AssociationId}`,
    `delete-route-table --route-table-id ${table}`,
    `detach-internet-gateway --internet-gateway-id ${gateway} --vpc-id ${vpc}`,
    `delete-internet-gateway --internet-gateway-id ${gateway}`,
    `delete-subnet --subnet-id ${subnet}`,
    `delete-vpc --vpc-id ${vpc}`,
  ]) {
    await ec2(step);
  }
  const left = await ec2<string[]>('describe-vpcs --filters Name=is-default,Values=false --query Vpcs[].VpcId');
  assert.deepEqual(left, []);
}

testClients('a network is built and taken down', buildNetwork);
