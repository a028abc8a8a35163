/** Who may launch, what is told of it, and what is left of an account. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import {
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { cloudWithHost, launchOne } from '#test/sdk/ec2-host.ts';
import { newUser, operate } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { until } from '#test/until.ts';

test('who launches needs permission on all that a launch touches, and policies can say which', async (t) => {
  const { c, image } = await cloudWithHost(t);
  const user = await newUser(c, 'anna');
  const ec2 = c.client(EC2Client, { credentials: user.credentials });
  const run = (InstanceType: 't3.micro' | 't3.large', more: Partial<RunInstancesCommandInput> = {}) =>
    ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType, MinCount: 1, MaxCount: 1, ...more }));
  await assert.rejects(run('t3.micro'), refusal('UnauthorizedOperation'));
  const small = { StringEquals: { 'ec2:InstanceType': 't3.micro' } };
  const Action = 'ec2:RunInstances';
  const others = ['image', 'subnet', 'network-interface', 'security-group', 'volume', 'key-pair'];
  await user.allow(
    { Effect: 'Allow', Action, Resource: 'arn:aws:ec2:*:*:instance/*', Condition: small },
    { Effect: 'Allow', Action, Resource: others.map((noun) => `arn:aws:ec2:*:*:${noun}/*`) },
  );
  const { Instances = [] } = await run('t3.micro');
  const id = Instances[0]?.InstanceId ?? '';
  await assert.rejects(run('t3.large'), refusal('UnauthorizedOperation'));
  const TagSpecifications = [{ ResourceType: 'instance' as const, Tags: [{ Key: 'Team', Value: 'a' }] }];
  await assert.rejects(run('t3.micro', { TagSpecifications }), refusal('UnauthorizedOperation', /ec2:CreateTags/));
  await assert.rejects(
    ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })),
    refusal('UnauthorizedOperation'),
  );
  await user.allow({
    Effect: 'Allow',
    Action: 'ec2:TerminateInstances',
    Resource: '*',
    Condition: { StringEquals: { 'ec2:InstanceType': 't3.micro', 'ec2:MetadataHttpTokens': 'required' } },
  });
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
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
