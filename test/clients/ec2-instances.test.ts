/** An instance from launch to termination, by AWS's command line and its waiters alone, on a simulated host. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Client, commandLine, testClients } from '#test/clients/command-line.ts';
import { microImage, simulatedHost } from '#test/sdk/ec2-host.ts';

interface Shown {
  readonly InstanceId: string;
  readonly PrivateIpAddress: string;
  readonly State: { readonly Name: string };
}

async function launchAndEnd(t: TestContext, client: Client): Promise<void> {
  const host = simulatedHost();
  const { cli, file } = await commandLine(t, client, { host });
  const ec2 = <T>(command: string): Promise<T> => cli<T & {}>(`ec2 ${command}`);
  const script = file('hello.sh', '#!/bin/sh\necho hello\n');
  const options = `--user-data file://${script} --tag-specifications ResourceType=instance,Tags=[{Key=Name,Value=web}]`;
  const launch = `run-instances --image-id ${microImage(host)} --instance-type t3.micro ${options}`;
  const { Instances } = await ec2<{ Instances: Shown[] }>(launch);
  const id = Instances[0]?.InstanceId ?? '';
  await ec2(`wait instance-running --instance-ids ${id}`);
  await ec2(`wait instance-status-ok --instance-ids ${id}`);
  const named = await ec2<string[]>(
    'describe-instances --filters Name=tag:Name,Values=web --query Reservations[].Instances[].InstanceId',
  );
  assert.deepEqual(named, [id]);
  const kept = await ec2<{ UserData: { Value: string } }>(
    `describe-instance-attribute --instance-id ${id} --attribute userData`,
  );
  assert.equal(Buffer.from(kept.UserData.Value, 'base64').toString(), '#!/bin/sh\necho hello\n');
  await ec2(`stop-instances --instance-ids ${id}`);
  await ec2(`wait instance-stopped --instance-ids ${id}`);
  await ec2(`modify-instance-attribute --instance-id ${id} --instance-type Value=t3.small`);
  await ec2(`start-instances --instance-ids ${id}`);
  await ec2(`wait instance-running --instance-ids ${id}`);
  assert.equal(host.machines.machines.get(id)?.spec.memoryMiB, 2048);
  await ec2(`terminate-instances --instance-ids ${id}`);
  await ec2(`wait instance-terminated --instance-ids ${id}`);
  assert.equal(host.machines.machines.size, 0);
}

testClients('an instance is launched, made larger, and terminated', launchAndEnd);
