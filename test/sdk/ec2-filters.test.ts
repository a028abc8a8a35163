/** Each filter that AWS documents is taken, by each operation; no other is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as sdk from '@aws-sdk/client-ec2';
import { DOCUMENTED_FILTERS } from '#test/sdk/ec2-documented-filters.ts';
import { cloudWithHost, launchOne } from '#test/sdk/ec2-host.ts';
import { refusal } from '#test/sdk/refusals.ts';

/** What an operation needs besides. */
const needed = (id: { readonly vpc: string; readonly subnet: string }): Readonly<Record<string, object>> => ({
  DescribeLaunchTemplateVersions: { LaunchTemplateName: 'web' },
  GetSecurityGroupsForVpc: { VpcId: id.vpc },
  GetSubnetCidrReservations: { SubnetId: id.subnet },
});

const COMMANDS: ReadonlyMap<string, unknown> = new Map(Object.entries(sdk));
type Command = new (input: object) => sdk.DescribeInstancesCommand;

test('documented filters are taken', async (t) => {
  const { ec2, image } = await cloudWithHost(t);
  await launchOne(ec2, image);
  const LaunchTemplateData = { ImageId: image };
  await ec2.send(new sdk.CreateLaunchTemplateCommand({ LaunchTemplateName: 'web', LaunchTemplateData }));
  const { Subnets: [subnet] = [] } = await ec2.send(new sdk.DescribeSubnetsCommand());
  const more = needed({ vpc: subnet?.VpcId ?? '', subnet: subnet?.SubnetId ?? '' });
  const refused: string[] = [];
  for (const [operation, names] of Object.entries(DOCUMENTED_FILTERS)) {
    // Every operation of the table has a command, whose input has filters.
    const Command = COMMANDS.get(`${operation}Command`) as Command;
    const ask = (Name: string) => ec2.send(new Command({ ...more[operation], Filters: [{ Name, Values: ['none'] }] }));
    for (const name of names.trim().split(/\s+/)) {
      await ask(name).catch((error: Error) => refused.push(`${operation} ${name}: ${error.message}`));
    }
    await assert.rejects(ask('colour'), refusal('InvalidParameterValue', /The filter 'colour' is invalid/), operation);
  }
  assert.deepEqual(refused, []);
});
